// The words by which pages give away what is content and what is not; rules.h applies them.
#pragma once

#include <string_view>
#include <vector>

namespace malmoi::data::html {

enum class WordList {
  kStrongNames,
  kWeakNames,
  kShapeNames,
  kHiddenNames,
  kContentNames,
  kLineStarts,
  kLineParts,
  kSiteSentences,
  kCuttingHeadings,
  kTitleLabels,
  kOtherLabels,
};

/// A list of words.txt, lower-case.
const std::vector<std::string_view>& words(WordList list);

}  // namespace malmoi::data::html
