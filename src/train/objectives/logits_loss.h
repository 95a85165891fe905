// Losses of the logits themselves, for heads of so few outputs that their logits may stand in memory at once.
#pragma once

#include "train/objective.h"

namespace malmoi::train {

class LogitsLoss : public Objective {
 public:
  LossSums accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                      const Counts& whole) const override;

 protected:
  /// The same up to the backward pass, until which `batch` must live; loss and gradients are multiplied by `weight`.
  LossSums forward(autograd::Context& context, const model::Model& model, const nn::Batch& batch,
                   const Examples& examples, const Counts& whole, double weight) const;
  /// The examples' share of the means over `whole`. `logits` [rows of the head, outputs] as the head makes them;
  /// `gradient` of the same shape, zero before, takes that of the share.
  virtual LossSums loss(const Examples& examples, const Counts& whole, std::span<const double> logits,
                        std::span<double> gradient) const = 0;
};

}  // namespace malmoi::train
