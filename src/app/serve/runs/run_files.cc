#include "app/serve/runs/run_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "app/train/run_folder.h"
#include "base/descriptor.h"
#include "base/file_lock.h"
#include "base/json_read.h"
#include "base/utc.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kLargestRunFile = 4 << 20;  // of a run's JSON files
constexpr size_t kTailBytes = 128 << 10;       // of metrics.jsonl, some hundred steps

template <typename Number>
Json or_null(const std::optional<Number>& number) {
  return number ? Json(*number) : Json(nullptr);
}

bool is_held(const OpenFolder& folder) {
  const auto fd = folder.file(".lock");
  if (!fd.ok()) return false;
  const Descriptor file(*fd);
  return FileLock::is_held(*fd);
}

// run.json, where it is of the newest call of this run.
Json result_of(const OpenFolder& folder, const Json& begun) {
  Json result = object_of(folder, "run.json");
  const std::string started = json_string(begun, "started");
  if (result.is_object() && !started.empty() && json_string(result, "started") != started) return nullptr;
  return result;
}

RunStanding standing(const OpenFolder& folder, const Json& result) {
  if (is_held(folder)) return {RunState::kRunning, "lock"};
  const std::string status = json_string(result, "status");
  if (status == "finished") return {RunState::kFinished, "result"};
  if (status == "early_stopped") return {RunState::kFinished, "early_stopping"};
  if (status == "interrupted") return {RunState::kStopped, "result"};
  return {RunState::kFailed, "no_result"};
}

// What the end of metrics.jsonl says.
struct LastSteps {
  std::optional<int64_t> step;
  Json loss, valid_loss;
};

LastSteps last_steps(const OpenFolder& folder) {
  LastSteps last;
  const std::string tail = tail_of(folder, "metrics.jsonl", kTailBytes);
  for (size_t end = tail.rfind('\n'); end != std::string::npos && end > 0;) {
    const size_t before = tail.rfind('\n', end - 1);
    const size_t begin = before == std::string::npos ? 0 : before + 1;
    const std::string_view text = std::string_view(tail).substr(begin, end - begin);
    end = before;
    // Most lines behind the last are of steps without an evaluation.
    if (last.step && text.find("valid_loss") == std::string_view::npos) continue;
    auto line = parse_json(text, "");
    if (!line.ok() || !line->is_object()) continue;
    if (!last.step) {
      last.step = json_count(*line, "step");
      last.loss = or_null(json_number(*line, "loss"));
    }
    if (auto valid = json_number(*line, "valid_loss")) {
      last.valid_loss = *valid;
      break;
    }
  }
  return last;
}

Json time_of(int64_t seconds) { return seconds > 0 ? Json(utc_text(seconds)) : Json(nullptr); }

// As many as the run itself says; those of the configuration where it has not begun.
Json total_steps(const Json& result, const Json& begun, const Json& chosen, const Json& config) {
  if (auto steps = json_count(begun, "steps")) return *steps;
  if (auto steps = json_count(chosen, "steps")) return *steps;
  if (auto steps = json_count(json_object(config, "train"), "steps")) return *steps;
  if (json_string(result, "status") == "finished") return or_null(json_count(result, "steps"));
  return nullptr;
}

}  // namespace

const char* name_of(RunState state) {
  switch (state) {
    case RunState::kRunning: return "running";
    case RunState::kFinished: return "finished";
    case RunState::kStopped: return "stopped";
    case RunState::kFailed: break;
  }
  return "failed";
}

bool is_run(const OpenFolder& folder) {
  return folder.has("metrics.jsonl") || !json_object(configuration_of(folder), "train").empty();
}

RunStanding standing_of(const OpenFolder& folder) {
  return standing(folder, result_of(folder, object_of(folder, kBegunFile)));
}

Json summary_of(const OpenFolder& folder, const std::string& name) {
  const Json begun = object_of(folder, kBegunFile), config = configuration_of(folder);
  const Json result = result_of(folder, begun), chosen = object_of(folder, "chosen.json");
  const RunStanding now = standing(folder, result);
  const LastSteps last = last_steps(folder);
  const std::string architecture = json_string(json_object(config, "model"), "architecture");
  const std::string started = json_string(begun, "started", json_string(result, "started"));
  auto parameters = json_count(begun, "parameters");
  if (!parameters) parameters = json_count(result, "parameters");
  const int64_t updated = std::max(folder.changed("metrics.jsonl"), folder.changed("config.yaml"));
  return {{"name", name},
          {"state", name_of(now.state)},
          {"known_by", now.known_by},
          {"architecture", architecture.empty() ? Json(nullptr) : Json(architecture)},
          {"parameters", or_null(parameters)},
          {"steps", last.step ? *last.step + 1 : 0},
          {"total_steps", total_steps(result, begun, chosen, config)},
          {"loss", last.loss},
          {"valid_loss", last.valid_loss},
          {"best_valid_loss", or_null(json_number(result, "best_valid_loss"))},
          {"stop_requested", now.state == RunState::kRunning && folder.has(kStopFile)},
          {"started", started.empty() ? Json(nullptr) : Json(started)},
          {"updated", time_of(updated)}};
}

Json configuration_of(const OpenFolder& folder) { return object_of(folder, "config.yaml"); }

Json object_of(const OpenFolder& folder, const std::string& file) {
  const auto text = folder.read(file, kLargestRunFile);
  if (!text.ok()) return nullptr;
  auto json = parse_json(*text, file);
  if (!json.ok() || !json->is_object()) return nullptr;
  return *std::move(json);
}

Json sample_of(const std::string& line) {
  const auto json = parse_json(line, "");
  if (!json.ok()) return nullptr;
  const auto step = json_count(*json, "step");
  if (!step) return nullptr;
  return {{"step", *step}, {"prompt", json_string(*json, "prompt")}, {"text", json_string(*json, "text")}};
}

bool is_behind(const Json& sample, int64_t after) {
  const auto done = json_count(sample, "step");
  return done && (after < 0 || *done > after + 1);
}

std::string tail_of(const OpenFolder& folder, const std::string& file, size_t most) {
  const auto fd = folder.file(file);
  if (!fd.ok()) return {};
  const Descriptor open(*fd);
  struct stat info {};
  if (::fstat(*fd, &info) != 0) return {};
  const int64_t begin = std::max<int64_t>(0, info.st_size - static_cast<int64_t>(most));
  std::string text(most, '\0');
  const ssize_t size = ::pread(*fd, text.data(), text.size(), begin);
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  if (begin > 0) text.erase(0, std::min(text.size(), text.find('\n') + 1));
  return text;
}

}  // namespace malmoi::app
