#include "serve/sessions.h"

#include "serve/secret.h"

namespace malmoi::serve {

void Sessions::make_room(const std::string& key, double now) {
  std::erase_if(sessions_, [now](const auto& entry) { return entry.second.end <= now; });
  size_t of_key = 0;
  auto oldest = sessions_.end();
  for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
    if (at->second.key != key) continue;
    ++of_key;
    if (oldest == sessions_.end() || at->second.end < oldest->second.end) oldest = at;
  }
  if (of_key >= kMostOfKey) sessions_.erase(oldest);
}

Result<Sessions::Opened> Sessions::open(const std::string& key, double now) {
  MALMOI_ASSIGN(std::string cookie, new_secret());
  MALMOI_ASSIGN(std::string csrf, new_secret());
  make_room(key, now);
  sessions_[sha256(cookie)] = {.key = key, .csrf = csrf, .end = now + kSeconds};
  return Opened{.cookie = std::move(cookie), .csrf = std::move(csrf)};
}

const Session* Sessions::find(std::string_view cookie, double now) const {
  if (cookie.empty()) return nullptr;
  const auto found = sessions_.find(sha256(cookie));
  return found != sessions_.end() && found->second.end > now ? &found->second : nullptr;
}

void Sessions::close(std::string_view cookie) { sessions_.erase(sha256(cookie)); }

}  // namespace malmoi::serve
