#include "app/train/train.h"

#include <sys/resource.h>

#include <array>
#include <cstring>
#include <cmath>
#include <ctime>
#include <fstream>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/use/generate.h"
#include "app/report/report.h"
#include "app/train/setup.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/parallel.h"
#include "formats/tensorboard.h"
#include "kernels/gemm.h"
#include "model/io.h"
#include "train/loop.h"

namespace malmoi::app {
namespace {

namespace fs = std::filesystem;
using train::TrainConfig;

std::string now_text() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

int64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

// The configuration as it was resolved; JSON is YAML.
Status write_config(const ConfigDocument& document, const Path& file) {
  return write_file(file, dump_json(document.root, 2) + "\n");
}

// One run: its folder, what it tells, and what it leaves.
class Run {
 public:
  Run(const ConfigDocument& document, const TrainOptions& options, const TrainEvents& events)
      : document_(document), options_(options), events_(events) {}

  Result<Json> run() {
    MALMOI_ASSIGN(config_, train::parse_train_config(document_));
    out_ = config_.out;
    MALMOI_TRY(open_folder());
    MALMOI_ASSIGN(auto tokenizer, open_tokenizer(config_));
    MALMOI_ASSIGN(model_, make_model(document_, config_, tokenizer.get()));
    if (config_.data.sequence_length > model_->max_positions())
      return usage_error(
          fmt::format("is {}, the model has {} positions", config_.data.sequence_length, model_->max_positions()),
          document_.where("data.sequence_length"), "shorten it");
    MALMOI_ASSIGN(train::MemoryPlan memory, fit_memory(*model_, config_, level_));
    facts_["predicted_memory_bytes"] = memory.total();
    MALMOI_ASSIGN(data_, prepare_data(config_, std::move(tokenizer), model_->vocab_size(), events_));
    steps_ = config_.steps > 0
                 ? config_.steps
                 : static_cast<int64_t>(std::ceil(config_.epochs * static_cast<double>(data_.train->windows()) /
                                                  static_cast<double>(config_.sequences_per_step())));
    MALMOI_TRY(prepare_model());
    MALMOI_TRY(train_steps(memory));
    return finish();
  }

 private:
  Status open_folder() {
    bool holds_run = fs::exists(out_ / "metrics.jsonl") || fs::exists(out_ / "checkpoints");
    if (holds_run && !options_.resume)
      return usage_error("already holds a run", out_.string(), "go on with --resume, or name another out folder");
    MALMOI_TRY(make_folder(out_));
    return write_config(document_, out_ / "config.yaml");
  }

  Status prepare_model() {
    DType type = activation_type(config_.precision);
    if (config_.init_from) {
      MALMOI_ASSIGN(model_, model::load_model(*config_.init_from, {model::Purpose::kTraining, type}));
    } else {
      model_->allocate(model::Purpose::kTraining, type);
      model_->initialize(config_.seed);
    }
    std::vector<train::Parameter*> parameters;
    for (const auto& p : model_->parameters()) parameters.push_back(p.get());
    optimizer_ = train::optimizer_entry(config_.optimizer.name).make(config_.optimizer, std::move(parameters));
    if (config_.ema_decay > 0) {
      for (const auto& p : model_->parameters()) {
        ema_.push_back(Tensor::zeros(DType::kF32, p->shape));
        std::memcpy(ema_.back().data(), p->master.data(), p->master.bytes());
      }
    }
    return {};
  }

