// The merging of byte-pair encoding: counted words in, the list of merges out, in time linear in what changes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace malmoi::tokenizer {

/// Words as sequences of initial symbols. Symbols are indices into `pieces`, whose order decides ties.
struct BpeCorpus {
  static constexpr uint32_t kSeparator = UINT32_MAX;

  std::vector<std::string> pieces;  // text of each initial symbol, unique
  std::vector<uint32_t> cells;      // words one after another, a kSeparator before, between and after them
  std::vector<uint32_t> word_of;    // for each cell, the index of its word in `counts`
  std::vector<uint64_t> counts;

  /// Starts a word; `push` its symbols; `end_word` takes it back where it is too short to have a pair.
  void begin_word(uint64_t count);
  void push(uint32_t symbol) {
    cells.push_back(symbol);
    word_of.push_back(static_cast<uint32_t>(counts.size() - 1));
  }
  void end_word();
};

struct BpeMerge {
  uint32_t left, right, product;  // indices into the final pieces
  uint64_t count;
};

struct BpeMergeOptions {
  size_t vocab_size = 0;               // stop when so many pieces exist
  uint64_t min_frequency = 0;          // a rarer pair is not merged
  size_t max_piece_length = SIZE_MAX;  // in code points
  std::string continuing_prefix;       // dropped from the right part of a product ("##")
};

/// Merges the most frequent pair (the smaller pair of indices among equals) until `vocab_size` pieces exist or no pair
/// is frequent enough. Appends the products to corpus.pieces and consumes the rest of `corpus`. A product whose text
/// exists already keeps that index and makes no new piece, as in Hugging Face's trainer.
///
/// Every occurrence of a pair is known by its position, so a merge costs what it changes; counts in the heap are
/// corrected when they come up. `progress(done pieces)` returns false to stop early with an error.
Result<std::vector<BpeMerge>> learn_merges(BpeCorpus& corpus, const BpeMergeOptions& options,
                                           const std::function<bool(size_t)>& progress = {});

}  // namespace malmoi::tokenizer
