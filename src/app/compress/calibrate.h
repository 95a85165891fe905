// What a text says of a model's weights: which columns are used most, and what became of the model when they were rounded.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "eval/divergence.h"
#include "quantize/importance.h"

namespace malmoi::app {

/// The importance of the columns of every matrix that a text goes through, under GGUF's names; of a file of importance
/// (llama-imatrix's, of either form), what it holds. Errors: a model that does not go on with a text, or has no form in
/// GGUF; what reading says.
Result<quantize::Importance> calibrate(const std::string& model, const Path& text, const Job& job);

/// How far a quantised model is from the one that it was made from.
Result<eval::Divergence> measure_loss(const std::string& model, const Path& quantised, const Path& text,
                                      const Job& job);

}  // namespace malmoi::app
