// `malmoi prune`: a model with fewer layers, heads and channels, chosen by what a text activates.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "reshape/prune.h"

namespace malmoi::app {

struct PruneOptions {
  std::string model;            // a folder, or a name of the store
  Path out;                     // not there: nothing is written, which a sweep can do with
  Path calibration;             // a text
  std::optional<Path> measure;  // a text for losses; none: the calibration's samples
  int64_t samples = 256, length = 512;
  std::optional<int64_t> layers, intermediate, heads, hidden;
  std::vector<int64_t> drop_layers;
  bool sweep = false;
};

struct PruneReport {
  struct Layer {
    int64_t layer = 0;
    double influence = 0;
    bool kept = true;
  };
  struct Try {
    std::string size;  // `layers 24`
    uint64_t parameters = 0;
    double loss = 0;
  };
  Path out;  // empty: nothing was written
  reshape::PruneSizes before, after;
  uint64_t parameters_before = 0, parameters_after = 0;
  double loss_before = 0, loss_after = 0;  // a token
  int64_t tokens = 0;                      // that were read for them
  std::vector<Layer> layers;
  std::vector<Try> tries;
};
/// `out`; of `layers`, `intermediate`, `heads`, `hidden`, `parameters`, `loss` a value _before and _after; `tokens`; `block_influence`,
/// a row a layer; `sweep`, a row a try.
Json to_json(const PruneReport& report);

/// Reads the calibration, writes the smaller model and measures it. Errors: a family or sizes that cannot be had, an option that asks
/// for nothing, what reading and writing say.
Result<PruneReport> prune_model(const PruneOptions& options, const Job& job);

}  // namespace malmoi::app
