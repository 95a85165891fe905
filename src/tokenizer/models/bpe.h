// Byte-pair encoding: merges in order of rank, over bytes or characters.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/models/model.h"

namespace malmoi::tokenizer {

struct BpeOptions {
  Vocabulary vocabulary;  // as the file spells it (byte-level: in the byte alphabet)
  /// Pairs of ids, most important first; each makes the piece that is their concatenation (the right one without the
  /// continuing prefix), which must be in the vocabulary.
  std::vector<std::pair<int32_t, int32_t>> merges;
  std::string unk_token;
  std::string continuing_subword_prefix;
  std::string end_of_word_suffix;
  bool fuse_unk = false;
  bool byte_fallback = false;
  bool ignore_merges = false;  // a whole piece that is in the vocabulary is its token
  double dropout = 0;          // kept for the file; encoding is deterministic and ignores it
  /// tiktoken's rule: no merge list; any two neighbours whose concatenation is in the vocabulary merge, lowest id
  /// (rank) first, and a whole piece in the vocabulary is its token. Vocabulary in the byte alphabet, `merges` empty.
  bool merge_by_id = false;
};

/// Errors name a merge whose piece is missing.
Result<std::unique_ptr<Model>> make_bpe(BpeOptions options, std::string_view where);
/// Appends the "model" of a tokenizer.json.
Status write_bpe_json(const BpeOptions& options, std::string& out);

}  // namespace malmoi::tokenizer
