// Running a recipe: what is current, what has to run and why, and the state that survives a kill.
#include <fmt/format.h>

#include "app/recipe/file_index.h"
#include "app/recipe/recipe.h"
#include "app/use/generate.h"
#include "base/file_lock.h"
#include "base/hash.h"
#include "base/log.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kMaxStamp = 256 << 20;

// Held while a recipe runs: two runs would overwrite each other's work.
Result<FileLock> lock_recipe(const Path& file) {
  MALMOI_ASSIGN(FileLock lock, FileLock::open(file));
  if (!lock.try_lock())
    return usage_error("another run of this recipe is at work", file.string(), "wait for it, or stop it");
  return lock;
}

// What a stage was made from; two equal ones make the same.
struct Fingerprint {
  Json settings;
  Json inputs = Json::object();  // path -> hash
  int version = 1;
};

// A path, or a model that is named as commands name it (`malmoi pull`).
Result<Hash128> hash_of(const Path& input, FileIndex& index) {
  if (!malmoi::exists(input)) {
    if (auto model = find_model(input.string()); model.ok()) return index.hash(*model);
  }
  return index.hash(input);
}

Result<Fingerprint> fingerprint_of(const Stage& stage, FileIndex& index) {
  Fingerprint print{stage.settings.root, Json::object(), stage.kind->version};
  for (const std::vector<Path>* inputs : {&stage.inputs, &stage.implied}) {
    for (const Path& input : *inputs) {
      Result<Hash128> hash = hash_of(input, index);
      if (!hash.ok()) return std::move(hash).error();
      print.inputs[input.string()] = to_hex(*hash);
    }
  }
  return print;
}

// The first difference of two values, as a dotted key; empty if they are equal.
std::string first_difference(const Json& before, const Json& now, const std::string& path) {
  if (before == now) return "";
  if (before.is_object() && now.is_object()) {
    for (const auto& [key, value] : now.items()) {
      auto found = before.find(key);
      std::string inner = path + "." + key;
      if (found == before.end()) return inner;
      if (std::string difference = first_difference(*found, value, inner); !difference.empty()) return difference;
    }
    for (const auto& [key, value] : before.items()) {
      if (!now.contains(key)) return path + "." + key;
    }
    return "";  // another order of the same keys
  }
  return path;
}

// The files of an output with their sizes, to notice that some are gone or cut short.
Json list_output(const Path& out) {
  Json list = Json::array();
  Result<std::vector<Path>> files = list_files(out);
  if (!files.ok()) return list;
  for (const Path& file : *files) {
    std::error_code error;
    uint64_t size = std::filesystem::file_size(file, error);
    if (!error) list.push_back({file.lexically_relative(out).string(), size});
  }
  return list;
}

bool output_stands(const Path& out, const Json& list) {
  std::error_code error;
  if (!std::filesystem::exists(out, error)) return false;
  for (const Json& file : list) {
    Path path = out / file.at(0).get<std::string>();
    if (file.at(0) == ".") path = out;
    if (std::filesystem::file_size(path, error) != file.at(1).get<uint64_t>() || error) return false;
  }
  return true;
}

bool well_formed(const Json& stamp) {
  if (!stamp.is_object() || !stamp.contains("settings") || !stamp.contains("inputs") || !stamp.contains("out"))
    return false;
  auto version = stamp.find("version");
  if (version == stamp.end() || !version->is_number_integer()) return false;
  auto files = stamp.find("files");
  if (files == stamp.end() || !files->is_array()) return false;
  for (const Json& file : *files) {
    if (!file.is_array() || file.size() != 2 || !file[0].is_string() || !file[1].is_number_unsigned()) return false;
  }
  return true;
}

// Why the stage has to run, given what its stamp says; empty if it is current.
std::string reason_to_run(const Stage& stage, const Fingerprint& print, const Json& stamp) {
  if (!well_formed(stamp)) return "never ran";
  if (stamp["version"] != print.version || json_string(stamp, "kind") != stage.kind->name)
    return "its kind makes something else now";
  if (json_string(stamp, "out") != stage.out.string()) return "out changed";
  if (std::string key = first_difference(stamp["settings"], print.settings, "settings"); !key.empty())
    return key + " changed";
  if (stamp["inputs"] != print.inputs) {
    for (const auto& [path, hash] : print.inputs.items()) {
      auto before = stamp["inputs"].find(path);
      if (before == stamp["inputs"].end()) return path + " is a new input";
      if (*before != hash) return path + " changed";
    }
    if (stamp["inputs"].size() != print.inputs.size()) return "an input was taken away";
  }
  if (json_string(stamp, "status") != "done") return "was interrupted";
  if (!output_stands(stage.out, stamp["files"])) return "its output is gone or damaged";
  return "";
}

// A folder that a recipe made says so itself: a stamp may come from elsewhere, with a recipe that names any folder as
// its output, and what is removed must be ours.
constexpr const char* kMark = ".made-by-malmoi-run";

bool carries_mark(const Path& out) { return malmoi::exists(out / kMark); }

Status mark_output(const Path& out, const std::string& stage) {
  MALMOI_TRY(make_folder(out));
  return write_file(out / kMark, "Stage " + stage + " of a recipe made this folder; malmoi run replaces it whole.\n");
}

class Runner {
 public:
  Runner(const Recipe& recipe, const RecipeOptions& options, const Job& job)
      : recipe_(recipe), options_(options), job_(job), state_(recipe.work / ".recipe"), index_(state_ / "files") {}

