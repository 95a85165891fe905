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
  std::string tied_head = {};  // the module of a head that is this table, which the file names too; empty: none
};

/// A published matrix in whose place the adapter has one of its own.
struct WholeModule {
  std::string tensor, module;
  std::string tied_head = {};  // as AdaptedModule has it
};

/// The rows that a model has for its tokens, where an adapter brings a vocabulary: more than its base has, as many, or fewer.
struct Vocabulary {
  int64_t rows = 0;                           // 0: as the base has it
  int64_t first = 0;                          // the id of the first new token
  std::vector<std::vector<int32_t>> origins;  // of each new token the old ids whose mean its row starts from
};

/// An adapter before it has memory.
struct AdapterPlan {
  Json config;              // adapter_config.json as it will be written
  bool magnitudes = false;  // DoRA
  bool principal =
      false;  // PiSSA: what it starts from is taken away from the model's weights; its file has twice the ranks
  bool keeps_tied = false;  // a head that is the table of words stays so: one adapter holds for both
  std::vector<AdaptedModule> modules;
  std::vector<WholeModule> whole;
  Vocabulary vocabulary = {};
};

struct TrainedAdapter {
  AdapterPlan plan;
  nn::ParameterSet
      parameters;  // by the names of its file; of each module A, B, and the magnitudes if there are any; then the whole ones
  nn::ParameterSet initial;  // the same as they stood before the first step, frozen; empty: nobody needs them
  std::string base;          // fingerprint of the weights that it stands around (model/fingerprint.h)
};

}  // namespace malmoi::model
