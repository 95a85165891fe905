#include "app/serve/runs/shown_runs.h"

#include <iterator>
#include <utility>
#include <vector>

#include "app/serve/runs/curves.h"
#include "app/serve/runs/follower.h"
#include "app/serve/runs/run_files.h"
#include "app/train/run_folder.h"
#include "base/descriptor.h"
#include "base/json_read.h"
#include "protocol/fields.h"

namespace malmoi::app {
namespace {

using protocol::ApiError;
using protocol::Reply;

constexpr size_t kMostRuns = 1000;      // of a list
constexpr int64_t kMostSamples = 1000;  // the newest
constexpr size_t kLogBytes = 8 << 10;   // of resume.log

ApiError refusal(int status, std::string message, std::string code) {
  return {.status = status, .message = std::move(message), .code = std::move(code)};
}

ApiError not_allowed() {
  return refusal(403, "this server only shows its runs; whoever starts it may allow more with --allow-training",
                 "training_not_allowed");
}

// A path of the server's is nothing that a client is told.
ApiError error_of(const Error& error) {
  Error told = error;
  if (told.where.starts_with('/')) told.where.clear();
  return protocol::to_api_error(told);
}

// All of a file that grows, as it stands now.
template <typename Use>
void read_all(const OpenFolder& folder, const char* file, const Use& use) {
  GrowingLines lines;
  for (bool more = true; more;) {
    auto read = lines.next(folder, file);
    if (!read.ok()) return;
    for (const std::string& line : read->lines) use(line);
    more = read->more;
  }
}

Json samples_behind(const OpenFolder& folder, int64_t after) {
  std::vector<Json> samples;
  read_all(folder, "samples.jsonl", [&](const std::string& line) {
    Json sample = sample_of(line);
    if (!is_behind(sample, after)) return;
    samples.push_back(std::move(sample));
    if (std::ssize(samples) > 2 * kMostSamples) samples.erase(samples.begin(), samples.begin() + kMostSamples);
  });
  if (std::ssize(samples) > kMostSamples) samples.erase(samples.begin(), samples.end() - kMostSamples);
  return samples;
}

}  // namespace

Result<std::unique_ptr<ShownRuns>> ShownRuns::open(const Path& folder, bool allow_training, const Path& program) {
  MALMOI_ASSIGN(OpenFolder opened, OpenFolder::open(folder));
  return std::unique_ptr<ShownRuns>(new ShownRuns(std::move(opened), allow_training, program));
}

Result<OpenFolder> ShownRuns::run(const std::string& name) const {
  auto found = is_single_name(name) ? folder_.folder(name) : Result<OpenFolder>(not_found("not a name"));
  if (found.ok() && is_run(*found)) return found;
  return not_found("there is no run " + dump_json(Json(protocol::shown(name))), "", "GET /runs lists them");
}

Reply ShownRuns::list() const {
  Json runs = Json::array();
  for (const std::string& name : folder_.folders(kMostRuns)) {
    auto folder = run(name);
    if (folder.ok()) runs.push_back(summary_of(*folder, name));
  }
  return Json{{"runs", std::move(runs)}, {"allow_training", allow_training_}, {"training", trainer_.working_on()}};
}

Reply ShownRuns::show(const std::string& name) const {
  auto folder = run(name);
  if (!folder.ok()) return error_of(folder.error());
  return Json{{"run", summary_of(*folder, name)},         {"configuration", configuration_of(*folder)},
              {"result", object_of(*folder, "run.json")}, {"chosen", object_of(*folder, "chosen.json")},
              {"begun", object_of(*folder, kBegunFile)},  {"log", tail_of(*folder, kResumeLog, kLogBytes)},
              {"resume_ended", trainer_.ended(name)},     {"allow_training", allow_training_}};
}

Reply ShownRuns::metrics(const std::string& name, int64_t after) const {
  auto folder = run(name);
  if (!folder.ok()) return error_of(folder.error());
  Curves curves(after);
  read_all(*folder, "metrics.jsonl", [&](const std::string& line) { curves.add(line); });
  Json json = curves.to_json();
  json["samples"] = samples_behind(*folder, after);
  return json;
}

std::unique_ptr<serve::RunFollower> ShownRuns::follow(const std::string& name, int64_t after, ApiError& error) const {
  auto folder = run(name);
  if (folder.ok()) return std::make_unique<Follower>(*std::move(folder), name, after);
  error = error_of(folder.error());
  return nullptr;
}

Reply ShownRuns::stop(const std::string& name) {
  if (!allow_training_) return not_allowed();
  auto folder = run(name);
  if (!folder.ok()) return error_of(folder.error());
  if (standing_of(*folder).state != RunState::kRunning)
    return refusal(409, "the run is not at work; there is nothing to stop", "not_running");
  auto file = folder->write(kStopFile);
  if (!file.ok()) return error_of(file.error());
  const Descriptor closed(*file);
  return Json{{"run", summary_of(*folder, name)}};
}

Reply ShownRuns::resume(const std::string& name) {
  if (!allow_training_) return not_allowed();
  auto folder = run(name);
  if (!folder.ok()) return error_of(folder.error());
  const RunState state = standing_of(*folder).state;
  if (state == RunState::kRunning) return refusal(409, "the run is at work already", "running");
  if (state == RunState::kFinished) return refusal(409, "the run is finished; nothing is left to do", "finished");
  if (!configuration_of(*folder).is_object())
    return refusal(409, "the run has no config.yaml that can be read; resume it by hand", "no_configuration");
  Status started = trainer_.resume(*folder, name);
  if (!started.ok() && started.error().code == ErrorCode::kUsage)
    return refusal(409, started.error().to_string(), "training_busy");
  if (!started.ok()) return error_of(started.error());
  return Json{{"run", summary_of(*folder, name)}, {"log", kResumeLog}};
}

}  // namespace malmoi::app
