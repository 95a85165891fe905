// Writing a configuration as people write one.
#include <algorithm>

#include "app/tune/draft.h"

namespace malmoi::app {
namespace {

// Names stand as they are; what is no name is quoted.
std::string key_text(const std::string& key) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const bool plain = !key.empty() && std::ranges::all_of(key, is_plain);
  return plain && key != "true" && key != "false" && key != "null" ? key : dump_json(key);
}

// Objects as blocks; lists and scalars as JSON has them, which YAML reads.
void append_block(const Json& object, int indent, std::string& out) {
  constexpr int kIndent = 2;
  for (const auto& [key, value] : object.items()) {
    out += std::string(static_cast<size_t>(indent), ' ') + key_text(key) + ":";
    if (!value.is_object() || value.empty()) {
      out += " " + dump_json(value) + "\n";
      continue;
    }
    out += "\n";
    append_block(value, indent + kIndent, out);
  }
}

}  // namespace

std::string yaml_text(const Json& root, const std::vector<std::string>& heads) {
  std::string out;
  for (std::string head : heads) {
    std::ranges::replace_if(
        head, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    out += "# " + head + "\n";
  }
  append_block(root, 0, out);
  return out;
}

}  // namespace malmoi::app
