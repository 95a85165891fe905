// Pairs of paragraphs out of two trees of documents that say the same in two languages, under the same names.
//
// Documents of one name are aligned where both have as many paragraphs: the n-th with the n-th. What is the same on both sides is not
// translated, and no pair; what stood before does not stand again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "data/readers/reader.h"

namespace malmoi::data {

struct PairOptions {
  size_t least_characters = 2;    // of each side
  size_t most_characters = 1000;  // of each side
  double largest_ratio = 6;       // of the longer side's bytes to the shorter's: what is more is no translation
};

struct TextPair {
  std::string source, target;
  std::string name;  // of the documents, and the paragraph's number
};

struct PairReport {
  uint64_t documents = 0;                              // of one name in both trees
  uint64_t unaligned = 0;                              // of these: with another number of paragraphs
  uint64_t alone = 0;                                  // documents that one tree has alone
  uint64_t paragraphs = 0;                             // of those aligned
  uint64_t untranslated = 0, repeated = 0, unfit = 0;  // left out: the same on both sides, seen before, by length
  uint64_t pairs = 0;
};

using PairSink = std::function<Status(TextPair&& pair)>;

/// Documents are read as `malmoi data build` reads them, whole pages of HTML. Errors: a folder that is not there, nothing in
/// common, those of `sink`.
Result<PairReport> align_trees(const Path& source, const Path& target, const PairOptions& options,
                               const OnSkip& on_skip, const PairSink& sink);

}  // namespace malmoi::data
