// The model that an objective asks beside the one that it trains: a reference or a teacher, loaded to be served.
#pragma once

#include <memory>

#include "app/train/data.h"
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
/// more: the model as it stands before the first step (the one to be trained, where it is asked before that). `described`: the model to
/// be trained; with `weights` false only the shapes are made, for a plan. Errors: no model to be the reference; another vocabulary,
/// fewer positions than the data has.
Result<OpenedFrozen> open_frozen(const train::TrainConfig& config, const model::Model& described, bool weights,
                                 const Job& job);

/// objective.precompute_reference: asks the reference of every row that is trained on or held out, once `model` stands as before the
/// first step; what it says is kept in OUT/data and comes with the rows from then on. The reference's own model is let go.
Status know_reference(const train::TrainConfig& config, const model::Model& model, size_t arena_bytes,
                      OpenedFrozen& frozen, PreparedData& data, const Job& job);

/// objective.samples: the same of the teacher of distillation, of which drawn tokens are kept there.
Status know_teacher(const train::TrainConfig& config, const model::Model& model, size_t arena_bytes,
                    OpenedFrozen& frozen, PreparedData& data, const Job& job);

}  // namespace malmoi::app
