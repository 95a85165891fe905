#include "train/balanced_pass.h"

#include <algorithm>

namespace malmoi::train {

BalancedPass::BalancedPass(autograd::Context& context, const model::Model& model, const nn::Batch& batch)
    : weight_(context.tape ? model.router_balance : 0), counted_(context.balance, weight_ > 0 ? &balance_ : nullptr) {
  balance_.begin(batch.key_mask);
}

void BalancedPass::add_to(LossSums& sums, const Examples& examples, const Counts& whole) {
  if (weight_ == 0) return;
  // Part by part, as the authors do: each weighs by its tokens.
  const double part = static_cast<double>(examples.tokens()) / static_cast<double>(std::max<int64_t>(whole.tokens, 1));
  const double loss = part * balance_.loss(weight_ * part);
  sums.loss += weight_ * loss;
  sums.figures.push_back({"router_balance", loss});
}

}  // namespace malmoi::train
