// What objectives that learn from answers sampled while they train (data.format: prompts) read alike.
#pragma once

#include "train/objective.h"

namespace malmoi::train {

/// Reads rewards, max_tokens, top_p, top_k, and the temperature under the key that is left for it; the entry names them all in `prompt_options`.
void read_rollouts(ConfigReader& reader, std::string_view temperature_key, RolloutConfig& rollouts);

}  // namespace malmoi::train
