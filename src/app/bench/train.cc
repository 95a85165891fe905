#include "app/bench/train.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/bench/product_rate.h"
#include "app/train/new_model.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/kernels.h"
#include "model/load.h"
#include "train/optimizer.h"
#include "train/rehearsal.h"
#include "train/stepper.h"

namespace malmoi::app {
namespace {

Result<std::unique_ptr<model::Model>> open_config(const BenchTrainOptions& o) {
  MALMOI_TRY(check_precision(o.precision, "--dtype"));
  MALMOI_ASSIGN(auto model, model::load_config(o.config, train::objective_entry(o.objective).task));
  if (o.sequence_length > model->max_positions())
    return usage_error(fmt::format("is {}, the model has {} positions", o.sequence_length, model->max_positions()),
                       "--seq", "shorten it");
  return model;
}

constexpr double kMaskedShare = 0.15;  // Devlin et al. 2019
int64_t masked_tokens(int64_t tokens) { return static_cast<int64_t>(kMaskedShare * static_cast<double>(tokens)); }

bool is_masked(const BenchTrainOptions& o) { return o.objective == "masked_lm"; }
bool has_outputs(const BenchTrainOptions& o) { return o.objective == "seq2seq"; }
int64_t tokens_per_step(const BenchTrainOptions& o) { return o.batch * o.sequence_length * (has_outputs(o) ? 2 : 1); }

// A batch of random ids as the objective reads them.
void append_random(const BenchTrainOptions& o, int64_t vocab_size, uint64_t step, train::Examples& out) {
  Rng rng(7, step);
  std::vector<int32_t> ids(static_cast<size_t>(o.sequence_length + 1));
  const auto inputs = static_cast<size_t>(o.sequence_length);
  for (int64_t b = 0; b < o.batch; ++b) {
    for (int32_t& id : ids) id = static_cast<int32_t>(rng.below(static_cast<uint64_t>(vocab_size)));
    out.input.add({ids.data(), inputs});
    if (has_outputs(o)) out.decoder.add({ids.data(), inputs});
    // Targets stand at even distances, so that no step is without.
    for (int64_t i = 1; i <= o.sequence_length; ++i) {
      const bool counts = !is_masked(o) || masked_tokens(i) > masked_tokens(i - 1);
      out.targets.push_back(counts ? ids[static_cast<size_t>(i)] : -1);
    }
  }
}

// One product of a step: y[m, n] from x[m, k]; with its two backward products.
struct Product {
  int64_t n = 0, k = 0;
  Tensor w, y, dw;
};

constexpr double kRate = 3e-4;  // of learning: small enough that losses stay finite

// FLOP/s of one large product: the machine's peak as far as products go.
double peak_rate(Precision precision) {
  constexpr int64_t kSize = 1024;
  constexpr double kSeconds = 0.5;
  return product_rate({kSize, kSize, kSize}, precision, kSeconds);
}

}  // namespace

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const train::OptimizerEntry* entry : train::optimizer_table()) names.emplace_back(entry->name);
  return names;
}

Json to_json(const TrainFigures& figures) {
  return {{"architecture", figures.architecture},
          {"parameters", figures.parameters},
          {"batch", figures.batch},
          {"seq", figures.sequence_length},
          {"dtype", precision_name(figures.precision)},
          {"threads", figures.threads},
          {"steps", figures.steps},
          {"tokens_per_second", to_json(figures.tokens_per_second)},
          {"step_seconds", to_json(figures.step_seconds)},
          {"mfu", figures.mfu},
          {"peak_flops_per_second", figures.peak_flops_per_second},
          {"peak_memory_bytes", figures.peak_memory_bytes},
          {"predicted_memory_bytes", figures.predicted_memory_bytes},
          {"arena_overflow_bytes", figures.arena_overflow_bytes},
          {"loss", figures.loss}};
}

Result<TrainFigures> bench_train(const BenchTrainOptions& o, const Job& job) {
  MALMOI_ASSIGN(auto model, open_config(o));
  train::OptimizerConfig optimizer_config{
      .name = o.optimizer, .lr = kRate, .momentum = 0.9, .nesterov = true, .adamw_lr = kRate};
  const auto objective = train::make_objective({.name = o.objective});
  train::MemoryPlan plan = train::plan_memory({.model = *model,
                                               .objective = *objective,
                                               .dtype = activation_type(o.precision),
                                               .optimizer = optimizer_config,
                                               .batch_size = o.batch,
                                               .sequence_length = o.sequence_length,
                                               .checkpointing = o.checkpointing});
  model->parameters.allocate(model::Purpose::kTraining, activation_type(o.precision));
  model->parameters.initialize(1);
  auto optimizer = train::make_optimizer(optimizer_config, model->parameters);
  MALMOI_ASSIGN(train::Stepper stepper, train::Stepper::create(*model, *objective, *optimizer,
                                                               {.checkpointing = o.checkpointing,
                                                                .arena_bytes = plan.activations,
                                                                .int8_products = o.precision == Precision::kInt8}));
  autograd::Profile profile;
  std::vector<double> rates, seconds;
  double loss = 0;
  for (int64_t step = 0; step < o.warmup + o.steps; ++step) {
    if (step == o.warmup && (o.profile || !o.trace.empty())) stepper.set_profile(&profile);
    double begin = monotonic_seconds();
    train::StepResult r = stepper.step(
        1,
        [&](int64_t, train::Examples& out) { append_random(o, model->vocab_size(), static_cast<uint64_t>(step), out); },
        static_cast<uint64_t>(step), step + 1, kRate);
    loss = r.loss;
    if (step >= o.warmup) {
      seconds.push_back(monotonic_seconds() - begin);
      rates.push_back(static_cast<double>(tokens_per_step(o)) / seconds.back());
    }
  }
  if (o.profile) tell_lines(job.message, profile.table());
  if (!o.trace.empty()) MALMOI_TRY(profile.write_trace(o.trace));
  TrainFigures figures{.architecture = model->model_type(),
                       .parameters = model->parameter_count(),
                       .batch = o.batch,
                       .sequence_length = o.sequence_length,
                       .precision = o.precision,
                       .threads = num_threads(),
                       .steps = o.steps,
                       .tokens_per_second = spread(rates),
                       .step_seconds = spread(seconds),
                       .peak_memory_bytes = peak_resident_bytes(),
                       .predicted_memory_bytes = plan.total(),
                       .arena_overflow_bytes = stepper.arena().overflow(),
                       .loss = loss};
  figures.peak_flops_per_second = peak_rate(o.precision);
  figures.mfu = figures.tokens_per_second.max * train::training_flops_per_token(*model, *objective, o.sequence_length) /
                figures.peak_flops_per_second;
  return figures;
}

