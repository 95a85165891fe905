// URLs as a crawler needs them: parsed, resolved against a base, and in one form for one page.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace malmoi::net {

struct Url {
  std::string scheme;  // http or https
  std::string host;    // lower case, with the port where it is not the scheme's own
  std::string path;    // begins with '/'; with the query
  std::string str() const { return scheme + "://" + host + path; }
};

/// An absolute http(s) URL, normalised: no fragment, dot segments resolved, characters outside ASCII escaped.
std::optional<Url> parse_url(std::string_view text);
/// `reference` as it stands on the page `base` (RFC 3986, section 5.2).
std::optional<Url> resolve_url(const Url& base, std::string_view reference);

}  // namespace malmoi::net
