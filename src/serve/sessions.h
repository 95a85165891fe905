// Browsers that have given a key once and carry a cookie in its place: kept in memory, so that none outlives the server.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::serve {

struct Session {
  std::string key;   // digest of the key; where that key goes, so does the session
  std::string csrf;  // what requests that change something must carry beside the cookie
  double end = 0;    // monotonic seconds
};

/// One thread. Of cookies only their digests are kept.
class Sessions {
 public:
  static constexpr double kSeconds = 12 * 3600;  // a working day, after which the key is asked for again
  static constexpr size_t kMostOfKey = 32;       // beyond them the oldest one ends

  struct Opened {
    std::string cookie, csrf;
  };
  Result<Opened> open(const std::string& key, double now);
  /// Null where there is none, or it has ended.
  const Session* find(std::string_view cookie, double now) const;
  void close(std::string_view cookie);
  size_t size() const { return sessions_.size(); }

 private:
  void make_room(const std::string& key, double now);

  std::map<std::string, Session, std::less<>> sessions_;  // by the digest of the cookie
};

}  // namespace malmoi::serve
