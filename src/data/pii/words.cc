#include "data/pii/words.h"

#include <algorithm>

#include "data/pii/folded.h"
#include "data/word_file.h"

namespace malmoi::embedded {
extern const std::string_view pii_labels, pii_regions, pii_addresses;
}

namespace malmoi::data {

std::vector<std::u32string> folded_words(PiiFile file, std::string_view section) {
  std::string_view text = file == PiiFile::kLabels    ? embedded::pii_labels
                          : file == PiiFile::kRegions ? embedded::pii_regions
                                                      : embedded::pii_addresses;
  std::vector<std::u32string> words;
  for (std::string_view word : words_of(text, section)) words.push_back(FoldedText(word).chars);
  return words;
}

FoldedWords::FoldedWords(PiiFile file, std::string_view section) : words_(folded_words(file, section)) {
  std::sort(words_.begin(), words_.end());
}

bool FoldedWords::has(std::u32string_view word) const {
  return std::binary_search(words_.begin(), words_.end(), word, std::less<>());
}

}  // namespace malmoi::data
