// How a generator's token is drawn.
#pragma once

#include <cstdint>
#include <span>

namespace malmoi::train {

/// The token at which the running sum of the probabilities passes `draw`, in [0, 1); the last one where it never does: by
/// rounding, or because some are not finite.
int32_t drawn_token(std::span<const float> probabilities, double draw);

}  // namespace malmoi::train
