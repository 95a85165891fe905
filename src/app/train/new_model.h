// The model that a run trains: its published config from the configuration, and its first weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/job.h"
#include "model/model.h"
#include "tensor/precision.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"

namespace malmoi::app {

/// init_from as a folder with a model: a name in the store, or a training run, are taken for theirs.
Status resolve_init_from(train::TrainConfig& config, const Message& message);

/// The model of `model:` with what follows from tokenizer and data filled in, or that of init_from, with the companion that the
/// objective trains beside it, and the rounding of train.quantize_aware; without memory. `tokenizer` may be null. `labels`: of a new head that sorts. Errors: a size that is
/// missing, one that does not fit the tokenizer or the data, an objective that the architecture has no head for, a pattern of
/// train.freeze that fits nothing, a matrix to be rounded that is none; as describe_adapter.
Result<std::unique_ptr<model::Model>> describe_model(const ConfigDocument& document, const train::TrainConfig& config,
                                                     const tokenizer::Tokenizer* tokenizer,
                                                     const std::vector<std::string>& labels = {});

/// Gives `model` its memory and its first weights: drawn from the seed, or those of init_from (then it is another object). A
/// companion's own are drawn.
Status fill_model(const train::TrainConfig& config, std::unique_ptr<model::Model>& model, const Warn& warn);

/// int8 needs a CPU that multiplies in 8 bits; `where` names the setting.
Status check_precision(Precision precision, std::string where);

}  // namespace malmoi::app
