#include "train/loop.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/json_read.h"
#include "base/log.h"
#include "base/mapped_files.h"
#include "base/parallel.h"
#include "model/finite.h"
#include "train/best_score.h"
#include "train/checkpoint_parts.h"
#include "train/evaluator.h"
#include "train/run_state.h"
#include "train/schedule.h"
#include "train/streams.h"

namespace malmoi::train {
namespace {

// Steps with nothing to learn that are told one by one; of more, their number.
constexpr int64_t kToldMaskedSteps = 3;

class Loop {
 public:
  Loop(const LoopInputs& inputs, const LoopEvents& events)
      : in_(inputs),
        c_(*inputs.config),
        events_(events),
        store_(Path(c_.out) / "checkpoints"),
        trained_(trainable_entries(inputs.stepper->model())),
        fingerprint_(model_fingerprint(inputs.stepper->model())) {}

  Result<LoopResult> run() {
    MALMOI_TRY(open_streams());
    MALMOI_TRY(evaluator_.open());
    if (in_.resume) MALMOI_TRY(restore());
    if (in_.sequences > 0) steps_ = step_ + steps_left();
    saved_at_ = monotonic_seconds();
    result_.resumed_from = step_;
    const Path metrics = Path(c_.out) / "metrics.jsonl";
    MALMOI_ASSIGN(int64_t damaged, metrics_.open(metrics, step_));
    if (damaged > 0) warn(fmt::format("{}: damaged lines are left out: {}", metrics.string(), damaged));
    if (c_.quantize_aware && c_.quantize_aware->from_step >= steps_)
      warn(fmt::format("the run has {} steps: its weights are never rounded (train.quantize_aware.from_step)", steps_));
    round_weights();
    if (c_.eval_first && step_ == 0 && steps_ > 0 && evaluator_.has_any()) MALMOI_TRY(evaluate_first());
    while (!done()) {
      round_weights();
      // What makes a step's examples may take long: stopped, the step is not taken.
      if (Status stepped = one_step(); !stepped.ok() && !is_stop(stepped)) return stepped.error();
      MALMOI_TRY(check_mapped_files());  // or ids were read as zeros
      if (stop_requested()) {
        result_.interrupted = !done();
        break;
      }
    }
    // The end is a checkpoint too: a run may be prolonged, and a finished one resumes to nothing left to do.
    if (saved_ != step_) save_end();
    if (masked_steps_ > kToldMaskedSteps) warn(fmt::format("{} steps had no target that counts", masked_steps_));
    result_.steps = step_;
    result_.saved_step = saved_;
    result_.best_valid_loss = best_.loss;
    result_.best_step = best_.step;
    if (!best_.by_loss()) result_.best_score = {best_.metric, best_.score};
    return result_;
  }

 private:
  Status open_streams() {
    if (!c_.data.streams) return {};
    const model::Backbone& backbone = *in_.stepper->model().backbone;
    MALMOI_ASSIGN(streams_, Streams::create(backbone, c_.sequences_per_step()));
    return {};
  }

  // train.quantize_aware.
  void round_weights() {
    if (!c_.quantize_aware || rounds_ || step_ < c_.quantize_aware->from_step) return;
    in_.stepper->model().parameters.begin_rounding();
    rounds_ = true;
  }

  // Whether an evaluation is of what the run is for: not of weights that have yet to be rounded.
  bool may_be_best() const { return !c_.quantize_aware || rounds_; }

  std::vector<CheckpointTensor> tensors() {
    std::vector<CheckpointTensor> list = checkpoint_tensors(in_.stepper->model(), *in_.optimizer, in_.ema);
    if (streams_) std::ranges::move(streams_->tensors(), std::back_inserter(list));
    return list;
  }

  bool stop_requested() const { return events_.stop_requested && events_.stop_requested(); }
  bool is_stop(const Status& status) const { return status.error().code == ErrorCode::kCancelled && stop_requested(); }

  void warn(const std::string& text) const {
    if (events_.warn) events_.warn(text);
  }

