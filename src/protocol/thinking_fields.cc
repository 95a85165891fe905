#include "protocol/thinking_fields.h"

#include <string>

namespace malmoi::protocol {

std::optional<chat::Thinking> thinking_of(std::string_view effort, const char* field) {
  if (effort == "none") return chat::Thinking{.wanted = false, .effort = "", .field = field};
  for (const char* known : {"low", "medium", "high"}) {
    if (effort == known) return chat::Thinking{.wanted = true, .effort = known, .field = field};
  }
  return {};
}

chat::Thinking read_effort(Fields& fields, const char* name, const char* place) {
  const std::optional<std::string> effort = fields.text(name);
  if (!effort) return {};
  if (auto thinking = thinking_of(*effort, place)) return *std::move(thinking);
  fields.fail(
      unsupported("the effort '" + shown(*effort) + "' is not supported", place, "use none, low, medium or high"));
  return {};
}

}  // namespace malmoi::protocol
