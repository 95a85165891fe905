// Models with adapters around their weights.
#pragma once

#include <set>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "model/model.h"

namespace malmoi::model {

/// What adapters have changed.
struct Adapted {
  std::set<const Parameter*> parameters;
  bool head = false;  // a tied head is no longer the table of words
};

/// Opens adapters (model/adapter.h) and puts them around the weights of a model that serves, dense or packed. Adapter i is run
/// i of `adapters` (nn::RunInput::adapter); a single one holds for all runs that say nothing else. Called once for a model,
/// after which each matrix is an autograd::AdaptedWeight where an adapter has low-rank matrices for it. One adapter may also
/// put tensors in the place of the model's (modules_to_save, biases); several must not.
///
/// A tied head stays as it is where the table of words is adapted, and the other way round, as PEFT has it; where the file keeps them together
/// (ensure_weight_tying), a single adapter holds for both and they stay one. A single adapter that brings a tokenizer and whole tables of
/// another size gives the model that many tokens (adapter_vocabulary.h). Errors name the
/// file and the tensor: one that belongs to nothing in the model, or has another shape than its matrix asks for (checked
/// before memory is taken), or a value that is not finite; a matrix that is not multiplied by rows (a convolution).
///
/// What adapts a part that the model's files may hold without use here (a pooler, another head) is passed over with a warning.
Result<Adapted> adapt(Model& model, std::span<const Path> adapters, const Warn& warn = {});

}  // namespace malmoi::model
