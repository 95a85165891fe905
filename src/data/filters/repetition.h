// Repeated lines, paragraphs and n-grams as shares of a text: the rules that Gopher and the Korean filter have in common.
#pragma once

#include <string>
#include <vector>

#include "data/filters/filter_common.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {

/// Limits; a share above one drops the document. An empty list or a limit of 1 leaves a rule out.
struct RepetitionLimits {
  double line = 0.3, paragraph = 0.3, line_characters = 0.2, paragraph_characters = 0.2;
  std::vector<double> top = {0.20, 0.18, 0.16};                         // 2-, 3-, 4-grams
  std::vector<double> repeated = {0.15, 0.14, 0.13, 0.12, 0.11, 0.10};  // 5- to 10-grams

  /// Overrides from settings of the same names.
  void read(ConfigReader& settings);
};

/// `filter` begins the rule's name: `gopher_repetition.line`.
Verdict check_repetition(std::string_view text, const std::vector<Token>& tokens, const RepetitionLimits& limits,
                         std::string_view filter);

}  // namespace malmoi::data
