// How near outputs are to what was wanted: what training and evaluation tell alike.
#pragma once

#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/bleu.h"
#include "metrics/chrf.h"

namespace malmoi::app {

constexpr std::string_view kOutputFigures[] = {"bleu", "bleu_char", "chrf"};

/// By kOutputFigures: BLEU (13a), BLEU by characters, which is what Korean is compared by, and chrF; 0 to 100.
inline std::vector<std::pair<std::string, double>> output_figures(
    const std::vector<std::string>& outputs, const std::vector<std::vector<std::string>>& references) {
  const double figures[] = {metrics::bleu(outputs, references).score,
                            metrics::bleu(outputs, references, {.words = metrics::WordRule::kChar}).score,
                            metrics::chrf(outputs, references)};
  std::vector<std::pair<std::string, double>> named;
  for (size_t i = 0; i < std::size(kOutputFigures); ++i) named.emplace_back(kOutputFigures[i], figures[i]);
  return named;
}

}  // namespace malmoi::app
