#include "train/loop.h"

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mapped_files.h"
#include "base/parallel.h"
#include "train/schedule.h"

namespace malmoi::train {
namespace {

// metrics.jsonl, a line a step, each written with one call so that a killed run leaves whole lines but the last.
class MetricsFile {
 public:
  ~MetricsFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  // Keeps the lines of steps below `first_step`, so that each step stands once.
  Status open(const Path& path, int64_t first_step) {
    std::string kept;
    if (malmoi::exists(path)) {
      MALMOI_ASSIGN(std::string text, read_file(path));
      for (size_t begin = 0; begin < text.size();) {
        size_t end = text.find('\n', begin);
        if (end == std::string::npos) break;  // cut short by a kill
        std::string_view line(text.data() + begin, end - begin);
        auto json = parse_json(line, path.string());
        if (!json.ok() || !json->is_object() || !json->contains("step") || !(*json)["step"].is_number_integer() ||
            (*json)["step"].get<int64_t>() >= first_step)
          break;
        kept.append(line).push_back('\n');
        begin = end + 1;
      }
    }
    MALMOI_TRY(write_file(path, kept));
    path_ = path;
    fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd_ < 0) return io_error("cannot open", path.string(), errno);
    return {};
  }
  Status add(const StepMetrics& m) {
    Json line = {{"step", m.step}, {"loss", m.loss},     {"grad_norm", m.grad_norm},
                 {"lr", m.lr},     {"tokens", m.tokens}, {"tokens_per_second", m.tokens_per_second}};
    if (m.skipped) line["skipped"] = true;
    if (m.valid_loss) line["valid_loss"] = *m.valid_loss;
    for (const auto& [name, value] : m.figures) line[name] = value;
    std::string text = dump_json(line) + "\n";
    if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return io_error("cannot write", path_.string(), errno);
    return {};
  }

 private:
  Path path_;
  int fd_ = -1;
};

class Loop {
 public:
  Loop(const LoopInputs& inputs, const LoopEvents& events)
      : in_(inputs),
        c_(*inputs.config),
        events_(events),
        store_(Path(c_.out) / "checkpoints"),
        trained_(trainable_entries(inputs.stepper->model().parameters)),
        fingerprint_(to_hex(hash128(dump_json(inputs.stepper->model().config())))) {}

  Result<LoopResult> run() {
    if (in_.resume) MALMOI_TRY(restore());
    result_.resumed_from = step_;
    MALMOI_TRY(metrics_.open(Path(c_.out) / "metrics.jsonl", step_));
    while (step_ < in_.steps && !result_.stopped_early) {
      MALMOI_TRY(one_step());
      MALMOI_TRY(check_mapped_files());  // or ids were read as zeros
      if (events_.stop_requested && events_.stop_requested()) {
        result_.interrupted = step_ < in_.steps && !result_.stopped_early;
        break;
      }
    }
    // The end is a checkpoint too: a run may be prolonged, and a finished one resumes to nothing left to do.
    if (saved_ != step_) save();
    result_.steps = step_;
    result_.best_valid_loss = best_;
    result_.best_step = best_step_;
    return result_;
  }

 private:
  // What changes: frozen weights come from where they came from.
  std::vector<CheckpointTensor> tensors() {
    std::vector<CheckpointTensor> list;
    for (const Entry* entry : trained_) list.push_back({entry->spec.name, entry->parameter.master});
    for (StateTensor& s : in_.optimizer->state()) list.push_back({s.name, s.values});
    for (size_t i = 0; in_.ema && i < in_.ema->size(); ++i)
      list.push_back({trained_[i]->spec.name + "/ema", (*in_.ema)[i]});
    return list;
  }

