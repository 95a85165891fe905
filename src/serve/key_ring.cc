#include "serve/key_ring.h"

#include <utility>

#include "serve/secret.h"

namespace malmoi::serve {

void KeyRing::set(const std::vector<ApiKey>& keys, Microseconds now) {
  std::vector<KnownKey> known;
  for (const ApiKey& key : keys) {
    std::shared_ptr<ClientLimits> limits;
    const KnownKey* before = find(key.digest);
    if (before && before->key.name == key.name) limits = before->limits;
    if (limits) limits->set(key.limits, now);
    else if (key.limits.any()) limits = std::make_shared<ClientLimits>(key.limits, now);
    known.push_back({key, std::move(limits)});
  }
  keys_ = std::move(known);
}

const KnownKey* KeyRing::find(std::string_view digest) const {
  const KnownKey* found = nullptr;
  for (const KnownKey& known : keys_) {
    if (same_digest(known.key.digest, digest)) found = &known;
  }
  return found;
}

}  // namespace malmoi::serve
