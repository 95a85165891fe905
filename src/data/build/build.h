// Building a corpus: the stages put together, resumable, over one process or many.
//
// The work lies in OUT/work-KEY, where KEY names the recipe and all files it names: a changed recipe or a changed file starts
// anew, the same goes on where it was. Parts that are done are not done again; a part that was cut off is done again
// from its start, so nothing is lost or doubled. Several processes (--rank R --world N, or a Slurm array) share the
// parts on shared storage; the one that finds all of them done goes on alone (a lock says which), and what it writes is
// byte for byte what one process would have written.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "data/build/read_stage.h"
#include "data/build/recipe.h"
#include "data/filter.h"

namespace malmoi::data {

struct BuildOptions {
  uint64_t memory_bytes = 4ull << 30;
  int workers = 1;
  int rank = 0, world = 1;
  bool keep_work = false;  // leave the intermediate files
  bool force = false;      // build even if the corpus is there already
  FilterContext filters;
};

struct BuildResult {
  Json report;           // what report.json holds
  bool skipped = false;  // some input could not be read
  bool waiting = false;  // this process did its parts; another one finishes
  bool present = false;  // the corpus was there already
};

Result<BuildResult> build_corpus(const Recipe& recipe, const BuildOptions& options,
                                 const OnBuildProgress& progress = {});

/// What would happen to the first `n` documents; nothing is written. An array: id, kept, text length, events.
Result<Json> dry_run(const Recipe& recipe, const BuildOptions& options, uint64_t n);

/// What happened to a document of a built corpus: its events, and the shard that holds it, if one does. Ids are those of
/// events.jsonl.zst; a file's name without folder will do where it is the only one. Errors: nothing is known of it.
Result<Json> explain(const Path& corpus, const std::string& id);

}  // namespace malmoi::data