  Status restore() {
    auto warn = [this](const std::string& text) {
      if (events_.warn) events_.warn(text);
    };
    MALMOI_ASSIGN(Json state, store_.load_newest(tensors(), fingerprint_, warn));
    if (state.is_null()) return {};
    step_ = saved_ = state.value("step", int64_t{0});
    updates_ = state.value("updates", int64_t{0});
    bad_evaluations_ = state.value("bad_evaluations", int64_t{0});
    bad_steps_ = state.value("bad_steps", int64_t{0});
    spikes_.restore(state.value("spike_watch", Json::object()));
    result_.skipped_steps = state.value("skipped_steps", int64_t{0});
    best_step_ = state.value("best_step", int64_t{-1});
    best_ = state.value("best_valid_loss", 0.0);
    result_.stopped_early = state.value("stopped_early", false);
    if (state.contains("last_loss")) result_.last_loss = state["last_loss"].get<double>();
    if (state.contains("last_valid_loss")) result_.last_valid_loss = state["last_valid_loss"].get<double>();
    in_.stepper->model().parameters.refresh_compute();
    return {};
  }

  void save() {
    uint64_t sequences = static_cast<uint64_t>(step_) * static_cast<uint64_t>(c_.sequences_per_step());
    Json state = {{"step", step_},
                  {"updates", updates_},
                  {"model", fingerprint_},
                  {"seed", c_.seed},
                  {"data", {{"epoch", sequences / in_.train->size()}, {"offset", sequences % in_.train->size()}}},
                  {"bad_evaluations", bad_evaluations_},
                  {"bad_steps", bad_steps_},
                  {"spike_watch", spikes_.state()},
                  {"skipped_steps", result_.skipped_steps},
                  {"best_step", best_step_},
                  {"best_valid_loss", best_},
                  {"stopped_early", result_.stopped_early}};
    if (result_.last_loss) state["last_loss"] = *result_.last_loss;
    if (result_.last_valid_loss) state["last_valid_loss"] = *result_.last_valid_loss;
    Status saved = store_.save(step_, tensors(), std::move(state), c_.keep);
    if (saved.ok()) saved_ = step_;
    else if (events_.warn)
      events_.warn("the checkpoint of step " + std::to_string(step_) +
                   " was not written, training goes on: " + saved.error().to_string());
  }

  Status one_step() {
    double begin = monotonic_seconds();
    ScheduleArgs schedule{c_.optimizer.lr, c_.schedule.min_lr, c_.schedule.warmup_steps, in_.steps,
                          c_.schedule.decay_steps};
    StepMetrics m{.step = step_, .lr = learning_rate(c_.schedule.name, schedule, step_)};
    auto first = static_cast<uint64_t>(step_) * static_cast<uint64_t>(c_.sequences_per_step());
    in_.stepper->set_limits(spikes_.limits());
    StepResult r = in_.stepper->step(
        c_.gradient_accumulation,
        [&](int64_t i, Examples& out) {
          for (int64_t b = 0; b < c_.batch_size; ++b)
            in_.train->append(first + static_cast<uint64_t>(i * c_.batch_size + b), out);
        },
        static_cast<uint64_t>(step_) * static_cast<uint64_t>(c_.gradient_accumulation), updates_ + 1, m.lr);
    m.loss = r.loss;
    m.grad_norm = r.grad_norm;
    m.tokens = r.counts.tokens;
    for (const Figure& figure : r.figures) m.figures.emplace_back(figure.name, figure.value);
    m.skipped = r.skipped;
    result_.last_loss = r.loss;
    ++step_;
    if (r.counts.terms == 0) {  // nothing to learn is not a sign of anything
      ++result_.skipped_steps;
      if (events_.warn) events_.warn(fmt::format("step {}: none of its targets counts; nothing is learned", step_ - 1));
    } else if (r.skipped) {
      MALMOI_TRY(count_bad_step(r));
    } else {
      bad_steps_ = 0;
      ++updates_;
      spikes_.add(r.loss, r.grad_norm);
      update_ema();
    }
    m.tokens_per_second = static_cast<double>(r.counts.tokens) / std::max(monotonic_seconds() - begin, 1e-9);
    bool due = c_.eval_every > 0 && step_ % c_.eval_every == 0;
    if (in_.valid && (due || step_ == in_.steps)) MALMOI_TRY(evaluate(m));
    MALMOI_TRY(metrics_.add(m));
    if (events_.on_step) events_.on_step(m);
    if (c_.save_every > 0 && step_ % c_.save_every == 0) save();
    return {};
  }

