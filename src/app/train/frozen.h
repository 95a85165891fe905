// The model that an objective asks beside the one that it trains: a reference or a teacher, loaded to be served.
#pragma once

#include <memory>

#include "base/error.h"
#include "base/job.h"
#include "model/model.h"
#include "train/config.h"

namespace malmoi::app {

struct OpenedFrozen {
  std::unique_ptr<model::Model> model;  // null: the objective asks none, or the one that is trained
  train::FrozenModel frozen;            // points to it
};

/// Where the trained adapter's beginning is the reference, says that it be kept; before the model is described.
void keep_reference(train::TrainConfig& config);

/// Opens what the configuration's objective asks for: its `reference` or `teacher`, or, where no reference is named, init_from once
/// more: the model as it stands before the first step. `described`: the model to be trained; with `weights` false only the
/// shapes are made, for a plan. Errors: no model to be the reference; another vocabulary, fewer
/// positions than the data has.
Result<OpenedFrozen> open_frozen(const train::TrainConfig& config, const model::Model& described, bool weights,
                                 const Job& job);

}  // namespace malmoi::app