Json to_json(const GemmFigures& figures) {
  return {{"architecture", figures.architecture},
          {"batch", figures.batch},
          {"seq", figures.sequence_length},
          {"dtype", precision_name(figures.precision)},
          {"threads", figures.threads},
          {"steps", figures.steps},
          {"tokens_per_second", to_json(figures.tokens_per_second)},
          {"gflops_per_second", to_json(figures.gflops_per_second)}};
}

Result<GemmFigures> bench_gemm(const BenchTrainOptions& o) {
  MALMOI_ASSIGN(auto model, open_config(o));
  DType type = activation_type(o.precision);
  bool int8 = o.precision == Precision::kInt8;
  int64_t m = o.batch * o.sequence_length;
  std::vector<Product> products;
  auto add = [&](int64_t n, int64_t k) {
    products.push_back(
        {n, k, Tensor::zeros(type, {n, k}), Tensor::zeros(type, {m, n}), Tensor::zeros(DType::kF32, {n, k})});
  };
  for (const auto& entry : model->parameters.entries()) {
    const Shape& shape = entry->spec.shape;
    if (entry->spec.role == nn::Role::kMatrix) add(shape[0], shape[1]);
  }
  add(model->outputs(), model->hidden_size());
  int64_t widest = 0;
  for (const Product& p : products) widest = std::max(widest, p.k);
  Tensor x = Tensor::zeros(type, {m, widest}), dx = Tensor::zeros(type, {m, widest});
  const int64_t head_rows = is_masked(o) ? o.batch * masked_tokens(o.sequence_length) : m;
  // The head's rows go in chunks, as in a step.
  int64_t chunk =
      std::clamp<int64_t>((64 << 20) / (model->vocab_size() * static_cast<int64_t>(dtype_size(type))), 64, m);
  const kernels::Backend& backend = kernels::cpu_backend();
  Stream stream;
  double flops = 0;
  for (size_t i = 0; i < products.size(); ++i)
    flops += 6.0 * static_cast<double>((i + 1 == products.size() ? head_rows : m) * products[i].n * products[i].k);
  std::vector<double> seconds;
  for (int64_t step = 0; step < o.warmup + o.steps; ++step) {
    double begin = monotonic_seconds();
    for (size_t i = 0; i < products.size(); ++i) {
      Product& p = products[i];
      const bool head = i + 1 == products.size();
      const int64_t rows = head ? chunk : m, all = head ? head_rows : m;
      for (int64_t r = 0; r < all; r += rows) {
        int64_t n = std::min(rows, all - r);
        backend.gemm(stream, {.m = n,
                              .n = p.n,
                              .k = p.k,
                              .a = x.data(),
                              .a_type = type,
                              .lda = p.k,
                              .b = p.w.data(),
                              .b_type = type,
                              .ldb = p.k,
                              .transpose_b = true,
                              .c = p.y.data(),
                              .c_type = type,
                              .ldc = p.n,
                              .int8 = int8});
        backend.gemm(stream, {.m = n,
                              .n = p.k,
                              .k = p.n,
                              .a = p.y.data(),
                              .a_type = type,
                              .lda = p.n,
                              .b = p.w.data(),
                              .b_type = type,
                              .ldb = p.k,
                              .c = dx.data(),
                              .c_type = type,
                              .ldc = p.k,
                              .int8 = int8 && i + 1 < products.size()});  // not what leads back from the logits
        backend.gemm(stream, {.m = p.n,
                              .n = p.k,
                              .k = n,
                              .a = p.y.data(),
                              .a_type = type,
                              .lda = p.n,
                              .transpose_a = true,
                              .b = x.data(),
                              .b_type = type,
                              .ldb = p.k,
                              .c = p.dw.data(),
                              .c_type = DType::kF32,
                              .ldc = p.k,
                              .accumulate = r > 0});
      }
    }
    if (step >= o.warmup) seconds.push_back(monotonic_seconds() - begin);
  }
  std::vector<double> tokens, rate;
  for (double s : seconds) {
    tokens.push_back(static_cast<double>(tokens_per_step(o)) / s);
    rate.push_back(flops / s / 1e9);
  }
  return GemmFigures{.architecture = model->model_type(),
                     .batch = o.batch,
                     .sequence_length = o.sequence_length,
                     .precision = o.precision,
                     .threads = num_threads(),
                     .steps = o.steps,
                     .tokens_per_second = spread(tokens),
                     .gflops_per_second = spread(rate)};
}

}  // namespace malmoi::app
