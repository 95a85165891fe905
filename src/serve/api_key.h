// A key of the API: whose it is, what it is good for, how much it may use. The key itself is not kept, its digest is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "serve/scope.h"

namespace malmoi::serve {

/// 0: no limit.
struct KeyLimits {
  int64_t requests_per_minute = 0;
  int64_t tokens_per_minute = 0;  // of prompts and answers together
  int64_t concurrency = 0;        // requests under way at once
  bool any() const { return requests_per_minute > 0 || tokens_per_minute > 0 || concurrency > 0; }
  friend bool operator==(const KeyLimits&, const KeyLimits&) = default;
};
constexpr int64_t kMostOfLimit =
    1'000'000'000;  // with which a minute's sums stay within 64 bits (serve/client_limits.h)

struct ApiKey {
  std::string name;    // one of its own
  std::string digest;  // SHA-256 of the key
  Scopes scopes;
  KeyLimits limits;
  int64_t created = 0;  // seconds since 1970; 0: not known
  int64_t expires = 0;  // from then on it is refused; 0: never
};

/// A key of a plain file: all scopes, no limits, and named by the beginning of its digest.
ApiKey plain_key(std::string_view key);

/// Whether a text can name a key: 1 to 64 letters, digits, dots, dashes, underscores and at signs.
bool is_key_name(std::string_view name);

/// The names of a key's scopes.
std::vector<std::string> scope_names(Scopes scopes);

/// What may be told of a key: all but its digest.
Json to_json(const ApiKey& key);

/// A file of keys: {"keys": [{"name", "sha256", "scopes", "requests_per_minute", ...}]}. Errors name the key and the field; a field
/// that nobody knows is one, since it may have been meant as a limit, and so is a key under two names, of which only one would count.
Result<std::vector<ApiKey>> read_keys(std::string_view text, const std::string& where);
std::string print_keys(const std::vector<ApiKey>& keys);

}  // namespace malmoi::serve
