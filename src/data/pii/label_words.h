// The words that labels.h looks for.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/pii/labels.h"

namespace malmoi::data {

struct LabelWords {
  Label label;
  std::vector<std::u32string> words;
};

/// Those of labels.txt, folded as FoldedText is. Words of ASCII letters count only as whole words.
std::span<const LabelWords> label_words();

}  // namespace malmoi::data
