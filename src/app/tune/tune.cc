#include "app/tune/tune.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "app/report/evaluations.h"
#include "app/train/data.h"
#include "app/train/memory.h"
#include "app/train/planner.h"
#include "app/train/train.h"
#include "app/tune/tuned_model.h"
#include "app/use/adapter.h"
#include "base/counted.h"
#include "base/json_read.h"
#include "base/log.h"
#include "infer/state_budget.h"

namespace malmoi::app {
namespace {

constexpr const char* kTuneFile = "tune.yaml";
constexpr double kUsableMemory = 0.9;  // of what is free: other programs go on
constexpr double kLongRun = 2 * 3600;  // seconds, beyond which --minutes is mentioned

Result<Path> folder_for(const TuneOptions& options) {
  Path out = options.out;
  if (out.empty()) out = Path("runs") / (std::string(goal_name(options.goal)) + "-" + options.data.stem().string());
  if (malmoi::exists(out / "metrics.jsonl") || malmoi::exists(out / "checkpoints"))
    return usage_error("already holds a run", out.string(),
                       "go on with it by `malmoi train " + shell_word((out / kTuneFile).string()) +
                           " --resume`, or name another folder with --out");
  return out;
}

Result<Json> asked_of(const TuneOptions& options) {
  ConfigDocument document{.root = Json::object(), .file = "--set"};
  for (const std::string& assignment : options.assignments) MALMOI_TRY(override_config(document, assignment));
  return document.root;
}

Result<Survey> survey_for(const TuneOptions& options, const TunedModel& model, const Json& asked, const Job& job) {
  if (options.goal == TuneGoal::kChat) return survey_chats(options.data, model.folder.string(), asked, job);
  train::TrainConfig config{.init_from = model.folder.string(), .tokenizer = json_string(asked, "tokenizer")};
  config.data.format = train::DataFormat::kTable;
  MALMOI_ASSIGN(const auto tokenizer, open_tokenizer(config));
  return survey_table(options.data, options.goal, asked, *tokenizer, job);
}

// A way of training that fits, with its plan.
struct FoundWay {
  std::string_view name;
  PlanReport plan;
  double seconds = 0;  // of steps and evaluations
};

// An evaluation reads forward alone, which is half of a step or less.
double seconds_of(const PlanReport& plan, uint64_t valid_tokens) {
  constexpr double kEvaluations = 6, kForwardShare = 0.5;
  return plan.seconds_per_step * static_cast<double>(plan.steps) +
         kEvaluations * kForwardShare * static_cast<double>(valid_tokens) / plan.tokens_per_second();
}

Result<FoundWay> find_way(Draft& draft, const WaysToTry& ways, const Job& job) {
  const auto limit =
      std::min(static_cast<int64_t>(kUsableMemory * static_cast<double>(infer::free_bytes())), machine_memory());
  std::optional<Planner> planner;
  std::string did_not_fit, remedy;
  do {
    for (std::string_view way : ways.names) {
      MALMOI_ASSIGN(const ConfigDocument document, draft.planned(way, limit));
      if (!planner) {
        MALMOI_ASSIGN(planner, Planner::open(document, {}, job.stop));
      }
      auto plan = planner->plan(document);
      const bool is_first = way == ways.names.front();
      if (!plan.ok() && (is_first || plan.error().code == ErrorCode::kCancelled)) return plan.error();
      if (!plan.ok()) continue;  // what cannot be had of this model is no way out
      if (plan->does_not_fit.empty()) {
        if (!is_first) draft.choices.push_back({"memory", std::string(way), did_not_fit});
        const double seconds = seconds_of(*plan, planner->valid_tokens());
        return FoundWay{way, *std::move(plan), seconds};
      }
      did_not_fit = plan->does_not_fit;
      remedy = plan->remedy;
    }
  } while (draft.halve_batch());
  return out_of_memory(did_not_fit, "tune",
                       "give a smaller model, or shorter rows with --set data.sequence_length=N (" + remedy + ")");
}

void add_memory_and_time(Draft& draft, const FoundWay& found, const WaysToTry& ways, const Json& root) {
  const PlanReport& plan = found.plan;
  draft.choices.push_back({"training", found.name == kFullWay ? "all weights" : std::string(found.name), ways.why});
  const Json& train = root["train"];
  const int64_t accumulation = json_count(train, "gradient_accumulation").value_or(1);
  draft.choices.push_back(
      {"step",
       fmt::format("{}{}",
                   counted(static_cast<uint64_t>(json_count(train, "batch_size").value_or(plan.batch_size)), "row"),
                   accumulation > 1 ? fmt::format(" at a time, {} times", accumulation) : ""),
       fmt::format("{} of memory, checkpointing {}", format_bytes(static_cast<double>(plan.memory.total())),
                   plan.checkpointing)});
  const Json optimizer = train.value("optimizer", Json::object());
  if (optimizer.is_object() && optimizer.contains("lr"))
    draft.choices.push_back(
        {"rate", dump_json(optimizer["lr"]),
         found.name == kFullWay ? "of all weights" : "of an adapter: ten times that of all weights, or more"});
}

std::string length_of_run(const Json& train) {
  for (const char* key : {"steps", "epochs", "minutes"}) {
    if (train.contains(key)) return fmt::format("{} {}", dump_json(train[key]), key);
  }
  return "?";
}

// What a run that was stopped says of --resume, which tune has not.
Error with_way_on(Error error, const std::string& config) {
  if (error.code == ErrorCode::kCancelled)
    error.remedy = "go on with `malmoi train " + shell_word(config) + " --resume`";
  return error;
}

void tell(const TuneReport& report, const Job& job) {
  job.message(report.found);
  for (const TuneChoice& choice : report.choices)
    job.message(fmt::format("{:<10} {} ({})", choice.what, choice.chosen, choice.why));
}

// Chooses everything, writes it, and says so.
Result<TuneReport> prepare_tuning(const TuneOptions& options, const TunedModel& model, const Path& out,
                                  const Job& job) {
  MALMOI_ASSIGN(const Json asked, asked_of(options));
  MALMOI_ASSIGN(const Survey survey, survey_for(options, model, asked, job));
  std::error_code ignored;
  const std::string data = std::filesystem::absolute(options.data, ignored).lexically_normal().string();
  Draft draft = Draft::make({.goal = options.goal,
                             .survey = survey,
                             .model = model.name,
                             .data = data,
                             .out = out.string(),
                             .parameters = model.parameters,
                             .max_positions = model.max_positions,
                             .assignments = options.assignments,
                             .asked = asked});
  const WaysToTry ways = choose_ways(survey.objective, model.parameters, asked);
  MALMOI_ASSIGN(FoundWay found, find_way(draft, ways, job));
  const double whole = found.seconds;
  const Json& asked_train = json_object(asked, "train");
  const bool length_is_asked =
      asked_train.contains("steps") || asked_train.contains("epochs") || asked_train.contains("minutes");
  const bool cut_short = !length_is_asked && options.minutes > 0 && whole > 60 * options.minutes;
  MALMOI_ASSIGN(const ConfigDocument document, draft.finished(found.name, found.plan, cut_short ? options.minutes : 0));

  TuneReport report{.found = options.data.string() + ": " + survey.told,
                    .config = (out / kTuneFile).string(),
                    .seconds = cut_short ? 60 * options.minutes : whole,
                    .model = out.string()};
  add_memory_and_time(draft, found, ways, document.root);
  draft.choices.push_back(
      {"time", fmt::format("about {} for {}", format_duration(report.seconds), length_of_run(document.root["train"])),
       cut_short                   ? fmt::format("all epochs would take {}", format_duration(whole))
       : report.seconds > kLongRun ? "--minutes N makes it shorter"
                                   : fmt::format("by the speed of products here; {} steps", found.plan.steps)});
  report.choices = std::move(draft.choices);
  report.plan = std::move(found.plan);
  std::vector<std::string> heads{"By malmoi tune, for the goal " + std::string(goal_name(options.goal)) + ". " +
                                 report.found};
  for (const TuneChoice& choice : report.choices)
    heads.push_back(choice.what + ": " + choice.chosen + " (" + choice.why + ")");
  MALMOI_TRY(make_folder(out));
  MALMOI_TRY(write_file(report.config, yaml_text(document.root, heads)));
  tell(report, job);
  job.message("the configuration is " + report.config);
  return report;
}

}  // namespace

Json to_json(const TuneReport& report) {
  Json choices = Json::array();
  for (const TuneChoice& choice : report.choices)
    choices.push_back({{"what", choice.what}, {"chosen", choice.chosen}, {"why", choice.why}});
  Json json = {{"found", report.found},        {"choices", choices},        {"config", report.config},
               {"plan", to_json(report.plan)}, {"seconds", report.seconds}, {"trained", report.trained}};
  if (!report.trained) return json;
  json["model"] = report.model;
  json["before"] = report.before;
  json["after"] = report.after;
  json["commands"] = report.commands;
  return json;
}

Result<TuneReport> tune(const TuneOptions& options, const Job& job) {
  MALMOI_ASSIGN(const Path out, folder_for(options));
  MALMOI_ASSIGN(const TunedModel model, find_tuned_model(options.model, options.goal, job));
  MALMOI_ASSIGN(TuneReport report, prepare_tuning(options, model, out, job));
  if (options.dry_run) return report;
  MALMOI_ASSIGN(const ConfigDocument document, read_config(report.config));
  auto trained = train(document, {}, job);
  if (!trained.ok()) return with_way_on(trained.error(), report.config);
  report.trained = true;
  const Path run = ConfigReader(document).text("out", "");
  report.model = run.string();
  const Evaluations measured = read_evaluations(run, to_json(*trained));
  if (measured.before) report.before = measured.before->figures;
  if (measured.best) report.after = measured.best->figures;
  report.changes = changes_text(measured);
  const bool adapter = trained->adapter_parameters.has_value();
  if (adapter && options.merge)
    MALMOI_TRY(merge_adapter({.model = model.name, .adapter = run, .out = run / "model", .dtype = {}}, job));
  report.commands = commands_to_use(options.goal, run, model.name, adapter && !options.merge);
  return report;
}

}  // namespace malmoi::app
