#include "app/store/address.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/percent.h"

namespace malmoi::app {
namespace {

constexpr size_t kLongest = size_t{16} << 10;

// Where the host and its credentials stand.
struct Authority {
  size_t begin = 0, host = 0, end = 0;
};

Authority authority_of(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const size_t begin = scheme + 3;
  const size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const size_t at = url.substr(begin, end - begin).rfind('@');
  return {begin, at == std::string_view::npos ? begin : begin + at + 1, end};
}

}  // namespace

std::string origin_of(std::string_view url) {
  const bool is_printable = std::all_of(url.begin(), url.end(), [](char c) {
    // A backslash is a slash to some and a character to others, who would then see another host.
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) != 0x7F && c != '\\';
  });
  if (url.size() > kLongest || !is_printable) return {};
  const Authority authority = authority_of(url);
  if (authority.host >= authority.end) return {};
  const std::string scheme = ascii_lower(url.substr(0, authority.begin));
  if (scheme != "http://" && scheme != "https://") return {};
  std::string host = ascii_lower(url.substr(authority.host, authority.end - authority.host));
  const std::string own_port = scheme == "http://" ? ":80" : ":443";
  if (host.ends_with(own_port)) host.resize(host.size() - own_port.size());
  return scheme + host;
}

std::string credentials_of(std::string_view url) {
  const Authority authority = authority_of(url);
  if (authority.host <= authority.begin) return {};
  return std::string(url.substr(authority.begin, authority.host - 1 - authority.begin));
}

std::string without_credentials(std::string_view url) {
  const Authority authority = authority_of(url);
  return std::string(url.substr(0, authority.begin)) + std::string(url.substr(authority.host));
}

std::string shown_url(std::string_view url) {
  std::string shown = without_credentials(url);
  return shown.substr(0, shown.find_first_of("?#"));
}

std::string follow(std::string_view url, std::string_view location) {
  const std::string origin = origin_of(url);
  const Authority authority = authority_of(url);
  std::string target(location.substr(0, location.find('#')));
  if (target.starts_with("//")) {
    target = std::string(url.substr(0, authority.begin - 2)) + target;
  } else if (target.starts_with('/')) {
    target = origin + target;
  } else if (authority_of(target).begin == 0) {  // beside the page
    std::string_view path = url.substr(authority.end);
    path = path.substr(0, path.find_first_of("?#"));
    if (!target.starts_with('?')) path = path.substr(0, path.rfind('/') + 1);
    target = origin + (path.empty() ? "/" : std::string(path)) + target;
  }
  const std::string there = origin_of(target);
  if (there.empty() || (origin.starts_with("https:") && there.starts_with("http:"))) return {};
  return target;
}

std::string escape_path(std::string_view path) {
  return percent_encode(path, [](char c) { return is_unreserved(c) || c == '/'; });
}

}  // namespace malmoi::app