  Status train_steps(const train::MemoryPlan& memory) {
    // A little room beyond the plan: documents cut rows into more runs than the rehearsal had.
    train::StepperOptions options{.checkpointing = level_,
                                  .seed = config_.seed,
                                  .grad_clip = config_.grad_clip,
                                  .label_smoothing = static_cast<float>(config_.label_smoothing),
                                  .z_weight = static_cast<float>(config_.z_loss),
                                  .arena_bytes = memory.activations + (memory.activations >> 3) + (16 << 20),
                                  .int8_products = config_.precision == Precision::kInt8};
    MALMOI_ASSIGN(train::Stepper stepper, train::Stepper::create(*model_, *optimizer_, options));
    autograd::Profile profile;
    if (options_.profile) stepper.set_profile(&profile);
    describe();
    started_ = monotonic_seconds();
    train::LoopInputs inputs{&config_,
                             &stepper,
                             optimizer_.get(),
                             data_.train.get(),
                             data_.valid.get(),
                             ema_.empty() ? nullptr : &ema_,
                             steps_,
                             options_.resume};
    auto done = train::run_loop(inputs, loop_events());
    board_.reset();
    if (!done.ok()) return std::move(done).error();
    result_ = *done;
    if (options_.profile) {
      if (events_.message) events_.message("\n" + profile.table());
      MALMOI_TRY(profile.write_trace(*options_.profile));
    }
    return {};
  }

  void describe() {
    facts_["started"] = now_text();
    facts_["parameters"] = model_->parameter_count();
    facts_["cpu"] = cpu_model();
    facts_["isa"] = isa_name(active_isa());
    facts_["threads"] = num_threads();
    facts_["dtype"] = precision_name(config_.precision);
    facts_["train_tokens"] = data_.train->tokens();
    if (data_.valid) facts_["valid_tokens"] = data_.valid->tokens();
    facts_["flops_per_token"] = model_->training_flops_per_token(config_.data.sequence_length);
    if (events_.message)
      events_.message(fmt::format("{} parameters, {} tokens to train on, {} steps of {} tokens",
                                  format_count(static_cast<double>(model_->parameter_count())),
                                  format_count(static_cast<double>(data_.train->tokens())), steps_,
                                  config_.sequences_per_step() * config_.data.sequence_length));
  }

  train::LoopEvents loop_events() {
    train::LoopEvents e;
    e.on_step = [this](const train::StepMetrics& m) { show(m); };
    e.on_evaluation = [this](int64_t done, int64_t total) {
      if (events_.progress) events_.progress(fmt::format("validation: {} of {}", done, total));
    };
    e.on_evaluated = [this](int64_t step) { sample(step); };
    e.on_best = [this](int64_t, double) { return export_model("best"); };
    e.warn = [](const std::string& text) { log_warning(text); };
    e.stop_requested = events_.stop_requested;
    return e;
  }

  // Once, when it is known after how many steps this call goes on: what an earlier one wrote of later steps is taken back.
  void open_outputs(int64_t done_before) {
    if (outputs_open_) return;
    outputs_open_ = true;
    auto board = formats::TensorboardWriter::create(out_, done_before);
    if (board.ok()) board_.emplace(std::move(*board));
    else log_warning(board.error().to_string());
    std::ifstream file(out_ / "samples.jsonl");
    std::string kept, text;
    while (std::getline(file, text)) {
      auto line = parse_json(text, "samples.jsonl");
      if (line.ok() && line->is_object() && line->value("step", int64_t{0}) <= done_before) kept += text + "\n";
    }
    if (file.eof() && fs::exists(out_ / "samples.jsonl")) {
      if (Status done = write_file(out_ / "samples.jsonl", kept); !done.ok()) log_warning(done.error().to_string());
    }
  }

  void show(const train::StepMetrics& m) {
    open_outputs(m.step);
    if (m.valid_loss) last_valid_ = m.valid_loss;
    // The rate is averaged over about the last twenty steps, so that the time left does not jump.
    double seconds = static_cast<double>(m.tokens) / std::max(m.tokens_per_second, 1e-9);
    seconds_a_step_ = seconds_a_step_ == 0 ? seconds : 0.95 * seconds_a_step_ + 0.05 * seconds;
    if (board_) {
      (void)board_->scalar("loss/train", m.step, static_cast<float>(m.loss));
      (void)board_->scalar("grad_norm", m.step, static_cast<float>(m.grad_norm));
      (void)board_->scalar("lr", m.step, static_cast<float>(m.lr));
      (void)board_->scalar("tokens_per_second", m.step, static_cast<float>(m.tokens_per_second));
      if (m.valid_loss) (void)board_->scalar("loss/valid", m.step, static_cast<float>(*m.valid_loss));
    }
    std::string valid = last_valid_ ? fmt::format("  valid {:.4f}", *last_valid_) : "";
    std::string line = fmt::format("step {}/{}  loss {:.4f}{}  {} tokens/s  {} left", m.step + 1, steps_, m.loss, valid,
                                   format_count(m.tokens_per_second),
                                   format_duration(seconds_a_step_ * static_cast<double>(steps_ - m.step - 1)));
    if (m.valid_loss && events_.message) events_.message(line);
    else if (events_.progress) events_.progress(line);
  }

