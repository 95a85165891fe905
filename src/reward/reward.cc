#include "reward/reward.h"

#include <algorithm>

namespace malmoi::reward {

#define REWARD(name)               \
  namespace name {                 \
  extern const RewardEntry reward; \
  }
#include "reward/kinds/table.inc"
#undef REWARD

std::span<const RewardEntry* const> reward_table() {
  static constexpr const RewardEntry* kTable[] = {
#define REWARD(name) &name::reward,
#include "reward/kinds/table.inc"
#undef REWARD
  };
  return kTable;
}

const RewardEntry* find_reward(std::string_view type) {
  auto table = reward_table();
  auto found = std::find_if(table.begin(), table.end(), [&](const RewardEntry* e) { return e->type == type; });
  return found == table.end() ? nullptr : *found;
}

}  // namespace malmoi::reward
