#include "serve/target.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/percent.h"

namespace malmoi::serve {
namespace {

// Of a registered name or an IPv4 address (RFC 3986, 3.2.2).
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+;=%";

// Where the host begins in an absolute-form target; npos in the other forms.
size_t authority_begin(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (ascii_lower(target.substr(0, scheme.size())) == scheme) return scheme.size();
  }
  return target.npos;
}

size_t authority_end(std::string_view target, size_t begin) {
  return std::min(target.find_first_of("/?#", begin), target.size());
}

}  // namespace

bool is_target(std::string_view target) {
  return target.starts_with('/') || target == "*" || authority_begin(target) != target.npos;
}

std::string_view path_of(const HttpRequest& request) {
  std::string_view target = view(request.target());
  if (size_t begin = authority_begin(target); begin != target.npos) {
    target.remove_prefix(authority_end(target, begin));
    if (target.empty() || target[0] != '/') return "/";
  }
  return target.substr(0, target.find_first_of("?#"));
}

std::string_view query_of(const HttpRequest& request) {
  const std::string_view target = view(request.target()).substr(0, view(request.target()).find('#'));
  const size_t mark = target.find('?');
  return mark == target.npos ? std::string_view() : target.substr(mark + 1);
}

std::optional<std::string> find_in_query(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.substr(0, pair.find('=')) == name && pair.size() > name.size())
      return percent_decode(pair.substr(name.size() + 1));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return {};
}

std::optional<std::string_view> authority_of(const HttpRequest& request) {
  std::string_view target = view(request.target());
  if (size_t begin = authority_begin(target); begin != target.npos)
    return target.substr(begin, authority_end(target, begin) - begin);
  auto field = request.find(http::field::host);
  if (field == request.end()) return {};
  return view(field->value());
}

bool is_authority(std::string_view text) {
  size_t port = text.find(':');
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    if (close == text.npos) return false;
    std::string_view address = text.substr(1, close - 1);
    if (address.find_first_not_of("0123456789abcdefABCDEFvV.:%") != address.npos) return false;
    if (close + 1 < text.size() && text[close + 1] != ':') return false;
    port = close + 1 < text.size() ? close + 1 : text.npos;
  } else {
    if (text.substr(0, port).find_first_not_of(kNameCharacters) != text.npos) return false;
  }
  if (port == text.npos) return true;
  std::string_view digits = text.substr(port + 1);
  return digits.size() <= 5 && digits.find_first_not_of("0123456789") == digits.npos;
}

std::string host_name(std::string_view authority) {
  std::string_view host = authority.substr(0, authority.find(':'));
  if (authority.starts_with('[')) host = authority.substr(1, std::min(authority.find(']'), authority.size()) - 1);
  if (host.ends_with('.')) host.remove_suffix(1);  // the root of the domain names, spelled out
  return ascii_lower(host);
}

}  // namespace malmoi::serve
