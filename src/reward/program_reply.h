// What a reward program answers: one line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi::reward {

struct ProgramReply {
  enum class Kind : uint8_t { kReward, kError, kRubbish };
  Kind kind = Kind::kRubbish;
  double reward = 0;
  std::string what;  // of an error or rubbish, fit to be shown
};

/// `{"reward": 0.5}` or `{"error": "why"}`; an `id` may stand beside, and is then that of the request. All else is rubbish.
ProgramReply parse_program_reply(std::string_view line, int64_t id);

}  // namespace malmoi::reward
