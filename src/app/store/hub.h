// The Hugging Face Hub: what a repository holds, and where its files are.
#pragma once

#include <string>
#include <vector>

#include "app/store/choice.h"
#include "app/store/name.h"
#include "app/store/remote.h"
#include "base/error.h"
#include "base/job.h"

namespace malmoi::app {

/// What a name stands for, at one moment.
struct Snapshot {
  std::string url;       // a page about it, for people
  std::string revision;  // a commit, or a version
  std::string licence;   // as the host names it; empty: not told
  std::vector<RemoteFile> files;
};

/// The Hugging Face Hub, or the mirror that HF_ENDPOINT names, with the token of HF_TOKEN. One thread.
class Hub {
 public:
  /// Errors: HF_ENDPOINT is no address; HF_TOKEN has characters that no token has.
  static Result<Hub> from_environment(const StopToken& stop);

  /// The files of the model, with their addresses at one commit. Errors: no such repository or revision; gated or private;
  /// what choose_files refuses; an answer that is malformed, or names files outside the folder.
  Result<Snapshot> look_up(const ModelName& name) const;
  const Remote& remote() const { return remote_; }

 private:
  Hub(std::string endpoint, Remote remote) : endpoint_(std::move(endpoint)), remote_(std::move(remote)) {}
  Result<std::vector<RemoteFile>> list(const ModelName& name, const std::string& revision) const;

  std::string endpoint_;
  Remote remote_;
};

}  // namespace malmoi::app
