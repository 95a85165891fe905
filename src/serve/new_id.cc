#include "serve/new_id.h"

#include <fmt/format.h>

#include <random>

namespace malmoi::serve {

std::string new_id(std::string prefix) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return prefix + fmt::format("{:016x}{:016x}", random(), random());
}

std::string new_call_id(bool is_short) { return is_short ? new_id("").substr(0, 9) : new_id("call_"); }

}  // namespace malmoi::serve
