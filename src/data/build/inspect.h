// Looking at a build: what would happen to some documents, and what happened to one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "base/json.h"
#include "data/build/build.h"
#include "data/build/part.h"

namespace malmoi::data {

struct DryRunDocument {
  std::string id;
  std::vector<Event> events;  // what changed or dropped it
  struct Kept {
    std::string language, encoding, title;
    uint64_t bytes = 0;
  };
  std::optional<Kept> kept;  // absent: it was dropped
};
Json to_json(const DryRunDocument& document);

/// What would happen to the first `n` documents; nothing is written.
Result<std::vector<DryRunDocument>> dry_run(const Recipe& recipe, const BuildOptions& options, uint64_t n,
                                            const Job& job = {});

/// One thing that is known of a document of a built corpus.
struct Finding {
  std::string id;
  std::optional<Event> event;  // what changed or dropped it; absent: a shard holds it
  std::string place;           // SHARD:LINE
  std::string split;
  uint64_t bytes = 0;
};
Json to_json(const Finding& finding);

/// What happened to a document of a built corpus: its events, and the shard that holds it, if one does. Ids are those of
/// events.jsonl.zst; a file's name without folder will do where it is the only one. Errors: nothing is known of it.
Result<std::vector<Finding>> explain(const Path& corpus, const std::string& id);

}  // namespace malmoi::data
