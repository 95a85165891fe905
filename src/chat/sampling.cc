#include "chat/sampling.h"

#include <cmath>
#include <string>

namespace malmoi::chat {
namespace {

Error out_of_range(const char* name, const char* range) {
  return usage_error(std::string(name) + " is out of range", "sampling", std::string("use ") + range);
}

}  // namespace

Status SamplingOptions::check() const {
  if (!(temperature >= 0 && temperature <= 100)) return out_of_range("temperature", "0 to 100");
  if (top_k < 0) return out_of_range("top_k", "0 (all) or more");
  if (!(top_p > 0 && top_p <= 1)) return out_of_range("top_p", "above 0, at most 1");
  if (!(min_p >= 0 && min_p <= 1)) return out_of_range("min_p", "0 to 1");
  if (!(std::abs(presence_penalty) <= 100)) return out_of_range("presence_penalty", "-100 to 100");
  if (!(std::abs(frequency_penalty) <= 100)) return out_of_range("frequency_penalty", "-100 to 100");
  if (!(repetition_penalty > 0 && repetition_penalty <= 100))
    return out_of_range("repetition_penalty", "above 0, at most 100");
  return {};
}

}  // namespace malmoi::chat
