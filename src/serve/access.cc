#include "serve/access.h"

#include <algorithm>

#include "base/ascii.h"
#include "serve/secret.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

// Fields that hold a key and nothing else.
constexpr const char* kKeyFields[] = {"x-api-key", "x-goog-api-key"};

// What may be a key, wherever the client of a protocol puts it.
std::vector<std::string> given_keys(const HttpRequest& request) {
  std::vector<std::string> keys;
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view header = view(request[http::field::authorization]);
  if (ascii_lower(header.substr(0, kBearer.size())) == ascii_lower(kBearer))
    keys.emplace_back(header.substr(kBearer.size()));
  for (const char* name : kKeyFields) {
    if (auto field = request.find(name); field != request.end()) keys.emplace_back(view(field->value()));
  }
  if (auto key = find_in_query(query_of(request), "key")) keys.push_back(*std::move(key));
  return keys;
}

}  // namespace

Access::Access(const ServerOptions& options)
    : asks_for_keys_(serve::asks_for_keys(options)), origins_(options.cors_origins) {
  for (const std::string& key : options.api_keys) plain_keys_.push_back(plain_key(key));
  set_keys(options.keys.value_or(std::vector<ApiKey>()));
  if (asks_for_keys_ || !is_loopback(options.host)) return;
  for (const std::string& host : options.allowed_hosts) {
    bool bare_ipv6 = host.find(':') != host.rfind(':') && host[0] != '[';
    hosts_.push_back(bare_ipv6 ? ascii_lower(host) : host_name(host));
  }
  hosts_.push_back(ascii_lower(options.host));
}

void Access::set_keys(const std::vector<ApiKey>& keys) {
  std::vector<ApiKey> all = plain_keys_;
  all.insert(all.end(), keys.begin(), keys.end());
  keys_.set(all, monotonic_microseconds());
}

const KnownKey* Access::find_key(std::string_view key) const { return keys_.find(sha256(key)); }

const KnownKey* Access::key_of(const HttpRequest& request) const {
  const KnownKey* found = nullptr;
  for (const std::string& key : given_keys(request)) {
    if (const KnownKey* known = find_key(key)) found = known;
  }
  return found;
}

std::optional<protocol::ApiError> Access::refuse_host(const HttpRequest& request) const {
  auto authority = authority_of(request);
  if (hosts_.empty() || !authority) return {};
  std::string host = host_name(*authority);
  if (is_loopback(host) || std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end()) return {};
  return protocol::ApiError{.status = 403,
                            .message =
                                "this server answers only to names of this machine, not to the Host of this request; "
                                "call it by its address, or name the host with --allow-host",
                            .code = "host_not_allowed"};
}

bool Access::allows_origin(std::string_view origin) const {
  return !origin.empty() &&
         std::any_of(origins_.begin(), origins_.end(), [&](const std::string& o) { return o == "*" || o == origin; });
}

void Access::allow_origin(const HttpRequest& request, http::fields& response) const {
  beast::string_view origin = request[http::field::origin];
  if (!allows_origin(view(origin))) return;
  response.set(http::field::access_control_allow_origin, origin);
  // Clients in pages read when to try again, and by which id a request is known. All of them may: no cookie is let across origins.
  response.set(http::field::access_control_expose_headers, "*");
  response.set(http::field::vary, "Origin");
}

HttpResponse Access::preflight(const HttpRequest& request) const {
  if (!allows_origin(view(request[http::field::origin])))
    return error_response({.status = 403,
                           .message = "pages of this origin may not call this server; allow it with --cors-origin",
                           .code = "origin_not_allowed"});
  HttpResponse response(http::status::no_content, 11);
  response.set(http::field::access_control_allow_methods, "GET, POST, OPTIONS");
  // What the page asks for: client libraries add fields of their own. None of them lets a page in that has no key: the token of a
  // session (X-Malmoi-CSRF) is read by no page of another origin, since answers to requests with cookies are not let across.
  beast::string_view asked = request[http::field::access_control_request_headers];
  response.set(http::field::access_control_allow_headers, asked.empty() ? "Authorization, Content-Type" : asked);
  response.set(http::field::access_control_max_age, "600");
  return response;
}

}  // namespace malmoi::serve
