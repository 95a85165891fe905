// The model of a run that trains an adapter: a frozen base, in blocks or not, and the adapter around it.
#pragma once

#include <memory>

#include "base/config.h"
#include "base/error.h"
#include "base/job.h"
#include "model/model.h"
#include "train/config.h"

namespace malmoi::app {

/// Puts around a model without memory what `adapter` and `model.quantize` say, for whoever plans. Errors: targets, rank, types and
/// names that do not fit the model; an adapter's file that cannot be read, or is for another model; a model that is trained with
/// another beside it.
Status describe_adapter(const ConfigDocument& document, const train::TrainConfig& config, model::Model& model);

/// The model of init_from, frozen, with the adapter that `described` has, in memory with its first values: of a file those that stand
/// there, else drawn from the seed. Errors: as model::load_model; values that are not finite; a head apart from the words, of which
/// config.json says that they are one.
Result<std::unique_ptr<model::Model>> load_adapted_model(const train::TrainConfig& config,
                                                         const model::Model& described, const Warn& warn);

}  // namespace malmoi::app