  Status restore() {
    auto check = [this](const Json& state) -> Status {
      MALMOI_TRY(check_optimizer(state));
      return check_streams(state);
    };
    auto tell = [this](const std::string& text) { warn(text); };
    MALMOI_ASSIGN(std::optional<Checkpoint> found, store_.load_newest(tensors(), fingerprint_, tell, check));
    if (!found) return {};
    MALMOI_ASSIGN(RunState state, read_run_state(found->state, found->file));
    step_ = saved_ = state.step;
    learned_ = state.step - std::min(state.bad_steps, state.step);
    const uint64_t size = in_.train->size();
    sequences_ = static_cast<uint64_t>(state.epoch) * size + std::min(static_cast<uint64_t>(state.offset), size);
    sequences_ -=
        sequences_ % static_cast<uint64_t>(std::max<int64_t>(rows_together(c_.objective), 1));  // of whole groups
    updates_ = state.updates;
    bad_evaluations_ = state.bad_evaluations;
    bad_steps_ = state.bad_steps;
    spikes_.restore(state.spikes);
    result_.skipped_steps = state.skipped_steps;
    if (state.best_metric == c_.best_metric) {
      best_.step = state.best_step;
      best_.loss = state.best_valid_loss;
      best_.score = state.best_score;
    } else if (state.best_step >= 0) {
      warn(fmt::format("the best model was chosen by {}, now by {}: the next evaluation begins anew", state.best_metric,
                       c_.best_metric));
    }
    result_.stopped_early = state.stopped_early;
    result_.last_loss = state.last_loss;
    result_.last_valid_loss = state.last_valid_loss;
    in_.stepper->model().refresh_compute();
    return {};
  }

  RunState state() const {
    return {.step = step_,
            .updates = updates_,
            .epoch = static_cast<int64_t>(sequences_ / in_.train->size()),
            .offset = static_cast<int64_t>(sequences_ % in_.train->size()),
            .bad_evaluations = bad_evaluations_,
            .bad_steps = bad_steps_,
            .skipped_steps = result_.skipped_steps,
            .best_step = best_.step,
            .best_valid_loss = best_.loss,
            .best_metric = best_.metric,
            .best_score = best_.score,
            .stopped_early = result_.stopped_early,
            .last_loss = result_.last_loss,
            .last_valid_loss = result_.last_valid_loss,
            .spikes = spikes_.state()};
  }

  // Another optimiser's arrays may have the same names and another meaning.
  Status check_optimizer(const Json& state) const {
    const std::string before = json_string(state, "optimizer");
    if (before.empty() || before == c_.optimizer.name) return {};
    return usage_error(
        "the run was trained with the optimizer " + before + ", the configuration has " + c_.optimizer.name,
        "train.optimizer.name", "go on with " + before + ", or begin another run with init_from");
  }

  // Where a stream stands follows from their number.
  Status check_streams(const Json& state) const {
    const int64_t before = json_count(state, "streams").value_or(0), now = streams_ ? streams_->rows() : 0;
    if (before == now) return {};
    return usage_error(fmt::format("the run was trained on {} streams, the configuration has {}", before, now),
                       "train.batch_size",
                       "go on with as many rows a step and the same data.order, or begin another run with init_from");
  }

  uint64_t sequences_per_step() const { return static_cast<uint64_t>(c_.sequences_per_step()); }
  int64_t steps_left() const {
    const uint64_t left = in_.sequences - std::min(in_.sequences, sequences_);
    return static_cast<int64_t>((left + sequences_per_step() - 1) / sequences_per_step());
  }

  bool done() const { return step_ >= steps_ || result_.stopped_early; }

  // The clock's checkpoints wait longer where writing one takes long. While steps are skipped the weights stay those of a step
  // that may have ruined them, which must not push the good ones out; the end is written after the loop.
  bool save_is_due() const {
    if (done() || bad_steps_ > 0) return false;
    if (c_.save_every > 0 && step_ % c_.save_every == 0) return true;
    return c_.save_minutes > 0 &&
           monotonic_seconds() - saved_at_ >= seconds_between_saves(c_.save_minutes, save_seconds_);
  }

