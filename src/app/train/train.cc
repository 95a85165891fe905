#include "app/train/train.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/bench/figures.h"
#include "app/report/report.h"
#include "app/train/chats.h"
#include "app/train/choices.h"
#include "app/train/frozen.h"
#include "app/train/new_model.h"
#include "app/train/outputs.h"
#include "app/train/rollouts.h"
#include "app/train/steps.h"
#include "app/train/tables.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/parallel.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

std::string now_text() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

Status check_length(const ConfigDocument& document, const TrainConfig& config, const model::Model& model) {
  // Rows are looked at one by one, without their padding.
  bool rows = config.data.format == train::DataFormat::kArrays || config.data.has_text_rows();
  if (rows || config.data.sequence_length <= model.max_positions()) return {};
  return usage_error(
      fmt::format("is {}, the model has {} positions", config.data.sequence_length, model.max_positions()),
      document.where("data.sequence_length"), "shorten it");
}

// What judges answers that are sampled: their loss says nothing.
constexpr std::string_view kRewardMetric = "reward";

// A metric that nobody measures would be known after the first evaluation.
Status check_best_metric(const ConfigDocument& document, const TrainConfig& config, const Tables& tables,
                         const model::Model& model) {
  std::vector<std::string_view> known{"loss"};
  if (config.data.format == train::DataFormat::kPrompts) known = {kRewardMetric};
  else std::ranges::copy(train::objective_entry(config.objective.name).scores, std::back_inserter(known));
  std::ranges::copy(OutputMeter::scores_of(config, tables, model.task()), std::back_inserter(known));
  if (std::ranges::find(known, config.best_metric) != known.end()) return {};
  return usage_error("the run measures no '" + config.best_metric + "' of which more is better",
                     document.where("train.best_metric"), fmt::format("use one of {}", fmt::join(known, ", ")));
}

// Where the configuration gives epochs: so many sequences are read; else 0. Streams go on together, and groups are whole.
uint64_t sequences_of(const TrainConfig& config, const train::ExampleSource& data) {
  if (config.epochs <= 0) return 0;
  const auto asked = static_cast<uint64_t>(std::llround(config.epochs * static_cast<double>(data.size())));
  const uint64_t together =
      config.data.streams ? static_cast<uint64_t>(config.sequences_per_step()) : whole_groups(config);
  return std::max<uint64_t>((asked + together - 1) / together, 1) * together;
}

int64_t steps_of(const TrainConfig& config, uint64_t sequences) {
  if (config.steps > 0) return config.steps;
  const auto per_step = static_cast<uint64_t>(config.sequences_per_step());
  return static_cast<int64_t>((sequences + per_step - 1) / per_step);
}

// What is known before the first step.
TrainReport begin_report(const TrainConfig& config, const model::Model& model, const train::Objective& objective,
                         const FittedMemory& memory, const PreparedData& data) {
  TrainReport report;
  report.predicted_memory_bytes = memory.plan.total();
  report.started = now_text();
  report.parameters = model.parameter_count();
  if (model.adapter) report.adapter_parameters = model.adapter->parameters.count();
  report.cpu = cpu_model();
  report.isa = isa_name(active_isa());
  report.threads = num_threads();
  report.dtype = precision_name(config.precision);
  report.train_tokens = data.train->tokens();
  if (data.valid) report.valid_tokens = data.valid->tokens();
  report.flops_per_token = train::training_flops_per_token(model, objective, config.data.sequence_length);
  return report;
}

// For those who look at the run while it is at work, and to go on with it from the folder that its paths mean.
void write_begun(const RunFolder& folder, const TrainReport& report, int64_t steps, int64_t tokens_per_step,
                 const Job& job) {
  std::error_code ignored;
  const Json begun = {{"started", report.started},
                      {"parameters", report.parameters},
                      {"steps", steps},
                      {"tokens_per_step", tokens_per_step},
                      {"dtype", report.dtype},
                      {"threads", report.threads},
                      {"process", static_cast<int64_t>(::getpid())},
                      {"folder", std::filesystem::current_path(ignored).string()}};
  Status written = write_file(folder / kBegunFile, dump_json(begun, 2) + "\n");
  if (!written.ok()) job.warn(written.error().to_string());
}

void finish_report(TrainReport& report, const train::LoopResult& result, const TrainConfig& config,
                   const model::Model& model, const PreparedData& data) {
  report.status = result.interrupted ? "interrupted" : result.stopped_early ? "early_stopped" : "finished";
  report.finished = now_text();
  report.steps = result.steps;
  report.peak_memory_bytes = peak_resident_bytes();
  report.skipped_steps = result.skipped_steps;
  report.loss = result.last_loss;
  if (result.best_step < 0) return;
  report.best = {result.best_step, result.best_valid_loss, {}, {}, result.best_score};
  if (!train::objective_entry(config.objective.name).token_loss) return;
  report.best->perplexity = std::exp(result.best_valid_loss);
  // Only who predicts every token of a text encodes it.
  if (data.valid_bytes == 0 || model.task() != model::Task::kCausalLm) return;
  double bits = result.best_valid_loss / std::log(2.0) * static_cast<double>(data.valid->tokens() - 1);
  report.best->bits_per_byte = bits / static_cast<double>(data.valid_bytes);
}

// Of a run that was stopped and whose last steps are no checkpoint.
Error not_saved(const train::LoopResult& result, const Path& folder, const std::string& exported) {
  const std::string from =
      result.saved_step < 0 ? "from the beginning" : fmt::format("from step {}", result.saved_step);
  return {result.unsaved->code,
          fmt::format("stopped after step {}, whose checkpoint could not be written ({}){}", result.steps,
                      result.unsaved->to_string(), exported.empty() ? "" : "; its weights are in " + exported),
          folder.string(), "--resume goes on " + from};
}

}  // namespace

