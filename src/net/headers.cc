#include "net/headers.h"

#include <algorithm>
#include <cstdlib>

#include "base/ascii.h"

namespace malmoi::net {

std::string Headers::get(const std::string& name) const {
  auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

std::string Headers::list(const std::string& name) const {
  std::string out;
  auto [begin, end] = fields.equal_range(name);
  for (auto field = begin; field != end; ++field) (out += out.empty() ? "" : ", ") += field->second;
  return out;
}

size_t Headers::parse(std::string_view text) {
  constexpr size_t kMaxFields = 2000;
  auto last = fields.end();
  size_t at = 0;
  if (text.starts_with('\n')) at = 1;  // the line before was cut off by the caller
  while (at < text.size()) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = std::min(end + 1, text.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return at;
    if ((line[0] == ' ' || line[0] == '\t') && last != fields.end()) {
      (last->second += ' ') += ascii_trim(line);
      continue;
    }
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || fields.size() >= kMaxFields) continue;
    last =
        fields.emplace(ascii_lower(ascii_trim(line.substr(0, colon))), std::string(ascii_trim(line.substr(colon + 1))));
  }
  return text.size();
}

size_t Headers::parse_http(std::string_view text) {
  if (ascii_lower(text.substr(0, 5)) != "http/") return 0;
  size_t space = text.find(' '), line = text.find('\n');
  if (space == std::string_view::npos || line == std::string_view::npos || space > line) return 0;
  status = std::atoi(std::string(text.substr(space + 1, 3)).c_str());
  return line + 1 + parse(text.substr(line + 1));
}

std::string media_type(std::string_view content_type) {
  return ascii_lower(ascii_trim(content_type.substr(0, content_type.find(';'))));
}

std::string media_parameter(std::string_view content_type, std::string_view name) {
  size_t at = content_type.find(';');
  while (at != std::string_view::npos) {
    std::string_view rest = content_type.substr(at + 1);
    // A quoted value may hold semicolons.
    size_t end = 0;
    bool quoted = false;
    while (end < rest.size() && (quoted || rest[end] != ';')) quoted ^= rest[end++] == '"';
    std::string_view parameter = rest.substr(0, end);
    size_t equals = parameter.find('=');
    if (equals != std::string_view::npos && ascii_lower(ascii_trim(parameter.substr(0, equals))) == name) {
      std::string_view value = ascii_trim(parameter.substr(equals + 1));
      if (value.starts_with('"')) value.remove_prefix(1);
      if (value.ends_with('"')) value.remove_suffix(1);
      return name == "charset" ? ascii_lower(value) : std::string(value);
    }
    at = end < rest.size() ? at + 1 + end : std::string_view::npos;
  }
  return {};
}

}  // namespace malmoi::net
