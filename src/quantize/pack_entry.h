// One parameter of a model, packed in memory.
#pragma once

#include "model/bind_packed.h"
#include "quantize/served_weights.h"

namespace malmoi::quantize {

/// Binds blocks of the parameter's values to its slots, and lets go of the dense ones. Errors: values too large for the type, no memory.
Status pack_entry(nn::ParameterSet::Entry& entry, const BlockFormat& format, model::PackedMemory& memory,
                  ServedWeights& done);

}  // namespace malmoi::quantize
