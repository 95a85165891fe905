// The word files of this folder (word_file.h) as the detectors compare them: folded, in order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data {

enum class PiiFile { kLabels, kRegions, kAddresses };  // labels.txt, regions.txt, addresses.txt

/// One section, each entry as FoldedText has it; in the order of the file.
std::vector<std::u32string> folded_words(PiiFile file, std::string_view section);

/// A section to look words up in.
class FoldedWords {
 public:
  FoldedWords(PiiFile file, std::string_view section);
  bool has(std::u32string_view word) const;
  const std::vector<std::u32string>& all() const { return words_; }

 private:
  std::vector<std::u32string> words_;  // sorted
};

}  // namespace malmoi::data
