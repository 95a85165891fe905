#include "data/json_text.h"

#include <charconv>
#include <optional>

namespace malmoi::data {
namespace {

constexpr size_t kEscape = 6;  // bytes of \uXXXX

// The UTF-16 unit of the escape \uXXXX at `at`, if one stands there.
std::optional<uint32_t> escaped_unit(std::string_view json, size_t at) {
  if (at > json.size() || json.size() - at < kEscape || json.substr(at, 2) != "\\u") return std::nullopt;
  const char *digits = json.data() + at + 2, *end = json.data() + at + kEscape;
  uint32_t unit = 0;
  auto parsed = std::from_chars(digits, end, unit, 16);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(unit) : std::nullopt;
}

bool is_high(uint32_t unit) { return (unit & 0xFC00) == 0xD800; }
bool is_low(uint32_t unit) { return (unit & 0xFC00) == 0xDC00; }

}  // namespace

bool mend_surrogates(std::string& json) {
  bool mended = false;
  for (size_t at = json.find('\\'); at != std::string::npos; at = json.find('\\', at)) {
    std::optional<uint32_t> unit = escaped_unit(json, at);
    if (!unit) {
      at += 2;  // with what it escapes, which may be a backslash
      continue;
    }
    std::optional<uint32_t> next = is_high(*unit) ? escaped_unit(json, at + kEscape) : std::nullopt;
    if (next && is_low(*next)) {
      at += 2 * kEscape;
      continue;
    }
    if (is_high(*unit) || is_low(*unit)) {
      json.replace(at, kEscape, "\\ufffd");
      mended = true;
    }
    at += kEscape;
  }
  return mended;
}

Result<Json> parse_foreign_json(std::string_view text, const std::string& where) {
  Result<Json> parsed = parse_json(text, where);
  if (parsed.ok()) return parsed;
  std::string mended(text);
  return mend_surrogates(mended) ? parse_json(mended, where) : parsed;
}

}  // namespace malmoi::data
