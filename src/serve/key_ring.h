// The keys that a server knows, with what each has used of its limits.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "serve/api_key.h"
#include "serve/client_limits.h"

namespace malmoi::serve {

struct KnownKey {
  ApiKey key;
  std::shared_ptr<ClientLimits> limits;  // null: it has none
};

/// One thread.
class KeyRing {
 public:
  /// Takes the place of all keys before. One of the same name and digest goes on with what it has used.
  void set(const std::vector<ApiKey>& keys, Microseconds now);
  /// The key of a digest; null where there is none. All digests are compared whole: the time taken says nothing of them.
  const KnownKey* find(std::string_view digest) const;

 private:
  std::vector<KnownKey> keys_;
};

}  // namespace malmoi::serve
