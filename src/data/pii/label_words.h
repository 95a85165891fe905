// The words that labels.h looks for.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "data/pii/labels.h"

namespace malmoi::data {

struct LabelWords {
  Label label;
  std::initializer_list<std::u32string_view> words;
};

/// Lower-case, as FoldedText has them. Words of ASCII letters count only as whole words.
std::span<const LabelWords> label_words();

}  // namespace malmoi::data
