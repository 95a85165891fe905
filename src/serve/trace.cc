#include "serve/trace.h"

#include "serve/new_id.h"

namespace malmoi::serve {
namespace {

constexpr size_t kLongestId = 128;
constexpr size_t kSpanDigits = 16;

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == text.npos; }
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

bool is_sane(std::string_view id) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/=+@";
  return !id.empty() && id.size() <= kLongestId && id.find_first_not_of(kCharacters) == id.npos;
}

}  // namespace

std::string request_id_of(const HttpRequest& request) {
  const std::string_view given = view(request["X-Request-Id"]);
  return is_sane(given) ? std::string(given) : new_id("req_");
}

std::optional<Trace> continue_trace(std::string_view text) {
  // version "-" trace-id "-" parent-id "-" flags; later versions may add to the end.
  constexpr size_t kLength = 55;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  const std::string_view version = text.substr(0, 2), trace = text.substr(3, 32), parent = text.substr(36, kSpanDigits),
                         flags = text.substr(53, 2);
  if (!is_hex(version) || version == "ff" || !is_hex(trace) || is_zero(trace) || !is_hex(parent) || is_zero(parent) ||
      !is_hex(flags))
    return {};
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return {};
  return Trace{.trace_id = std::string(trace),
               .parent_span = std::string(parent),
               .span = new_id("").substr(0, kSpanDigits),
               .flags = std::string(flags)};
}

}  // namespace malmoi::serve
