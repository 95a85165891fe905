#include "app/bench/infer.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/log.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "infer/runner.h"
#include "kernels/kernels.h"
#include "model/io.h"

namespace malmoi::app {
namespace {

/// Sequences of random ids over one model.
class Sequences {
 public:
  Sequences(const model::Model& model, int64_t count, int64_t room) : model_(model), runner_(model, true) {
    for (int64_t i = 0; i < count; ++i) {
      states_.push_back(runner_.new_state());
      states_.back().reserve(room);
    }
  }

  void truncate(int64_t length) {
    for (nn::SequenceState& state : states_) state.truncate(length);
  }

  /// Reads n more ids into one sequence, in the parts that a server reads.
  void read(size_t i, int64_t n) {
    constexpr int64_t kPart = 512;
    for (int64_t done = 0; done < n; done += kPart) {
      batch_.clear();
      add(i, std::min(kPart, n - done));
      int64_t last = batch_.rows() - 1;
      runner_.logits(batch_.batch(), {&last, 1});
    }
  }

  /// One more id in every sequence, with the logits of each.
  void write() {
    batch_.clear();
    rows_.clear();
    for (size_t i = 0; i < states_.size(); ++i) {
      add(i, 1);
      rows_.push_back(batch_.rows() - 1);
    }
    runner_.logits(batch_.batch(), rows_);
  }

  size_t count() const { return states_.size(); }

 private:
  void add(size_t i, int64_t n) {
    ids_.resize(static_cast<size_t>(n));
    for (int32_t& id : ids_) id = static_cast<int32_t>(rng_.below(static_cast<uint64_t>(model_.vocab_size())));
    batch_.add(ids_, static_cast<int32_t>(states_[i].length()), &states_[i]);
  }

  const model::Model& model_;
  infer::Runner runner_;
  Rng rng_{11};
  nn::BatchBuilder batch_;
  std::vector<nn::SequenceState> states_;
  std::vector<int32_t> ids_;
  std::vector<int64_t> rows_;
};

/// Tokens a second of `run`, which makes `tokens` of them, after `before`.
Spread measure(int repeat, int64_t tokens, const std::function<void()>& before, const std::function<void()>& run) {
  std::vector<double> rates;
  for (int r = 0; r <= repeat; ++r) {
    before();
    double begin = monotonic_seconds();
    run();
    if (r > 0) rates.push_back(static_cast<double>(tokens) / (monotonic_seconds() - begin));
  }
  return spread(rates);
}

}  // namespace

Json to_json(const InferFigures& figures) {
  Json json = {{"architecture", figures.architecture},
               {"parameters", figures.parameters},
               {"dtype", dtype_name(figures.dtype)},
               {"threads", figures.threads},
               {"prompt", figures.prompt},
               {"gen", figures.generate},
               {"batch", figures.batch},
               {"depth", figures.depth},
               {"model_bytes", figures.model_bytes}};
  if (figures.prompt_tokens_per_second) json["prompt_tokens_per_second"] = to_json(*figures.prompt_tokens_per_second);
  if (figures.generated_tokens_per_second)
    json["gen_tokens_per_second"] = to_json(*figures.generated_tokens_per_second);
  return json;
}

Result<InferFigures> bench_infer(const BenchInferOptions& o) {
  MALMOI_ASSIGN(auto model, model::load_model(o.model, {model::Purpose::kServing, o.dtype}));
  int64_t room = o.depth + std::max(o.prompt, o.generate);
  if (room > model->max_positions())
    return usage_error(fmt::format("{} tokens are more than the model's {} positions", room, model->max_positions()),
                       "--prompt, --gen, --depth", "lower them");
  InferFigures figures{.architecture = model->architecture(),
                       .parameters = model->parameter_count(),
                       .dtype = o.dtype,
                       .threads = num_threads(),
                       .prompt = o.prompt,
                       .generate = o.generate,
                       .batch = o.batch,
                       .depth = o.depth};
  for (const auto& p : model->parameters()) figures.model_bytes += static_cast<int64_t>(p->compute.bytes());
  Sequences sequences(*model, o.batch, room);
  auto at_depth = [&] {
    sequences.truncate(0);
    for (size_t i = 0; i < sequences.count(); ++i) sequences.read(i, o.depth);
  };
  if (o.prompt > 0)
    figures.prompt_tokens_per_second = measure(o.repeat, o.prompt * o.batch, at_depth, [&] {
      for (size_t i = 0; i < sequences.count(); ++i) sequences.read(i, o.prompt);
    });
  if (o.generate > 0)
    figures.generated_tokens_per_second = measure(o.repeat, o.generate * o.batch, at_depth, [&] {
      for (int64_t t = 0; t < o.generate; ++t) sequences.write();
    });
  return figures;
}

Json to_json(const MemoryFigures& figures) {
  return {{"threads", figures.threads},
          {"bytes", figures.bytes},
          {"read_gb_per_second", to_json(figures.read_gb_per_second)}};
}

Result<MemoryFigures> bench_memory(int repeat, int64_t bytes) {
  int64_t count = bytes / 4;
  Tensor memory = Tensor::zeros(DType::kF32, {count});
  std::fill_n(memory.as<float>(), count, 1.0f);  // pages that were never written would all be one page
  std::vector<double> rates;
  for (int r = 0; r <= repeat; ++r) {
    double begin = monotonic_seconds();
    double sum = kernels::kernels().sum_of_squares(memory.as<float>(), count);
    double seconds = monotonic_seconds() - begin;
    if (sum != static_cast<double>(count)) return invalid_data("memory does not read back as written", "bench memory");
    if (r > 0) rates.push_back(4.0 * static_cast<double>(count) / seconds / 1e9);
  }
  return MemoryFigures{num_threads(), 4 * count, spread(rates)};
}

}  // namespace malmoi::app
