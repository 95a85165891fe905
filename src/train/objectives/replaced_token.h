// How a generator's token is drawn.
#pragma once

#include <cstdint>
#include <span>

namespace malmoi::train {

/// The token at which the running sum of softmax(logits) passes `draw`, in [0, 1); the last one where the logits are not finite.
int32_t drawn_token(std::span<const float> logits, double draw);

}  // namespace malmoi::train
