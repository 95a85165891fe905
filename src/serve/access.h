// Who may call: API keys, the Host a browser believes it speaks to, and pages of other origins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"
#include "serve/options.h"

namespace malmoi::serve {

class Access {
 public:
  explicit Access(const ServerOptions& options);

  /// Whether one of the keys stands where the clients of a protocol put it: `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`, or
  /// `key=` in the query. All digests are compared whole: the time taken says nothing of the keys.
  bool has_key(const HttpRequest& request) const;
  /// Why a request must be refused whatever it asks for: a server on the loopback without a key answers only to names of
  /// the loopback, so that a web page cannot reach it through a name of its own (DNS rebinding).
  std::optional<protocol::ApiError> refuse_host(const HttpRequest& request) const;
  /// Adds the CORS headers for an origin that was allowed.
  void allow_origin(const HttpRequest& request, http::fields& response) const;
  /// The answer to a preflight request.
  HttpResponse preflight(const HttpRequest& request) const;

 private:
  bool allows_origin(std::string_view origin) const;

  std::vector<std::string> digests_;  // SHA-256 of the keys
  std::vector<std::string> hosts_;    // empty: any
  std::vector<std::string> origins_;
};

}  // namespace malmoi::serve
