// The training runs of a folder, for the server: `malmoi serve --runs FOLDER`.
#pragma once

#include <memory>
#include <string>

#include "app/serve/runs/trainer.h"
#include "base/open_folder.h"
#include "serve/runs.h"

namespace malmoi::app {

/// Each folder that stands in FOLDER itself and holds a run. Runs are read, never written, but where `allow_training` is set: then
/// they may be told to stop (a file in their folder) and to go on (a process of this server).
class ShownRuns : public serve::Runs {
 public:
  static Result<std::unique_ptr<ShownRuns>> open(const Path& folder, bool allow_training,
                                                 const Path& program = "/proc/self/exe");

  protocol::Reply list() const override;
  protocol::Reply show(const std::string& name) const override;
  protocol::Reply metrics(const std::string& name, int64_t after) const override;
  std::unique_ptr<serve::RunFollower> follow(const std::string& name, int64_t after,
                                             protocol::ApiError& error) const override;
  protocol::Reply stop(const std::string& name) override;
  protocol::Reply resume(const std::string& name) override;

  /// Asks the training of this server to stop, and does not wait for it.
  void stop_training() { trainer_.ask_to_stop(); }

 private:
  ShownRuns(OpenFolder folder, bool allow_training, const Path& program)
      : folder_(std::move(folder)), allow_training_(allow_training), trainer_(program) {}
  Result<OpenFolder> run(const std::string& name) const;

  OpenFolder folder_;
  bool allow_training_;
  mutable Trainer trainer_;  // looking at it takes note of its end
};

}  // namespace malmoi::app
