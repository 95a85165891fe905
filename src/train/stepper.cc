#include "train/stepper.h"

#include <cmath>

#include "kernels/gemm.h"
#include "model/registry.h"

namespace malmoi::train {

using autograd::Var;
namespace {

// Dropouts of one micro-batch draw from streams of their own.
constexpr uint64_t kStreamsPerMicroBatch = 1 << 16;

// Program, libraries and their tables, as measured on Linux with glibc; prepared products come on top.
constexpr size_t kProcessBytes = 30 << 20;

}  // namespace

Result<Stepper> Stepper::create(model::Model& model, Optimizer& optimizer, const StepperOptions& options) {
  Stepper stepper;
  stepper.model_ = &model;
  stepper.optimizer_ = &optimizer;
  stepper.options_ = options;
  MALMOI_ASSIGN(Arena arena, Arena::create(options.arena_bytes));
  stepper.arena_ = std::make_unique<Arena>(std::move(arena));
  stepper.pool_ = std::make_unique<StoragePool>();
  stepper.tape_ = std::make_unique<autograd::Tape>();
  stepper.context_ = std::make_unique<autograd::Context>();
  autograd::Context& c = *stepper.context_;
  c.arena = stepper.arena_.get();
  c.pool = stepper.pool_.get();
  c.dtype = model.dtype();
  c.checkpointing = options.checkpointing;
  c.seed = options.seed;
  c.kernels = &kernels::kernels();
  return stepper;
}

StepResult Stepper::step(int64_t count, const Fill& fill, uint64_t micro_index, int64_t update, double lr) {
  // All targets of the step are counted before the first gradient is made: each weighs 1 / counted.
  if (static_cast<int64_t>(micro_.size()) < count) micro_.resize(static_cast<size_t>(count));
  int64_t counted = 0;
  for (int64_t i = 0; i < count; ++i) {
    micro_[static_cast<size_t>(i)].clear();
    fill(i, micro_[static_cast<size_t>(i)]);
    counted += micro_[static_cast<size_t>(i)].counted;
  }
  for (const auto& p : model_->parameters()) p->grad_ready = false;
  double loss_sum = 0;
  autograd::Context& c = *context_;
  c.tape = tape_.get();
  c.training = true;
  c.int8_products = options_.int8_products;
  for (int64_t i = 0; i < count; ++i) {
    const MicroBatch& micro = micro_[static_cast<size_t>(i)];
    if (micro.counted == 0) continue;
    c.stream = (micro_index + static_cast<uint64_t>(i)) * kStreamsPerMicroBatch;
    nn::Batch batch = micro.batch.batch();
    Var hidden = model_->hidden(c, batch);
    autograd::HeadLoss loss = model_->loss(c, hidden,
                                           {.targets = micro.targets,
                                            .scale = 1.0 / static_cast<double>(counted),
                                            .label_smoothing = options_.label_smoothing,
                                            .z_weight = options_.z_weight});
    hidden = {};
    loss_sum += loss.sum;
    tape_->backward(c);
    tape_->clear();
  }
  c.tape = nullptr;
  c.training = false;
  c.int8_products = false;
  return finish(loss_sum, counted, update, lr);
}

StepResult Stepper::finish(double loss_sum, int64_t counted, int64_t update, double lr) {
  StepResult result{.loss = counted > 0 ? loss_sum / static_cast<double>(counted) : 0, .counted = counted};
  double squares = 0;
  context_->run("gradient norm", 0, [&] {
    for (const auto& p : model_->parameters()) {
      if (p->trainable && p->grad_ready)
        squares += context_->kernels->sum_of_squares(p->grad.as<float>(), p->grad.elements());
      else if (p->trainable) p->accumulated_grad();  // nothing reached it: its gradient is zero
    }
  });
  result.grad_norm = std::sqrt(squares);
  result.spike = result.loss > limits_.loss && result.grad_norm > limits_.grad_norm;
  if (counted == 0 || !std::isfinite(result.loss) || !std::isfinite(result.grad_norm) || result.spike) {
    result.skipped = true;
    return result;
  }
  double scale = options_.grad_clip > 0 ? std::min(1.0, options_.grad_clip / (result.grad_norm + 1e-6)) : 1.0;
  context_->run("optimizer", 0, [&] { optimizer_->update({.update = update, .lr = lr, .grad_scale = scale}); });
  return result;
}

EvalResult Stepper::evaluate(const MicroBatch& micro) {
  autograd::Context& c = *context_;
  Var hidden = model_->hidden(c, micro.batch.batch());
  autograd::HeadLoss loss = model_->loss(c, hidden, {.targets = micro.targets});
  return {loss.sum, loss.counted};
}

MemoryPlan plan_memory(const model::Model& model, DType dtype, const OptimizerConfig& optimizer, int64_t batch_size,
                       int64_t sequence_length, autograd::Checkpointing checkpointing) {
  MemoryPlan plan;
  // A twin of the model without memory: the rehearsal must not touch the real one's gradients.
  ConfigDocument document;
  document.root = model.config();
  auto made = model::make_model(document, document.root);
  if (!made.ok()) return plan;
  model::Model& twin = **made;
  twin.allocate(model::Purpose::kRehearsal, dtype);
  for (auto& p : twin.parameters()) {
    auto n = static_cast<size_t>(p->shape.elements());
    plan.weights += 4 * n + (p->compute.dtype() == DType::kBF16 ? 2 * n : 0);
    plan.gradients += 4 * n;
    plan.optimizer += 4 * n * static_cast<size_t>(optimizer_entry(optimizer.name).state_arrays);
    p->grad = Tensor::view(reinterpret_cast<void*>(uintptr_t{64}), DType::kF32, p->shape);
    p->grad_ready = true;
  }
  Arena arena = Arena::rehearsal();
  StoragePool pool;
  autograd::Tape tape;
  autograd::Context c;
  c.arena = &arena;
  c.pool = &pool;
  c.tape = &tape;
  c.dtype = dtype;
  c.training = true;
  c.checkpointing = checkpointing;
  c.kernels = &kernels::kernels();
  MicroBatch micro;
  std::vector<int32_t> row(static_cast<size_t>(sequence_length), 0);
  for (int64_t b = 0; b < batch_size; ++b) micro.batch.add(row);
  micro.targets.assign(static_cast<size_t>(batch_size * sequence_length), 0);
  Var hidden = twin.hidden(c, micro.batch.batch());
  twin.loss(c, hidden, {.targets = micro.targets});
  hidden = {};
  tape.backward(c);
  tape.clear();
  plan.activations = arena.peak();
  plan.process = kProcessBytes;
  return plan;
}

}  // namespace malmoi::train
