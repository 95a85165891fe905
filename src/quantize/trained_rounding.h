// Quantisation-aware training: products read of a trained matrix what a file in fewer bits would hold of it.
#pragma once

#include <string>

#include "base/error.h"
#include "model/model.h"
#include "quantize/served_weights.h"

namespace malmoi::quantize {

/// Gives each matrix that `malmoi quantize --type TYPE` would write in blocks the rounding of these (quantize/pack.h), so that
/// this file holds exactly what products read once Model::parameters have begun to round: the layers' matrices in `type`, the
/// head wider where the file has it so. Of a family that is not written to GGUF: all matrices in `type`. Not: rows that fill no
/// blocks, what `skip` names, and of latent attention what a file holds turned. `options.type`: q8_0 or q4_0. Gives how many
/// matrices are rounded. Errors: another type; `skip` as SkippedModules. `where` names the settings.
Result<int64_t> round_trained(model::Model& model, const PackOptions& options, const std::string& where);

}  // namespace malmoi::quantize
