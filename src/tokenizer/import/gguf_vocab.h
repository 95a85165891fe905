// The tokenizer in the metadata of a GGUF file, read and interpreted as llama.cpp does (src/llama-vocab.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "tokenizer/import/sentencepiece_proto.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {

/// What a token is; several may hold at once, because llama.cpp overrides some types by the token's text.
struct GgufAttributes {
  bool normal = false, unknown = false, control = false, user_defined = false, unused = false, byte = false;
  bool lstrip = false, rstrip = false;  // swallows the white space before, after it
};

struct GgufToken {
  std::string text;
  float score = 0;
  GgufAttributes as;                    // as llama.cpp takes it
  PieceKind kind = PieceKind::kNormal;  // as the file says
};

/// How a BPE vocabulary cuts text, by the name in `tokenizer.ggml.pre`. Patterns are used one after another; what they do
/// not match stands alone too.
struct PreType {
  std::vector<std::string> llama_cpp;  // llama.cpp's patterns
  std::vector<std::string> original;   // the ones they stand for; empty: the same
  bool clean_spaces = true;            // decoding drops spaces before punctuation
  bool ignore_merges = false;
  bool add_bos = false;
  bool nfc = false;                 // the original composes its text first
  bool escape_whitespaces = false;  // spaces are U+2581, bytes <0xNN>: SentencePiece's spelling in a BPE vocabulary
  bool plain_text = false;          // spelled as the text is, bytes <0xNN>
};

struct GgufVocab {
  enum class Kind { kSpm, kBpe, kWpm, kUgm };  // "llama", "gpt2" and its kin, "bert", "t5"
  Kind kind = Kind::kSpm;
  std::string pre;
  std::vector<GgufToken> tokens;
  std::vector<std::pair<int32_t, int32_t>> merges;  // BPE
  std::string charsmap;                             // UGM
  int32_t bos = -1, eos = -1, unk = -1, sep = -1, pad = -1, mask = -1;
  bool add_bos = false, add_eos = false, add_sep = false;
  bool add_space_prefix = false, remove_extra_whitespaces = false, clean_spaces = false;
  bool lowercase = true, strip_accents = true;  // WPM; the first, of BPE that drops white space, too
  bool drops_whitespace = false;                // BPE: the model "whitespace"
  PreType pre_type;                             // BPE
  std::string chat_template;

  Vocabulary ids;  // text -> id

  /// The id of a text; -1 where there is none.
  int32_t find(std::string_view text) const { return ids.find_id(text); }
};

/// Errors name the file and the key: no tokenizer, a model or pre-tokenizer that is not known, arrays of different
/// lengths, tokens given twice.
Result<GgufVocab> read_gguf_vocab(const formats::Gguf& file);

/// The pre-tokenizer of a name; nothing where it is not known.
const PreType* find_pre_type(std::string_view name);
/// All names, for messages and tests.
std::vector<std::string_view> pre_type_names();

}  // namespace malmoi::tokenizer
