// chrF and chrF++ (Popović 2015, 2017) with sacreBLEU's conventions.
//
//   chrF = 100 (1 + beta^2) P R / (beta^2 P + R)
//
// P and R: precision and recall of n-grams of characters (and words), averaged over the orders that both sides have.
#pragma once

#include <string>
#include <vector>

namespace malmoi::metrics {

struct ChrfOptions {
  int char_order = 6, word_order = 0;  // word_order 2: chrF++
  double beta = 2;
  bool lowercase = false;
  bool whitespace = false;  // counts as a character
};

/// Of all hypotheses together, 0 to 100; of several references of one the best counts. Requires valid UTF-8.
double chrf(const std::vector<std::string>& hypotheses, const std::vector<std::vector<std::string>>& references,
            const ChrfOptions& options = {});

}  // namespace malmoi::metrics
