// What a model holds of an adapter that is trained around its frozen weights (model/train_adapter.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "nn/parameter_set.h"

namespace malmoi::model {

/// A published matrix, and what stands beside it.
struct AdaptedModule {
  std::string tensor;  // the matrix, as the model publishes it: model.layers.0.mlp.up_proj.weight
  std::string module;  // as the adapter's file names it
  int64_t rank = 0;
  double scale = 1;
};

/// An adapter before it has memory.
struct AdapterPlan {
  Json config;              // adapter_config.json as it will be written
  bool magnitudes = false;  // DoRA
  bool principal =
      false;  // PiSSA: what it starts from is taken away from the model's weights; its file has twice the ranks
  std::vector<AdaptedModule> modules;
};

struct TrainedAdapter {
  AdapterPlan plan;
  nn::ParameterSet parameters;  // by the names of its file; of each module A, B, and the magnitudes if there are any
  nn::ParameterSet initial;     // the same as they stood before the first step, frozen; empty: nobody needs them
  std::string base;             // fingerprint of the weights that it stands around (model/fingerprint.h)
};

}  // namespace malmoi::model