  Result<std::vector<StageOutcome>> run() {
    std::vector<StageOutcome> outcomes;
    for (const Stage& stage : recipe_.stages) {
      MALMOI_ASSIGN(StageOutcome outcome, run_stage(stage, outcomes.size() + 1));
      outcomes.push_back(std::move(outcome));
      if (stage.name == options_.until) break;
    }
    return outcomes;
  }

 private:
  Path stamp_path(const Stage& stage) const { return state_ / (stage.name + ".json"); }

  Result<StageOutcome> run_stage(const Stage& stage, size_t number) {
    StageOutcome outcome{stage.name, false, "", 0};
    std::string label = fmt::format("[{}/{}] {}", number, recipe_.stages.size(), stage.name);
    if (options_.dry_run && upstream_runs_) {
      outcome.reason = "an earlier stage runs";
      job_.message(label + ": would run: " + outcome.reason);
      return outcome;
    }
    Json stamp;
    if (Result<Json> read = read_json(stamp_path(stage).string(), kMaxStamp); read.ok()) stamp = std::move(*read);
    Result<Fingerprint> print = fingerprint_of(stage, index_);
    if (!print.ok()) return in_stage(stage, print.error());
    outcome.reason = reason_to_run(stage, *print, stamp);
    if (stage.name == options_.again) forced_ = true;
    if (outcome.reason.empty() && forced_) outcome.reason = "asked for";
    if (outcome.reason.empty()) {
      job_.message(label + ": current");
      return outcome;
    }
    upstream_runs_ = true;
    if (options_.dry_run) {
      job_.message(label + ": would run: " + outcome.reason);
      return outcome;
    }
    job_.message(label + ": runs: " + outcome.reason);
    MALMOI_TRY(work(stage, *print, outcome));
    job_.message(fmt::format("{}: done in {}", label, format_duration(outcome.seconds)));
    return outcome;
  }

  // Takes away what an earlier run of the stage left, unless it goes on from that; whatever else is there stays.
  Status clear_output(const Stage& stage, bool resume) {
    if (!malmoi::exists(stage.out) || is_empty_folder(stage.out)) return {};
    if (!carries_mark(stage.out))
      return in_stage(stage, usage_error("is there already and was not made by a recipe", stage.out.string(),
                                         "move it away, or give the stage another out"));
    if (resume) return {};
    std::error_code error;
    std::filesystem::remove_all(stage.out, error);
    if (error) return in_stage(stage, io_error("cannot remove the old output", stage.out.string(), error.value()));
    return {};
  }

  Status work(const Stage& stage, const Fingerprint& print, StageOutcome& outcome) {
    double begin = monotonic_seconds();
    MALMOI_TRY(clear_output(stage, outcome.reason == "was interrupted" && stage.kind->resumes));
    bool resume = carries_mark(stage.out);
    MALMOI_TRY(mark_output(stage.out, stage.name));
    Json running = stamp_of(stage, print, "running");
    running["files"] = Json::array();
    MALMOI_TRY(write_file(stamp_path(stage), dump_json(running)));
    Status done = stage.kind->run({stage.settings, stage.inputs, stage.out, resume, job_});
    if (!done.ok()) return in_stage(stage, done.error());
    MALMOI_TRY(job_.stop.check("stage " + stage.name, "run it again to go on"));
    Json finished = stamp_of(stage, print, "done");
    finished["files"] = list_output(stage.out);
    outcome.ran = true;
    outcome.seconds = monotonic_seconds() - begin;
    finished["seconds"] = outcome.seconds;
    MALMOI_TRY(write_file(stamp_path(stage), dump_json(finished)));
    return index_.save();
  }

  static bool is_empty_folder(const Path& path) {
    std::error_code error;
    return std::filesystem::is_directory(path, error) && std::filesystem::is_empty(path, error);
  }

  static Json stamp_of(const Stage& stage, const Fingerprint& print, const char* status) {
    return {{"kind", stage.kind->name},  {"version", print.version},   {"status", status},
            {"out", stage.out.string()}, {"settings", print.settings}, {"inputs", print.inputs}};
  }

  static Error in_stage(const Stage& stage, Error error) {
    error.where = "stage " + stage.name + (error.where.empty() ? "" : ": " + error.where);
    return error;
  }

  const Recipe& recipe_;
  const RecipeOptions& options_;
  const Job& job_;
  Path state_;
  FileIndex index_;
  bool upstream_runs_ = false, forced_ = false;
};

Status check_stage_name(const Recipe& recipe, const std::string& name, const char* option) {
  if (name.empty()) return {};
  std::vector<std::string> names;
  for (const Stage& stage : recipe.stages) names.push_back(stage.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  std::string near = nearest_word(name, names);
  return usage_error("no stage is named '" + name + "'", option, near.empty() ? "" : "did you mean '" + near + "'?");
}

}  // namespace

Result<std::vector<StageOutcome>> run_recipe(const Recipe& recipe, const RecipeOptions& options, const Job& job) {
  MALMOI_TRY(check_stage_name(recipe, options.again, "--again"));
  MALMOI_TRY(check_stage_name(recipe, options.until, "--until"));
  MALMOI_TRY(make_folder(recipe.work / ".recipe"));
  MALMOI_ASSIGN(FileLock lock, lock_recipe(recipe.work / ".recipe" / "lock"));
  return Runner(recipe, options, job).run();
}

}  // namespace malmoi::app
