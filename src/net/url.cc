#include "net/url.h"

#include <cctype>
#include <vector>

#include "base/ascii.h"
#include "base/percent.h"

namespace malmoi::net {
namespace {

constexpr size_t kMaxLength = 2048;

std::string escape(std::string_view text) {
  return percent_encode(text, [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("\"<>\\^`{}|").find(c) == std::string_view::npos;
  });
}

std::string remove_dots(std::string_view path) {
  std::vector<std::string_view> parts;
  bool folder = false;
  for (size_t begin = 1; begin <= path.size();) {
    size_t end = std::min(path.find('/', begin), path.size());
    std::string_view part = path.substr(begin, end - begin);
    folder = part.empty() || part == "." || part == "..";
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    begin = end + 1;
  }
  std::string out;
  for (std::string_view part : parts) (out += '/') += part;
  if (folder || out.empty()) out += '/';
  return out;
}

// Path and query: the query stays as it is.
std::string clean_path(std::string_view path) {
  path = path.substr(0, path.find('#'));
  size_t query = path.find('?');
  std::string_view before = path.substr(0, query);
  std::string out = remove_dots(before.starts_with('/') ? std::string(before) : "/" + std::string(before));
  if (query != std::string_view::npos && query + 1 < path.size()) out += path.substr(query);
  return escape(out);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  text = trim(text);
  size_t colon = text.find("://");
  if (colon == std::string_view::npos || text.size() > kMaxLength) return {};
  Url url;
  url.scheme = ascii_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return {};
  std::string_view rest = text.substr(colon + 3);
  size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  url.host = ascii_lower(rest.substr(0, end));
  if (size_t at = url.host.rfind('@'); at != std::string::npos) url.host.erase(0, at + 1);  // no credentials
  std::string own_port = url.scheme == "http" ? ":80" : ":443";
  if (url.host.ends_with(own_port)) url.host.resize(url.host.size() - own_port.size());
  if (url.host.empty() || url.host.find_first_of(" \t\r\n\"<>") != std::string::npos) return {};
  url.path = clean_path(end < rest.size() ? rest.substr(end) : "/");
  return url;
}

std::optional<Url> resolve_url(const Url& base, std::string_view reference) {
  reference = trim(reference);
  size_t colon = reference.find(':'), stop = reference.find_first_of("/?#");
  if (colon != std::string_view::npos && colon < stop) {
    if (reference.substr(colon).starts_with("://")) return parse_url(reference);
    return {};  // mailto:, javascript:, data: ...
  }
  if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string(reference));
  Url url = base;
  if (reference.empty() || reference[0] == '#') return url;
  if (reference[0] == '/') {
    url.path = clean_path(reference);
  } else {
    std::string path = base.path.substr(0, base.path.find('?'));
    if (reference[0] != '?') path.resize(path.rfind('/') + 1);
    url.path = clean_path(path + std::string(reference));
  }
  if (url.path.size() > kMaxLength) return {};
  return url;
}

}  // namespace malmoi::net
