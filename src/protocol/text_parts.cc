#include "protocol/text_parts.h"

#include <algorithm>

namespace malmoi::protocol {

std::string read_text_parts(Fields& fields, const std::string& place, const char* name,
                            std::initializer_list<std::string_view> types) {
  const std::string field = "'" + std::string(name) + "'";
  const Json* content = fields.raw(name);
  if (!content) return "";
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) return fields.fail(name, field + " is not a text or a list of parts"), "";
  std::string text;
  for (const Json& part : *content) {
    const std::string type = part.is_object() ? json_string(part, "type") : "";
    if (type.empty()) return fields.fail(name, "a part is not an object with a 'type'"), "";
    if (std::find(types.begin(), types.end(), type) == types.end()) {
      fields.fail(unsupported("parts of type '" + shown(type) + "' are not supported: the model reads text alone",
                              place + name, "send text"));
      return "";
    }
    auto found = part.find("text");
    if (found == part.end() || !found->is_string())
      return fields.fail(name, "a part of type '" + type + "' has no 'text'"), "";
    text += found->get<std::string>();
  }
  return text;
}

std::string required_text(Fields& fields, const char* name) {
  std::string text = fields.text(name).value_or("");
  if (text.empty()) fields.fail(name, "'" + std::string(name) + "' is missing or empty");
  return text;
}

}  // namespace malmoi::protocol
