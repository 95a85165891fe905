// What a text says of its own encoding.
#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "data/encoding.h"

namespace malmoi::data {
namespace {

constexpr size_t kHead = 4096;

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == ':';
}

// The name behind `at`, after what stands between a key and its value.
std::string name_at(std::string_view head, size_t at) {
  while (at < head.size() && (head[at] == ' ' || head[at] == '=' || head[at] == '"' || head[at] == '\'')) ++at;
  size_t end = at;
  while (end < head.size() && is_name(head[end])) ++end;
  return std::string(head.substr(at, end - at));
}

std::string in_markup(std::string_view head) {
  for (std::string_view key : {"charset", "encoding"}) {
    for (size_t at = head.find(key); at != std::string_view::npos; at = head.find(key, at + 1)) {
      size_t open = head.rfind('<', at);
      if (open == std::string_view::npos) continue;
      std::string_view tag = head.substr(open, at - open);
      if (!tag.starts_with("<meta") && !tag.starts_with("<?xml")) continue;
      if (std::string name = name_at(head, at + key.size()); !name.empty()) return name;
    }
  }
  return {};
}

// PEP 263: "coding:" or "coding=" in a comment of the first or second line; editors of other languages do the same.
std::string in_comment(std::string_view head) {
  constexpr std::string_view kKey = "coding";
  size_t second = std::min(head.find('\n'), head.size());
  std::string_view lines = head.substr(0, head.find('\n', std::min(second + 1, head.size())));
  for (size_t at = lines.find(kKey); at != std::string_view::npos; at = lines.find(kKey, at + 1)) {
    size_t value = at + kKey.size();
    size_t begin = lines.rfind('\n', at) == std::string_view::npos ? 0 : lines.rfind('\n', at) + 1;
    std::string_view before = lines.substr(begin, at - begin);
    bool comment = before.find_first_of("#/;*-%\"") != std::string_view::npos;
    if (comment && value < lines.size() && (lines[value] == ':' || lines[value] == '='))
      return name_at(lines, value + 1);
  }
  return {};
}

}  // namespace

std::string declared_charset(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string head = ascii_lower(text.substr(0, kHead));
  if (head.starts_with("@charset")) return name_at(head, std::string_view("@charset").size());
  if (std::string name = in_markup(head); !name.empty()) return name;
  return in_comment(head);
}

}  // namespace malmoi::data
