// A vocabulary cut down to what a corpus uses, so that a text that uses only tokens that stay is cut into the same tokens as before.
//
// What stays: added and special tokens, those that configs name, the bytes (of the byte alphabet, or <0x00> to <0xFF>), what the corpus
// uses, and, of BPE, what each of these is merged from: the symbols of its merges, in the order of rank, over the characters of the piece
// alone. These are the merges that made it in any text, since within the borders of a token no other pair was ever merged before.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "reshape/tokenizer_json.h"

namespace malmoi::reshape {

struct TrimRule {
  int64_t size = 0;        // of the vocabulary, at most; 0: no limit
  uint64_t min_count = 1;  // a token that the corpus has less often goes
};

struct TrimmedVocabulary {
  Json tokenizer;             // the tokenizer.json
  std::vector<int32_t> kept;  // the old id of each new one, in order
  int64_t in_use = 0;         // tokens that the corpus has
  int64_t parts = 0;          // that stay since others are merged from them
};

/// `counts`: how often the corpus has each id. `named`: ids that must stay beside those that the tokenizer itself names. Errors: a size
/// that what must stay does not fit into, a vocabulary that read_tokens refuses.
Result<TrimmedVocabulary> trim_vocabulary(const Json& tokenizer, std::span<const uint64_t> counts,
                                          std::span<const int32_t> named, const TrimRule& rule,
                                          const std::string& where);

/// Of each id the two that it is merged from last, or {-1, -1}: it is a symbol of its own, or nothing makes it.
std::vector<std::pair<int32_t, int32_t>> merged_from(const Json& tokenizer, const TokenTable& table);

/// The new id of each old one; -1: it is gone.
std::vector<int32_t> new_ids(std::span<const int32_t> kept, size_t old_size);

}  // namespace malmoi::reshape
