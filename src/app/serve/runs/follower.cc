#include "app/serve/runs/follower.h"

#include "app/train/run_folder.h"

namespace malmoi::app {

std::vector<serve::RunEvent> Follower::next() {
  std::vector<serve::RunEvent> events;
  if (ended_) return events;
  // How it stands is looked at first: what an ended run wrote last is read after it.
  const RunState state = standing_of(folder_).state;
  const bool all_read = tell_points(events);
  tell_samples(events);
  tell_run(events, state, all_read);
  return events;
}

// Returns whether everything that stands there was read.
bool Follower::tell_points(std::vector<serve::RunEvent>& events) {
  auto read = points_.next(folder_, "metrics.jsonl");
  if (!read.ok()) return true;
  if (read->anew) {
    curves_ = Curves();
    after_ = -1;
  }
  for (const std::string& line : read->lines) curves_.add(line);
  if (!curves_.empty() || read->anew) {
    Json json = curves_.to_json();
    json["whole"] = read->anew;
    events.push_back({"points", std::move(json)});
    curves_.forget_points();
  }
  return !read->more;
}

void Follower::tell_samples(std::vector<serve::RunEvent>& events) {
  auto read = samples_.next(folder_, "samples.jsonl");
  if (!read.ok()) return;
  Json samples = Json::array();
  for (const std::string& line : read->lines) {
    Json sample = sample_of(line);
    if (is_behind(sample, after_)) samples.push_back(std::move(sample));
  }
  if (samples.empty() && !read->anew) return;
  events.push_back({"samples", {{"samples", std::move(samples)}, {"whole", read->anew}}});
}

void Follower::tell_run(std::vector<serve::RunEvent>& events, RunState state, bool all_read) {
  if (state != RunState::kRunning && all_read) {
    ended_ = true;
    events.push_back({"end", summary_of(folder_, name_)});
    return;
  }
  std::string now = std::to_string(folder_.changed(kBegunFile));
  if (folder_.has(kStopFile)) now += " is asked to stop";
  if (now == told_) return;
  told_ = std::move(now);
  events.push_back({"run", summary_of(folder_, name_)});
}

}  // namespace malmoi::app
