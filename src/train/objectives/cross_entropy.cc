#include "train/objectives/cross_entropy.h"

#include <algorithm>

#include "autograd/router_balance.h"
#include "autograd/tape.h"

namespace malmoi::train {

Counts CrossEntropy::count(const Examples& examples) const {
  auto counted = std::count_if(examples.targets.begin(), examples.targets.end(), [](int32_t t) { return t >= 0; });
  return {.terms = counted, .tokens = examples.tokens()};
}

LossSums CrossEntropy::accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                                  const Counts& whole) const {
  ModelInput input(examples);  // blocks that run again in the backward pass read it
  autograd::RouterBalance balance;
  const bool learns = context.tape != nullptr;  // what only helps to learn is no part of what is measured
  const bool balanced = learns && model.router_balance > 0;
  if (balanced) {
    balance.begin(input.batch().key_mask);
    context.balance = &balance;
  }
  autograd::Var hidden = model.backbone->forward(context, input.batch());
  autograd::Var features = model.head->features(context, std::move(hidden), input.batch());
  double share = 1.0 / static_cast<double>(std::max<int64_t>(whole.terms, 1));
  autograd::HeadLoss loss = model.loss(context, std::move(features),
                                       {.targets = examples.targets,
                                        .scale = share,
                                        .label_smoothing = learns ? options_.label_smoothing : 0,
                                        .z_weight = learns ? options_.z_weight : 0,
                                        .count_correct = options_.accuracy});
  LossSums sums{.loss = loss.sum * share};
  if (balanced) {
    // Part by part, as the authors do: each weighs by its tokens.
    double part = static_cast<double>(examples.tokens()) / static_cast<double>(whole.tokens);
    double router_loss = part * balance.loss(model.router_balance * part);
    sums.loss += model.router_balance * router_loss;
    sums.figures.push_back({"router_balance", router_loss});
  }
  if (learns) context.tape->backward(context);
  context.balance = nullptr;
  if (options_.accuracy) sums.figures.push_back({"accuracy", static_cast<double>(loss.correct) * share});
  return sums;
}

void CrossEntropy::append_rehearsal(int64_t batch, int64_t length, Examples& out) const {
  const std::vector<int32_t> row(static_cast<size_t>(length), 0);
  for (int64_t b = 0; b < batch; ++b) {
    out.input.add(row);
    out.targets.insert(out.targets.end(), row.begin(), row.end());
  }
}

}  // namespace malmoi::train