  Status save() {
    const double begin = monotonic_seconds();
    Json json = to_json(state());
    json["model"] = fingerprint_;
    json["seed"] = c_.seed;
    json["optimizer"] = c_.optimizer.name;
    if (streams_) json["streams"] = streams_->rows();
    Status saved = model::check_trained_weights(in_.stepper->model(), store_.path_of(step_).string());
    if (saved.ok()) saved = store_.save(step_, tensors(), std::move(json), c_.keep);
    if (saved.ok()) saved_ = step_;
    saved_at_ = monotonic_seconds();
    save_seconds_ = saved_at_ - begin;
    return saved;
  }

  void save_on_the_way() {
    if (Status saved = save(); !saved.ok())
      warn(fmt::format("the checkpoint of step {} was not written, training goes on: {}", step_,
                       saved.error().to_string()));
  }

  // A finished run has its model; one that was stopped has nothing else to go on from.
  void save_end() {
    Status saved = save();
    if (saved.ok()) return;
    if (result_.interrupted) result_.unsaved = saved.error();
    else
      warn(fmt::format("the checkpoint of step {}, the last, was not written: {}", step_, saved.error().to_string()));
  }

  // What is missing is written once there is space again.
  void add_metrics(const StepMetrics& m) {
    Status added = metrics_.add(m);
    if (added.ok() || std::exchange(metrics_failed_, true)) return;
    warn("a step's metrics were not written, training goes on: " + added.error().to_string());
  }

  Status one_step() {
    double begin = monotonic_seconds();
    ScheduleArgs schedule{c_.optimizer.lr, c_.schedule.min_lr, c_.schedule.warmup_steps, steps_,
                          c_.schedule.decay_steps};
    StepMetrics m{.step = step_, .steps = steps_, .lr = learning_rate(c_.schedule.name, schedule, step_)};
    in_.stepper->set_limits(spikes_.limits());
    uint64_t count = sequences_per_step();
    if (in_.sequences > 0) count = std::min(count, in_.sequences - sequences_);
    const auto batch = static_cast<uint64_t>(c_.batch_size);
    if (streams_ && sequences_ % in_.train->size() == 0) streams_->restart();
    MALMOI_TRY(in_.train->prepare(sequences_, count));
    StepResult r = in_.stepper->step(
        static_cast<int64_t>((count + batch - 1) / batch),
        [&](int64_t i, Examples& out) {
          const uint64_t begin_row = static_cast<uint64_t>(i) * batch;
          for (uint64_t row = begin_row; row < std::min(begin_row + batch, count); ++row)
            in_.train->append(sequences_ + row, out);
          if (streams_) streams_->attach(static_cast<int64_t>(begin_row), out);
        },
        static_cast<uint64_t>(step_) * static_cast<uint64_t>(c_.gradient_accumulation), updates_ + 1, m.lr);
    sequences_ += count;
    if (streams_) move_streams(r);
    m.loss = r.counts.terms > 0 ? r.loss : NAN;
    m.grad_norm = r.grad_norm;
    m.tokens = r.counts.tokens;
    for (const Figure& figure : r.figures) {
      if (figure.values.empty()) m.figures.emplace_back(figure.name, figure.value);
      else m.lists.emplace_back(figure.name, figure.values);
    }
    for (auto& [name, value] : in_.train->told()) m.figures.emplace_back(name, value);
    m.skipped = r.skipped;
    if (r.counts.terms > 0) result_.last_loss = r.loss;
    ++step_;
    if (r.counts.terms == 0) {  // nothing to learn is not a sign of anything
      ++result_.skipped_steps;
      if (++masked_steps_ <= kToldMaskedSteps)
        warn(fmt::format("step {}: none of its targets counts; nothing is learned", step_ - 1));
    } else if (r.skipped) {
      MALMOI_TRY(count_bad_step(r));
    } else {
      bad_steps_ = 0;
      learned_ = step_;
      ++updates_;
      spikes_.add(r.loss, r.grad_norm);
      update_ema();
    }
    m.tokens_per_second = static_cast<double>(r.counts.tokens) / std::max(monotonic_seconds() - begin, 1e-9);
    bool due = c_.eval_every > 0 && step_ % c_.eval_every == 0;
    if (evaluator_.has_any() && (due || step_ == steps_)) MALMOI_TRY(evaluate(m));
    add_metrics(m);
    if (events_.on_step) events_.on_step(m);
    if (save_is_due()) save_on_the_way();
    return {};
  }

