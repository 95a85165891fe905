// What somebody wants of a model that is to be tuned.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace malmoi::app {

enum class TuneGoal : uint8_t {
  kChat,       // answers in conversations
  kClassify,   // a label for each text
  kTranslate,  // a text for a text
  kEmbed,      // vectors that lie together where texts mean the same
};
inline constexpr std::array<std::string_view, 4> kTuneGoalNames = {"chat", "classify", "translate", "embed"};
inline std::string_view goal_name(TuneGoal goal) { return kTuneGoalNames[static_cast<size_t>(goal)]; }

}  // namespace malmoi::app
