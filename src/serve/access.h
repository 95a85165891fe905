// Who may call: API keys, the Host a browser believes it speaks to, and pages of other origins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"
#include "serve/key_ring.h"
#include "serve/options.h"

namespace malmoi::serve {

class Access {
 public:
  explicit Access(const ServerOptions& options);

  /// Whether requests must carry a key.
  bool asks_for_keys() const { return asks_for_keys_; }
  /// The keys of a file that was changed take the place of those that stood in it.
  void set_keys(const std::vector<ApiKey>& keys);
  /// The key that stands where the clients of a protocol put it: `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`, or
  /// `key=` in the query. Null: none of those that do is known.
  const KnownKey* key_of(const HttpRequest& request) const;
  /// The key of a text.
  const KnownKey* find_key(std::string_view key) const;
  const KeyRing& keys() const { return keys_; }
  /// Why a request must be refused whatever it asks for: a server on the loopback without a key answers only to names of
  /// the loopback, so that a web page cannot reach it through a name of its own (DNS rebinding).
  std::optional<protocol::ApiError> refuse_host(const HttpRequest& request) const;
  /// Adds the CORS headers for an origin that was allowed.
  void allow_origin(const HttpRequest& request, http::fields& response) const;
  /// The answer to a preflight request.
  HttpResponse preflight(const HttpRequest& request) const;

 private:
  bool allows_origin(std::string_view origin) const;

  bool asks_for_keys_;
  std::vector<ApiKey> plain_keys_;
  KeyRing keys_;
  std::vector<std::string> hosts_;  // empty: any
  std::vector<std::string> origins_;
};

}  // namespace malmoi::serve
