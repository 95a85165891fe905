#include "reward/program_reply.h"

#include <cmath>

#include "base/json.h"
#include "base/json_read.h"
#include "base/shown.h"

namespace malmoi::reward {
namespace {

constexpr size_t kShownBytes = 120;
constexpr int kReplyDepth = 32;

ProgramReply rubbish(std::string_view line, std::string_view wanted) {
  ProgramReply reply;
  reply.what = "it printed '" + show_controls(line.substr(0, kShownBytes)) + "' where " + std::string(wanted);
  return reply;
}

}  // namespace

ProgramReply parse_program_reply(std::string_view line, int64_t id) {
  const auto value = parse_json(line, "reply", kReplyDepth);
  if (!value.ok() || !value->is_object()) return rubbish(line, "a JSON object was expected; messages belong on stderr");
  if (auto of = value->find("id"); of != value->end() && *of != id)
    return rubbish(line, "another request was to answer");
  if (auto error = value->find("error"); error != value->end() && !error->is_null()) {
    const std::string text = error->is_string() ? error->get<std::string>() : dump_json(*error);
    return {.kind = ProgramReply::Kind::kError, .what = show_controls(std::string_view(text).substr(0, kShownBytes))};
  }
  const auto reward = json_number(*value, "reward");
  if (!reward || !std::isfinite(*reward)) return rubbish(line, "a number under \"reward\" was expected");
  return {.kind = ProgramReply::Kind::kReward, .reward = *reward};
}

}  // namespace malmoi::reward
