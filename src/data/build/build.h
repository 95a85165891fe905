// Building a corpus: the stages put together, resumable, over one process or many.
//
// The work lies in OUT/work-KEY, where KEY names the recipe and all files it names: a changed recipe or a changed file starts
// anew, the same goes on where it was. Parts that are done are not done again; a part that was cut off is done again
// from its start, so nothing is lost or doubled. Several processes (--rank R --world N, or a Slurm array) share the
// parts on shared storage; the one that finds all of them done goes on alone (a lock says which), and what it writes is
// byte for byte what one process would have written.
#pragma once

#include <string>

#include "base/error.h"
#include "base/job.h"
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

/// Shows the stage, speeds and the time left; stopped, it goes on when it is run again.
Result<BuildResult> build_corpus(const Recipe& recipe, const BuildOptions& options, const Job& job = {});

}  // namespace malmoi::data