  // A state that is not finite would make all later steps like it.
  void move_streams(const StepResult& r) {
    if (std::isfinite(r.loss)) streams_->advance();
    else streams_->restart();
  }

  Status count_bad_step(const StepResult& r) {
    ++result_.skipped_steps;
    if (++bad_steps_ < c_.max_bad_steps) {
      std::string why = r.spike ? fmt::format("loss {:.4g} and gradient norm {:.4g} are a spike", r.loss, r.grad_norm)
                                : "loss or gradients are not finite";
      warn(fmt::format("step {}: {}; the step is skipped", step_ - 1, why));
      return {};
    }
    return too_many_bad_steps(r.spike);
  }

  // Spikes are of the data; what is not finite may be of the weights: then those of the last update are put aside, so that who
  // resumes goes on from the ones before.
  Error too_many_bad_steps(bool spike) const {
    std::string why = "their losses and gradients are spikes (train.spike_factor)";
    std::string remedy = "lower optimizer.lr, lengthen the warm-up or check the data";
    if (!spike) {
      why = "their loss or gradients were not finite";
      const std::optional<int64_t> before = store_.put_aside_from(learned_);
      remedy += before ? fmt::format(", then go on with --resume: from step {}, before it", *before)
                       : std::string("; no checkpoint is from before it: begin again in another out folder");
    }
    return invalid_data(fmt::format("{} steps in a row were skipped: {}", bad_steps_, why),
                        fmt::format("step {}", step_ - 1), remedy);
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

  Status evaluate_first() {
    StepMetrics m{.step = 0, .steps = steps_};
    MALMOI_TRY(evaluator_.measure(0, m));
    if (m.valid_loss) result_.last_valid_loss = m.valid_loss;
    if (stop_requested()) return {};  // what was measured may not be whole
    if (events_.on_evaluated) events_.on_evaluated(0);
    return events_.on_before ? events_.on_before(m) : Status();
  }

  Status evaluate(StepMetrics& m) {
    MALMOI_TRY(evaluator_.measure(step_, m));
    if (m.valid_loss) result_.last_valid_loss = m.valid_loss;
    if (events_.on_evaluated) events_.on_evaluated(step_);
    if (!may_be_best()) return {};
    const double score = best_.of(m);
    if (!std::isfinite(score) && stop_requested()) return {};  // what was not measured is no bad evaluation
    if (best_.is_better(score)) {
      best_.score = score;
      best_.loss = m.valid_loss.value_or(NAN);
      best_.step = step_;
      bad_evaluations_ = 0;
      if (Status told = events_.on_best ? events_.on_best(step_, best_.loss) : Status(); !told.ok())
        warn("the best model was not written, training goes on: " + told.error().to_string());
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
  Evaluator evaluator_{in_, events_};
  std::optional<Streams> streams_;  // data.order: streams
  MetricsFile metrics_;
  LoopResult result_;
  int64_t steps_ = in_.steps;  // of the whole run
  int64_t step_ = 0, updates_ = 0, saved_ = -1, masked_steps_ = 0;
  int64_t learned_ = 0;     // steps done when the weights last changed
  uint64_t sequences_ = 0;  // that were read
  double saved_at_ = 0, save_seconds_ = 0;
  int64_t bad_evaluations_ = 0, bad_steps_ = 0;
  bool metrics_failed_ = false, rounds_ = false;
  SpikeWatch spikes_{c_.spike_factor};
  BestScore best_{.metric = c_.best_metric, .min_delta = c_.min_delta};
};

}  // namespace

Result<LoopResult> run_loop(const LoopInputs& inputs, const LoopEvents& events) { return Loop(inputs, events).run(); }

}  // namespace malmoi::train