Result<TrainReport> train(const ConfigDocument& document, const TrainOptions& options, const Job& job) {
  MALMOI_ASSIGN(TrainConfig config, train::parse_train_config(document));
  MALMOI_TRY(resolve_init_from(config, job.message));
  keep_reference(config);
  MALMOI_TRY(measure_arrays(config));
  MALMOI_ASSIGN(RunFolder folder, RunFolder::open(config.out, document, options.resume));
  Choices choices(folder, options.resume);
  MALMOI_TRY(choices.choose_precision(config, job));
  MALMOI_ASSIGN(auto tokenizer, open_tokenizer(config));
  MALMOI_ASSIGN(Tables tables, read_tables(config));
  find_negatives(tables, config);
  MALMOI_ASSIGN(auto model, describe_model(document, config, tokenizer.get(), tables.labels));
  MALMOI_TRY(check_length(document, config, *model));
  MALMOI_TRY(check_best_metric(document, config, tables, *model));
  MALMOI_TRY(weigh_classes(tables, *model, config));
  MALMOI_ASSIGN(OpenedFrozen frozen, open_frozen(config, *model, true, job));
  const auto objective = train::make_objective(config.objective, frozen.frozen);
  PreparedData data;
  if (config.data.format == train::DataFormat::kTable) {
    MALMOI_ASSIGN(data, encode_tables(tables, config, *tokenizer, *model, job));
    tables.train = {};  // what was encoded; outputs are written for the held-out rows
  } else if (config.data.format == train::DataFormat::kChat) {
    MALMOI_ASSIGN(data, prepare_chats(config, *tokenizer, *model, job));
  }
  MALMOI_ASSIGN(const std::string template_file, chat_template_file(config));
  MALMOI_ASSIGN(FittedMemory memory, fit_memory(*model, *objective, config, job.stop));
  if (config.data.format == train::DataFormat::kPrompts) {
    MALMOI_ASSIGN(data, prepare_rollouts(config, model, *tokenizer, job));
  } else if (!config.data.has_text_rows()) {
    MALMOI_ASSIGN(data, prepare_data(config, tokenizer.get(), *model, job));
  }
  MALMOI_TRY(check_targets(config, data, *objective));
  MALMOI_TRY(check_held_out(config, data, job));
  MALMOI_TRY(fill_model(config, model, job.warn));
  MALMOI_TRY(know_reference(config, *model, arena_bytes(memory.plan), frozen, data, job));
  MALMOI_TRY(know_teacher(config, *model, arena_bytes(memory.plan), frozen, data, job));
  std::vector<Tensor> average;
  const auto measure = [&](double seconds) {
    return measure_steps({config, 0, 0, memory, data, *model, *objective, average, false, {}},
                         OutputMeter(config, folder, tables, *model, tokenizer.get(), job),
                         SampleWriter(config, folder, *model, tokenizer.get(), job),
                         ModelExport(folder, *model, tokenizer.get(), config.save_dtype, template_file), seconds, job);
  };
  MALMOI_ASSIGN(bool measured, choices.choose_length(config, measure, job));
  if (measured) MALMOI_TRY(fill_model(config, model, {}));  // as if nothing had been measured
  if (config.ema_decay > 0) average = copy_weights(*model);

  TrainReport report = begin_report(config, *model, *objective, memory, data);
  const uint64_t sequences = sequences_of(config, *data.train);
  const int64_t steps = steps_of(config, sequences);
  const int64_t tokens_per_step =
      config.sequences_per_step() * train::tokens_per_example(*objective, config.data.sequence_length);
  job.message(fmt::format("{} parameters, {} tokens to train on, {} steps of {} tokens",
                          format_count(static_cast<double>(report.parameters)),
                          format_count(static_cast<double>(report.train_tokens)), steps, tokens_per_step));
  if (report.adapter_parameters)
    job.message(fmt::format("{} parameters of an adapter are trained, the model's are frozen",
                            format_count(static_cast<double>(*report.adapter_parameters))));
  const double began = monotonic_seconds();
  RunDisplay display(job, folder);
  SampleWriter samples(config, folder, *model, tokenizer.get(), job);
  OutputMeter outputs(config, folder, tables, *model, tokenizer.get(), job);
  ModelExport exports(folder, *model, tokenizer.get(), config.save_dtype, template_file);
  write_begun(folder, report, steps, tokens_per_step, job);
  StepsInput input{
      config, steps, sequences, memory, data, *model, *objective, average, options.resume, options.trace, [&] {
        return folder.stop_requested();
      }};
  MALMOI_ASSIGN(train::LoopResult result, run_steps(input, display, samples, outputs, exports, job));

  folder.forget_stop();
  // A model takes less space than a checkpoint: it is tried also where that was too large.
  const Status exported = exports.write(exports.last());
  if (result.unsaved) return not_saved(result, folder.path(), exported.ok() ? exports.last() : "");
  MALMOI_TRY(exported);
  if (!average.empty()) MALMOI_TRY(exports.write_with("ema", average));
  report.seconds = monotonic_seconds() - began;
  finish_report(report, result, config, *model, data);
  if (auto before = read_json((folder / kBeforeFile).string()); before.ok()) report.before = *before;
  MALMOI_TRY(write_file(folder / "run.json", dump_json(to_json(report), 2) + "\n"));
  MALMOI_TRY(write_report(folder.path()));
  if (result.interrupted)
    return Error{ErrorCode::kCancelled, fmt::format("stopped after step {}; everything is saved", result.steps),
                 folder.path().string(), "go on with --resume"};
  return report;
}

}  // namespace malmoi::app
