// BLEU (Papineni et al. 2002) with sacreBLEU's conventions (Post 2018).
//
//   BLEU = 100 min(1, e^(1 - r / c)) exp(mean over n of log p_n)
//
// p_n: the share of the hypotheses' n-grams that a reference has, each no more often than the one that has it most; c, r: words of
// the hypotheses, and of the references closest in length.
#pragma once

#include <string>
#include <vector>

#include "metrics/words.h"

namespace malmoi::metrics {

enum class Smoothing { kExp, kFloor, kAddK, kNone };

struct BleuOptions {
  WordRule words = WordRule::k13a;
  bool lowercase = false;
  Smoothing smoothing = Smoothing::kExp;
  double smooth_value = 0.1;  // of kFloor (sacreBLEU's default 0.1) and kAddK (1)
  int max_order = 4;
  bool effective_order = false;  // orders that a short hypothesis has not are left out: for single sentences
};

struct BleuScore {
  double score = 0;  // 0 to 100
  double brevity_penalty = 0;
  std::vector<double> precisions;  // of each order, 0 to 100
  std::vector<int64_t> counts, totals;
  int64_t hypothesis_length = 0, reference_length = 0;
};

/// Of all hypotheses together; `references[i]`: those of hypotheses[i], at least one. Requires valid UTF-8.
BleuScore bleu(const std::vector<std::string>& hypotheses, const std::vector<std::vector<std::string>>& references,
               const BleuOptions& options = {});

}  // namespace malmoi::metrics
