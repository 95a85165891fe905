// Headers of the RFC 822 kind, as WARC, HTTP and mail have them.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace malmoi::net {

struct Headers {
  std::multimap<std::string, std::string> fields;  // names in lower case; continued lines joined
  int status = 0;                                  // of HTTP

  /// The first field of that name (lower case); empty if there is none.
  std::string get(const std::string& name) const;
  /// The values of all fields of that name with commas between, in order: one list, as RFC 9110 reads them.
  std::string list(const std::string& name) const;
  /// Reads lines up to the first empty one; returns where the body begins (text.size() without an empty line).
  size_t parse(std::string_view text);
  /// The same with a status line before; 0 if there is none.
  size_t parse_http(std::string_view text);
};

/// "text/html; charset=UTF-8" -> "text/html" and, of `charset`, "utf-8" (lower case for charset, as written otherwise).
std::string media_type(std::string_view content_type);
std::string media_parameter(std::string_view content_type, std::string_view name);

}  // namespace malmoi::net
