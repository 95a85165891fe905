// What a run's checkpoints are made of: the tensors that change, and what tells that they belong to the model.
#pragma once

#include <string>
#include <vector>

#include "model/model.h"
#include "train/checkpoint.h"
#include "train/optimizer.h"

namespace malmoi::train {

/// What a checkpoint holds of what changes: trained weights, the optimiser's arrays, the average (which may be null).
std::vector<CheckpointTensor> checkpoint_tensors(const model::Model& model, Optimizer& optimizer,
                                                 const std::vector<Tensor>* ema);
/// What a checkpoint's model must be like: its config, that of its companion, and of an adapter what it is and stands around.
std::string model_fingerprint(const model::Model& model);
/// Seconds from a checkpoint by the clock to the next: `save_minutes`, or more where writing one takes long.
double seconds_between_saves(double save_minutes, double save_seconds);

}  // namespace malmoi::train
