// Models: the pieces of a text to ids.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/pattern/pattern.h"
#include "tokenizer/pipeline/text.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {

class WordNormalizer;

/// A token of one piece: bytes [begin, end) of the piece.
struct Token {
  int32_t id;
  uint32_t begin, end;
};

/// Immutable and thread-safe; caches are per thread and bounded. A piece is never empty and is valid UTF-8 unless the
/// model says `takes_bytes`.
class Model {
 public:
  virtual ~Model() = default;
  /// Appends the tokens of one piece.
  virtual void tokenize(std::string_view piece, std::vector<Token>& tokens) const = 0;
  /// Appends the ids alone; faster where a model has a shorter way.
  virtual void encode(std::string_view piece, std::vector<int32_t>& ids) const;
  /// Appends the ids of a text cut by a pattern that covers everything: the same as `encode` of each piece, faster where a
  /// model can look ahead.
  virtual void encode_cut(std::string_view text, const Pattern& pattern, std::vector<int32_t>& ids) const;
  /// Appends the ids of a text that is still to be normalised by `words`, from what is remembered of its words; false, and
  /// nothing appended, where this text needs to be normalised as a whole.
  virtual bool encode_by_words(std::string_view /*text*/, const WordNormalizer& /*words*/,
                               std::vector<int32_t>& /*ids*/) const {
    return false;
  }
  /// Whether the vocabulary is spelled in the byte alphabet and the model wants the raw bytes of a piece.
  virtual bool takes_bytes() const { return false; }
  /// Told once before use that pieces come from a byte-level pre-tokenizer (raw bytes).
  virtual void expect_bytes() {}

  /// The pieces as the file spells them.
  virtual const Vocabulary& vocabulary() const = 0;
  virtual std::optional<int32_t> unk_id() const { return std::nullopt; }
  /// The name of tokenizer.json's model type: BPE, Unigram, WordPiece, WordLevel, or a library-specific one.
  virtual std::string_view type() const = 0;
  virtual Status write_json(std::string& out) const = 0;
};

/// From the JSON of tokenizer.json's "model".
Result<std::unique_ptr<Model>> model_from_json(std::string_view json, std::string_view where);

}  // namespace malmoi::tokenizer
