#include "app/bench/infer.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "app/use/generate.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "infer/session.h"
#include "kernels/kernels.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

/// Sequences of random ids over one model.
class Sequences {
 public:
  static Result<Sequences> create(const model::Model& model, int64_t count, int64_t room, nn::KeyType keys) {
    Sequences sequences;
    MALMOI_TRY(infer::check_continues(model));
    MALMOI_ASSIGN(sequences.session_, infer::Session::create(model, {.keys = keys}));
    for (int64_t i = 0; i < count; ++i) {
      MALMOI_ASSIGN(nn::SequenceState state, sequences.session_->open());
      MALMOI_TRY(state.reserve(room));
      sequences.states_.push_back(std::move(state));
    }
    return sequences;
  }

  /// Begins again, with `depth` ids in every sequence.
  Status begin(int64_t depth) {
    for (nn::SequenceState& state : states_) state.truncate(0);
    return read(depth);
  }

  /// Reads n more ids into each sequence, in the parts that a server reads.
  Status read(int64_t n) {
    constexpr int64_t kPart = 512;
    for (nn::SequenceState& state : states_) {
      for (int64_t done = 0; done < n; done += kPart) {
        add(state, std::min(kPart, n - done));
        MALMOI_TRY(run());
      }
    }
    return {};
  }

  /// Writes n more ids into all sequences together, with the logits of each.
  Status write(int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      for (nn::SequenceState& state : states_) add(state, 1);
      MALMOI_TRY(run());
    }
    return {};
  }

 private:
  void add(nn::SequenceState& state, int64_t n) {
    ids_.resize(static_cast<size_t>(n));
    auto vocab = static_cast<uint64_t>(session_->model().vocab_size());
    for (int32_t& id : ids_) id = static_cast<int32_t>(rng_.below(vocab));
    session_->append(state, ids_);
  }
  Status run() {
    auto logits = session_->logits();
    return logits.ok() ? Status() : Status(logits.error());
  }

  std::unique_ptr<infer::Session> session_;
  Rng rng_{11};
  std::vector<nn::SequenceState> states_;
  std::vector<int32_t> ids_;
};

/// Tokens a second of `run`, which makes `tokens` of them, after `before`.
Result<Spread> measure(int repeat, int64_t tokens, const std::function<Status()>& before,
                       const std::function<Status()>& run) {
  std::vector<double> rates;
  for (int r = 0; r <= repeat; ++r) {
    MALMOI_TRY(before());
    double begin = monotonic_seconds();
    MALMOI_TRY(run());
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
  MALMOI_ASSIGN(Path folder, find_model(o.model.string()));
  MALMOI_ASSIGN(auto model, model::load_model(folder, {model::Purpose::kServing, o.dtype}));
  int64_t room = o.depth + std::max(o.prompt, o.generate);
  if (room > model->max_positions())
    return usage_error(fmt::format("{} tokens are more than the model's {} positions", room, model->max_positions()),
                       "--prompt, --gen, --depth", "lower them");
  InferFigures figures{.architecture = model->model_type(),
                       .parameters = model->parameter_count(),
                       .dtype = o.dtype,
                       .threads = num_threads(),
                       .prompt = o.prompt,
                       .generate = o.generate,
                       .batch = o.batch,
                       .depth = o.depth};
  for (const auto& entry : model->parameters.entries()) figures.model_bytes += static_cast<int64_t>(entry->bytes());
  MALMOI_ASSIGN(Sequences sequences, Sequences::create(*model, o.batch, room, o.keys));
  auto at_depth = [&] { return sequences.begin(o.depth); };
  if (o.prompt > 0) {
    MALMOI_ASSIGN(figures.prompt_tokens_per_second,
                  measure(o.repeat, o.prompt * o.batch, at_depth, [&] { return sequences.read(o.prompt); }));
  }
  if (o.generate > 0) {
    MALMOI_ASSIGN(figures.generated_tokens_per_second,
                  measure(o.repeat, o.generate * o.batch, at_depth, [&] { return sequences.write(o.generate); }));
  }
  return figures;
}

Json to_json(const MemoryFigures& figures) {
  return {{"threads", figures.threads},
          {"bytes", figures.bytes},
          {"read_gb_per_second", to_json(figures.read_gb_per_second)}};
}

Result<MemoryFigures> bench_memory(int repeat, int64_t bytes) {
  int64_t count = bytes / 4;
  Stream stream;
  Tensor memory = Tensor::zeros(DType::kF32, {count});
  std::fill_n(memory.as<float>(), count, 1.0f);  // pages that were never written would all be one page
  std::vector<double> rates;
  for (int r = 0; r <= repeat; ++r) {
    double begin = monotonic_seconds();
    double sum = 0;
    kernels::cpu_backend().sum_of_squares(stream, {.n = count, .x = memory.as<float>(), .sum = &sum});
    double seconds = monotonic_seconds() - begin;
    if (sum != static_cast<double>(count)) return invalid_data("memory does not read back as written", "bench memory");
    if (r > 0) rates.push_back(4.0 * static_cast<double>(count) / seconds / 1e9);
  }
  return MemoryFigures{num_threads(), 4 * count, spread(rates)};
}

}  // namespace malmoi::app
