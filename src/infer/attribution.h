// What each token of a text adds to a label: integrated gradients (Sundararajan, Taly & Yan 2017).
//
//   share(t) = (x_t - b_t) . mean over alpha of d F(b + alpha (x - b)) / d x_t
//
// F is the label's logit (a probability saturates, and then nothing has a share), x are the words' embeddings, b those of the
// same text with `baseline` for each token of it. The shares add up to F(x) - F(b), but for the error of the mean over finitely
// many alphas: the gap.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "model/model.h"

namespace malmoi::infer {

struct AttributionOptions {
  int32_t label = 0;
  int32_t baseline = 0;  // the token that stands for nothing: padding or the mask
  int64_t steps = 32;    // alphas, at the middles of equal parts of [0, 1]; doubled while the gap is too large
  int64_t most_steps = 512;
  double largest_gap = 0.05;  // of the difference
};

struct Attribution {
  std::vector<double> shares;  // of each id
  double difference = 0;       // F(x) - F(b)
  double gap = 0;              // |difference - the sum of the shares|
  int64_t steps = 0;           // that were taken
};

/// Of a classifier whose weights are read in f32. `is_text`: tokens that the baseline replaces; the others (marks around a
/// text) stay and have no share. Errors: a model that gives no labels, or whose words are not looked up in a table.
Result<Attribution> attribute(model::Model& model, std::span<const int32_t> ids, std::span<const int32_t> token_types,
                              const std::vector<bool>& is_text, const AttributionOptions& options);

}  // namespace malmoi::infer
