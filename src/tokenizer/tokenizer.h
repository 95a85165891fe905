// The tokenizer that the rest of Malmoi uses: text to ids and back, whatever file it came from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::tokenizer {

/// Which library's behaviour a GGUF tokenizer reproduces; `kDefault` is llama.cpp's except BERT's normalisation and
/// mpt's NFC, which follow the original.
enum class Compat { kDefault, kOriginal, kLlamaCpp };

struct EncodeOptions {
  bool add_special = false;   // what the tokenizer puts around a text (BOS, [CLS] ...)
  bool parse_special = true;  // special tokens written in the text are recognised
};

/// One encoded text (or pair). All vectors have one length. Offsets are code points of the original text, half open;
/// of a pair, of the text that the token came from. Tokens that come from no text have (0, 0).
struct Encoding {
  std::vector<int32_t> ids;
  std::vector<std::pair<uint32_t, uint32_t>> offsets;
  std::vector<int32_t> type_ids;
  std::vector<int32_t> attention_mask;
  std::vector<int32_t> special_tokens_mask;
  std::vector<int8_t> sequence_ids;  // the text that a token came from: 0, of a pair also 1; -1: none
};

/// Immutable after loading; every const member may be called from many threads at once.
class Tokenizer {
 public:
  /// PATH: a folder with tokenizer.json, tokenizer.model, *.tiktoken beside pattern.json, tekken.json or vocab.txt; or
  /// such a file; or a .gguf. Errors name the file and the offset or key.
  static Result<Tokenizer> load(const Path& path, Compat compat = Compat::kDefault);
  /// From the text of a tokenizer.json, and that of the tokenizer_config.json beside it; empty: none. `where` names it in errors.
  static Result<Tokenizer> from_json(std::string_view json, std::string where = "tokenizer.json",
                                     std::string config = {});
  /// One token a character of `text`, in code point order; no unknown token: other characters are dropped.
  static Result<Tokenizer> characters(std::string_view text);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// The ids of a text. Bytes that are not UTF-8 count as U+FFFD where the model works on characters.
  std::vector<int32_t> encode(std::string_view text, EncodeOptions options = {}) const;
  /// With offsets, types and masks; truncated and padded as the file says. Of a text of more than 1 GiB, the first GiB.
  Encoding encode_full(std::string_view text, EncodeOptions options = {}) const;
  Encoding encode_pair(std::string_view first, std::string_view second, EncodeOptions options = {}) const;

  /// The text of ids; bytes that are not UTF-8 become U+FFFD as the tokenizer's own rules or Python's errors="replace"
  /// have it. Ids outside the vocabulary are skipped.
  std::string decode(std::span<const int32_t> ids, bool skip_special = false) const;
  /// The bytes that one token stands for in the middle of a text, by the model's own decoder; for stop strings, streams,
  /// the alternatives' table. Empty for ids outside the vocabulary.
  std::string token_bytes(int32_t id) const;
  /// The entry of the vocabulary as the file spells it; empty for ids outside it.
  std::string piece(int32_t id) const;
  std::optional<int32_t> id_of(std::string_view piece) const;
  bool is_special(int32_t id) const;

  /// One more than the largest id.
  int32_t vocab_size() const;
  std::optional<int32_t> bos_id() const;
  std::optional<int32_t> eos_id() const;
  std::optional<int32_t> unk_id() const;
  std::optional<int32_t> pad_id() const;

  /// Writes tokenizer.json and tokenizer_config.json (which `AutoTokenizer` opens) into a folder.
  Status save(const Path& folder) const;

  /// Everything inside, for the importers, trainers and exporters of this folder.
  struct Parts;
  explicit Tokenizer(std::unique_ptr<Parts> parts);
  const Parts& parts() const { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

/// Decodes a stream of ids: `push` returns the text that is now certain; never half a character. For one thread;
/// `tokenizer` must outlive it.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true);
  std::string push(int32_t id);
  /// What is left (an unfinished character becomes U+FFFD).
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  std::vector<int32_t> ids_;
  size_t prefix_ = 0, read_ = 0;
};

}  // namespace malmoi::tokenizer
