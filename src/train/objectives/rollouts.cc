#include "train/objectives/rollouts.h"

namespace malmoi::train {

void read_rollouts(ConfigReader& reader, std::string_view temperature_key, RolloutConfig& rollouts) {
  if (reader.has("rewards")) rollouts.rewards = reader.raw("rewards");
  rollouts.max_tokens = reader.integer("max_tokens", 128, 1, 1 << 20);
  rollouts.temperature = reader.number(temperature_key, 1, 1e-3, 100);
  rollouts.top_p = reader.number("top_p", 1, 1e-6, 1);
  rollouts.top_k = reader.integer("top_k", 0, 0, 1 << 30);
}

}  // namespace malmoi::train