  Status count_bad_step(const StepResult& r) {
    ++result_.skipped_steps;
    if (++bad_steps_ < c_.max_bad_steps) {
      std::string why = r.spike ? fmt::format("loss {:.4g} and gradient norm {:.4g} are a spike", r.loss, r.grad_norm)
                                : "loss or gradients are not finite";
      if (events_.warn) events_.warn(fmt::format("step {}: {}; the step is skipped", step_ - 1, why));
      return {};
    }
    return invalid_data(fmt::format("{} steps in a row were skipped: {}", bad_steps_,
                                    r.spike ? "their losses and gradients are spikes (train.spike_factor)"
                                            : "their loss or gradients were not finite"),
                        fmt::format("step {}", step_ - 1),
                        "lower optimizer.lr, lengthen the warm-up or check the data");
  }

  void update_ema() {
    if (!in_.ema) return;
    auto decay = static_cast<float>(c_.ema_decay);
    for (size_t i = 0; i < in_.ema->size(); ++i) {
      float* average = (*in_.ema)[i].as<float>();
      const Tensor& master = trained_[i]->parameter.master;
      const float* value = master.as<float>();
      parallel_for(master.elements(), 1 << 15, [&](int64_t begin, int64_t end) {
        for (int64_t j = begin; j < end; ++j) average[j] = decay * average[j] + (1 - decay) * value[j];
      });
    }
  }

  Status evaluate(StepMetrics& m) {
    std::optional<LossSums> sums = evaluate_all(*in_.stepper, *in_.valid, c_.batch_size, events_);
    if (!sums)
      return invalid_data("none of the targets of the validation data counts", "data.valid",
                          "give data with labels, or leave it out");
    double loss = sums->loss;
    for (const Figure& figure : sums->figures)
      m.figures.emplace_back("valid_" + std::string(figure.name), figure.value);
    m.valid_loss = loss;
    result_.last_valid_loss = loss;
    if (events_.on_evaluated) events_.on_evaluated(step_);
    bool better = std::isfinite(loss) && (best_step_ < 0 || loss < best_ - c_.min_delta);
    if (better) {
      best_ = loss;
      best_step_ = step_;
      bad_evaluations_ = 0;
      if (events_.on_best) MALMOI_TRY(events_.on_best(step_, loss));
    } else if (c_.early_stopping && ++bad_evaluations_ >= c_.patience) {
      result_.stopped_early = true;
    }
    return {};
  }

  LoopInputs in_;
  const TrainConfig& c_;
  const LoopEvents& events_;
  CheckpointStore store_;
  std::vector<Entry*> trained_;
  std::string fingerprint_;
  MetricsFile metrics_;
  LoopResult result_;
  int64_t step_ = 0, updates_ = 0, saved_ = -1;
  int64_t bad_evaluations_ = 0, bad_steps_ = 0;
  SpikeWatch spikes_{c_.spike_factor};
  int64_t best_step_ = -1;
  double best_ = 0;
};

}  // namespace

std::optional<LossSums> evaluate_all(Stepper& stepper, const ExampleSource& valid, int64_t batch_size,
                                     const LoopEvents& events) {
  const uint64_t size = valid.size();
  Examples batch;
  auto for_each_batch = [&](const auto& use) {
    for (uint64_t begin = 0; begin < size;) {
      batch.clear();
      for (int64_t b = 0; b < batch_size && begin < size; ++b) valid.append(begin++, batch);
      use(begin);
    }
  };
  Counts whole;
  for_each_batch([&](uint64_t) { whole += stepper.objective().count(batch); });
  if (whole.terms == 0) return {};
  LossSums sums;
  for_each_batch([&](uint64_t done) {
    sums += stepper.evaluate(batch, whole);
    if (events.on_evaluation) events.on_evaluation(static_cast<int64_t>(done), static_cast<int64_t>(size));
  });
  return sums;
}

Result<LoopResult> run_loop(const LoopInputs& inputs, const LoopEvents& events) { return Loop(inputs, events).run(); }

}  // namespace malmoi::train
