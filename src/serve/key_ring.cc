#include "serve/key_ring.h"

#include <map>
#include <utility>

#include "serve/secret.h"

namespace malmoi::serve {

void KeyRing::set(const std::vector<ApiKey>& keys, Microseconds now) {
  std::map<std::pair<std::string_view, std::string_view>, const KnownKey*> before;  // by name and digest
  for (const KnownKey& one : keys_) before[{one.key.name, one.key.digest}] = &one;
  std::vector<KnownKey> known;
  for (const ApiKey& key : keys) {
    std::shared_ptr<ClientLimits> limits;
    if (const auto found = before.find({key.name, key.digest}); found != before.end()) limits = found->second->limits;
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
