// FineWeb's own rules on lines, shared by the English and the Korean configuration.
#pragma once

#include <string_view>
#include <vector>

#include "data/filters/filter_common.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {

/// Published limits (Penedo et al., "The FineWeb Datasets", 2024). A limit of 1 (or 0 for `line_punctuation`) leaves a rule out.
struct FineWebLimits {
  double line_punctuation = 0.12;  // lines that end a sentence, at least
  double short_lines = 0.67;       // lines of at most short_length characters
  double short_length = 30;
  double repeated_characters = 0.01;  // in lines that stand earlier
  double new_lines = 0.3;             // line breaks a word

  void read(ConfigReader& settings);
};

Verdict check_fineweb(std::string_view text, const std::vector<Token>& tokens, const FineWebLimits& limits,
                      std::string_view filter);

}  // namespace malmoi::data