  // A continuation of each prompt by the model as it is, into samples.jsonl.
  void sample(int64_t step) {
    open_outputs(step - 1);
    if (config_.samples.prompts.empty() || !data_.tokenizer) return;
    std::ofstream file(out_ / "samples.jsonl", std::ios::app);
    for (const std::string& prompt : config_.samples.prompts) {
      infer::Request request;
      request.prompt = data_.tokenizer->encode(prompt, {.add_special = false, .parse_special = false});
      if (request.prompt.empty()) continue;
      request.max_tokens = config_.samples.tokens;
      request.sampling.temperature = config_.samples.temperature;
      request.sampling.seed = config_.seed;
      if (auto eos = data_.tokenizer->eos_id()) request.stop_ids.push_back(*eos);
      std::string text;
      Status done = infer::generate(*model_, *data_.tokenizer, std::move(request), [&](const infer::TokenEvent& event) {
        text += event.text;
        return true;
      });
      if (done.ok()) file << dump_json(Json{{"step", step}, {"prompt", prompt}, {"text", text}}) << "\n";
    }
  }

  // Exports under a temporary name, then takes the place of what was there.
  Status export_model(const char* name) {
    Path place = out_ / name, temporary = out_ / (std::string(".") + name + ".writing"),
         old = out_ / (std::string(".") + name + ".old");
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    MALMOI_TRY(model::save_model(*model_, temporary, config_.save_dtype));
    if (data_.tokenizer) MALMOI_TRY(data_.tokenizer->save(temporary));
    fs::remove_all(old, ignored);
    if (fs::exists(place)) fs::rename(place, old, ignored);
    std::error_code error;
    fs::rename(temporary, place, error);
    if (error) return io_error("cannot rename into place", place.string(), error.value());
    fs::remove_all(old, ignored);
    return {};
  }

  Status export_average() {
    if (ema_.empty()) return {};
    const auto& parameters = model_->parameters();
    for (size_t i = 0; i < ema_.size(); ++i) std::swap(parameters[i]->master, ema_[i]);
    Status done = export_model("ema");
    for (size_t i = 0; i < ema_.size(); ++i) std::swap(parameters[i]->master, ema_[i]);
    return done;
  }

  Result<Json> finish() {
    MALMOI_TRY(export_model("model"));
    MALMOI_TRY(export_average());
    facts_["status"] = result_.interrupted ? "interrupted" : result_.stopped_early ? "early_stopped" : "finished";
    facts_["finished"] = now_text();
    facts_["seconds"] = monotonic_seconds() - started_;
    facts_["steps"] = result_.steps;
    facts_["peak_memory_bytes"] = peak_memory_bytes();
    facts_["skipped_steps"] = result_.skipped_steps;
    if (result_.last_loss) facts_["loss"] = *result_.last_loss;
    if (result_.best_step >= 0) {
      facts_["best_step"] = result_.best_step;
      facts_["best_valid_loss"] = result_.best_valid_loss;
      facts_["perplexity"] = std::exp(result_.best_valid_loss);
      if (data_.valid_bytes > 0)
        facts_["bits_per_byte"] = result_.best_valid_loss * static_cast<double>(data_.valid->tokens() - 1) /
                                  (static_cast<double>(data_.valid_bytes) * std::log(2.0));
    }
    MALMOI_TRY(write_file(out_ / "run.json", dump_json(facts_, 2) + "\n"));
    MALMOI_TRY(write_report(out_));
    if (result_.interrupted)
      return Error{ErrorCode::kCancelled, fmt::format("stopped after step {}; everything is saved", result_.steps),
                   out_.string(), "go on with --resume"};
    return facts_;
  }

