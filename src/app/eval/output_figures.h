// How near outputs are to what was wanted: what training and evaluation tell alike.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "metrics/bleu.h"
#include "metrics/chrf.h"

namespace malmoi::app {

/// BLEU (13a), BLEU by characters, which is what Korean is compared by, and chrF; 0 to 100.
inline std::vector<std::pair<std::string, double>> output_figures(
    const std::vector<std::string>& outputs, const std::vector<std::vector<std::string>>& references) {
  return {{"bleu", metrics::bleu(outputs, references).score},
          {"bleu_char", metrics::bleu(outputs, references, {.words = metrics::WordRule::kChar}).score},
          {"chrf", metrics::chrf(outputs, references)}};
}

}  // namespace malmoi::app
