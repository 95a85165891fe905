// `malmoi data pairs`: aligned paragraphs of two trees as JSON lines for training and for judging.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "data/pairs.h"

namespace malmoi::app {

struct PairsOptions {
  Path source, target, out;  // two folders; the folder of train.jsonl, valid.jsonl and test.jsonl
  double valid_fraction = 0.03, test_fraction = 0.03;  // by a hash of the source, so that equal sources go one way
  data::PairOptions pairs;
};

struct PairsReport {
  data::PairReport found;
  uint64_t train = 0, valid = 0, test = 0;
};
Json to_json(const PairsReport& report);

/// Lines {"source", "target", "name"}. Warns of documents that could not be aligned.
Result<PairsReport> make_pairs(const PairsOptions& options, const Job& job);

}  // namespace malmoi::app
