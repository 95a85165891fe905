#include "train/stepper.h"

#include <algorithm>
#include <cmath>

#include "base/temporarily.h"
#include "kernels/kernels.h"

namespace malmoi::train {
namespace {

// Dropouts of one micro-batch draw from streams of their own.
constexpr uint64_t kStreamsPerMicroBatch = 1 << 16;
// Added to the norm that clipping divides by, as published frameworks have it.
constexpr double kClipEpsilon = 1e-6;

}  // namespace

Result<Stepper> Stepper::create(model::Model& model, const Objective& objective, Optimizer& optimizer,
                                const StepperOptions& options) {
  Stepper stepper;
  stepper.model_ = &model;
  stepper.objective_ = &objective;
  stepper.optimizer_ = &optimizer;
  stepper.trained_ = trainable_entries(model);
  stepper.options_ = options;
  MALMOI_ASSIGN(Arena arena, Arena::create(options.arena_bytes));
  stepper.arena_ = std::make_unique<Arena>(std::move(arena));
  stepper.pool_ = std::make_unique<StoragePool>();
  stepper.stream_ = std::make_unique<Stream>();
  stepper.tape_ = std::make_unique<autograd::Tape>();
  stepper.context_ = std::make_unique<autograd::Context>();
  autograd::Context& c = *stepper.context_;
  c.arena = stepper.arena_.get();
  c.pool = stepper.pool_.get();
  c.stream = stepper.stream_.get();
  c.backend = &kernels::cpu_backend();
  c.dtype = model.dtype();
  c.checkpointing = options.checkpointing;
  c.seed = options.seed;
  c.whole_rows = true;  // what is compared with a step is computed as steps are
  return stepper;
}

StepResult Stepper::step(int64_t count, const Fill& fill, uint64_t micro_index, int64_t update, double lr) {
  // All that counts in the step is known before the first gradient is made: each weighs the same.
  if (static_cast<int64_t>(micro_.size()) < count) micro_.resize(static_cast<size_t>(count));
  Counts counts;
  int64_t last = -1;  // with something that counts
  for (int64_t i = 0; i < count; ++i) {
    Examples& micro = micro_[static_cast<size_t>(i)];
    micro.clear();
    fill(i, micro);
    Counts part = objective_->count(micro);
    counts += part;
    if (part.terms > 0) last = i;
  }
  counts.baseline = prepare(std::span<const Examples>(micro_).first(static_cast<size_t>(count)));
  for (Entry* entry : trained_) entry->parameter.grad_ready = false;
  LossSums sums;
  autograd::Context& c = *context_;
  c.tape = tape_.get();
  c.training = true;
  c.int8_products = options_.int8_products;
  for (int64_t i = 0; i < count; ++i) {
    const Examples& micro = micro_[static_cast<size_t>(i)];
    if (objective_->count(micro).terms == 0) {
      if (micro.input.carried()) read_on(micro, counts);
      continue;
    }
    c.random_stream = (micro_index + static_cast<uint64_t>(i)) * kStreamsPerMicroBatch;
    tape_->on_final_gradient(i == last ? sink_ : nullptr);
    sums += objective_->accumulate(c, *model_, micro, counts);
    tape_->clear();
  }
  c.tape = nullptr;
  c.training = false;
  c.int8_products = false;
  return finish(sums, counts, update, lr);
}

void Stepper::read_on(const Examples& examples, const Counts& whole) {
  const Temporarily untaped(context_->tape, nullptr);
  objective_->accumulate(*context_, *model_, examples, whole);
}

double Stepper::gradient_norm() {
  double squares = 0;
  for (const Entry* entry : trained_) {
    const Parameter& p = entry->parameter;
    if (!p.grad_ready) continue;
    context_->run("gradient norm", 0, &kernels::Backend::sum_of_squares,
                  {.n = p.grad.elements(), .x = p.grad.as<float>(), .sum = &squares});
  }
  return std::sqrt(squares);
}

StepResult Stepper::finish(const LossSums& sums, const Counts& counts, int64_t update, double lr) {
  StepResult result{.loss = sums.loss, .grad_norm = gradient_norm(), .counts = counts, .figures = sums.figures};
  result.spike = result.loss > limits_.loss && result.grad_norm > limits_.grad_norm;
  if (counts.terms == 0 || !std::isfinite(result.loss) || !std::isfinite(result.grad_norm) || result.spike) {
    result.skipped = true;
    return result;
  }
  double scale = options_.grad_clip > 0 ? std::min(1.0, options_.grad_clip / (result.grad_norm + kClipEpsilon)) : 1.0;
  context_->step("optimizer", 0, [&] { optimizer_->update({.update = update, .lr = lr, .grad_scale = scale}); });
  context_->step("round weights", 0, [&] { model_->parameters.refresh_rounded(); });
  return result;
}

double Stepper::prepare(std::span<const Examples> parts) const {
  return objective_->prepare(*context_, *model_, parts);
}

LossSums Stepper::evaluate(const Examples& examples, const Counts& whole) {
  return objective_->accumulate(*context_, *model_, examples, whole);
}

}  // namespace malmoi::train