  const ConfigDocument& document_;
  const TrainOptions& options_;
  const TrainEvents& events_;
  TrainConfig config_;
  Path out_;
  autograd::Checkpointing level_ = autograd::Checkpointing::kCheap;
  std::unique_ptr<model::Model> model_;
  PreparedData data_;
  std::unique_ptr<train::Optimizer> optimizer_;
  std::vector<Tensor> ema_;
  int64_t steps_ = 0;
  double started_ = 0, seconds_a_step_ = 0;
  std::optional<double> last_valid_;
  std::optional<formats::TensorboardWriter> board_;
  bool outputs_open_ = false;
  train::LoopResult result_;
  Json facts_ = Json::object();
};

// FLOP/s of products like those of a step, measured for a moment.
double measured_rate(int64_t rows, int64_t width, Precision precision) {
  DType type = activation_type(precision);
  rows = std::clamp<int64_t>(rows, 64, 4096);
  width = std::clamp<int64_t>(width, 32, 4096);
  Tensor a = Tensor::zeros(type, {rows, width}), b = Tensor::zeros(type, {4 * width, width}),
         c = Tensor::zeros(type, {rows, 4 * width});
  kernels::GemmArgs args{.m = rows,
                         .n = 4 * width,
                         .k = width,
                         .a = a.data(),
                         .a_type = type,
                         .lda = width,
                         .b = b.data(),
                         .b_type = type,
                         .ldb = width,
                         .transpose_b = true,
                         .c = c.data(),
                         .c_type = type,
                         .ldc = 4 * width,
                         .int8 = precision == Precision::kInt8};
  kernels::gemm(args);
  double best = 1e9, stop = monotonic_seconds() + 0.3;
  do {
    double begin = monotonic_seconds();
    kernels::gemm(args);
    best = std::min(best, monotonic_seconds() - begin);
  } while (monotonic_seconds() < stop);
  return 2.0 * static_cast<double>(rows * 4 * width * width) / best;
}

}  // namespace

Result<Json> train(const ConfigDocument& document, const TrainOptions& options, const TrainEvents& events) {
  return Run(document, options, events).run();
}

Result<Json> plan(const ConfigDocument& document) {
  MALMOI_ASSIGN(TrainConfig config, train::parse_train_config(document));
  MALMOI_ASSIGN(auto tokenizer, open_tokenizer(config));
  MALMOI_ASSIGN(auto model, make_model(document, config, tokenizer.get()));
  autograd::Checkpointing level;
  MALMOI_ASSIGN(train::MemoryPlan memory, fit_memory(*model, config, level));
  int64_t tokens_per_step = config.sequences_per_step() * config.data.sequence_length;
  double flops = model->training_flops_per_token(config.data.sequence_length);
  double rate = measured_rate(config.batch_size * config.data.sequence_length, model->hidden_size(), config.precision);
  // Products reach about nine tenths of what they do alone; the rest of a step is memory's.
  double step_seconds = flops * static_cast<double>(tokens_per_step) / (0.8 * rate);
  Json json = {{"architecture", model->architecture()},
               {"parameters", model->parameter_count()},
               {"tokens_per_step", tokens_per_step},
               {"flops_per_token", flops},
               {"flops_per_step", flops * static_cast<double>(tokens_per_step)},
               {"batch_size", config.batch_size},
               {"gradient_accumulation", config.gradient_accumulation},
               {"checkpointing", std::array{"none", "cheap", "block"}[static_cast<size_t>(level)]}};
  json["memory_bytes"] = {{"weights", memory.weights},     {"gradients", memory.gradients},
                          {"optimizer", memory.optimizer}, {"activations", memory.activations},
                          {"process", memory.process},     {"total", memory.total()}};
  json["measured_flops_per_second"] = rate;
  json["seconds_per_step"] = step_seconds;
  json["tokens_per_second"] = static_cast<double>(tokens_per_step) / step_seconds;
  if (config.steps > 0) {
    json["steps"] = config.steps;
    json["tokens"] = tokens_per_step * config.steps;
    json["seconds"] = step_seconds * static_cast<double>(config.steps);
  }
  return json;
}

}  // namespace malmoi::app
