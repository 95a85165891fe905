// Telling what comes of a run: new points of its curves, samples, and how it stands.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/serve/runs/curves.h"
#include "app/serve/runs/run_files.h"
#include "serve/runs.h"

namespace malmoi::app {

/// Events: `run` (its summary: at first, and where it begins, goes on, or is asked to stop), `points` ({last_step, series, skipped, whole}) and `samples`
/// ({samples, whole}); `whole`: they take the place of all that was told, since the run goes on from an earlier checkpoint. The last
/// is `end`, with the summary, once the run is not at work any more.
class Follower : public serve::RunFollower {
 public:
  Follower(OpenFolder folder, std::string name, int64_t after)
      : folder_(std::move(folder)), name_(std::move(name)), curves_(after), after_(after) {}

  std::vector<serve::RunEvent> next() override;
  bool ended() const override { return ended_; }

 private:
  bool tell_points(std::vector<serve::RunEvent>& events);
  void tell_samples(std::vector<serve::RunEvent>& events);
  void tell_run(std::vector<serve::RunEvent>& events, RunState state, bool all_read);

  OpenFolder folder_;
  std::string name_;
  Curves curves_;
  GrowingLines points_, samples_;
  int64_t after_;
  bool ended_ = false;
  std::string told_;  // of the run: what its summary was told for
};

}  // namespace malmoi::app
