// HTTP requests, many at once, over libcurl: what a crawler and whoever else asks other machines need. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::net {

struct HttpOptions {
  std::string agent;
  double timeout = 30;  // seconds for a whole answer; 0: as long as it takes
  int stall = 0;        // seconds in which nothing comes, after which an answer is given up; 0: never
};

struct HttpResponse;
/// Takes the next bytes of a body; the answer so far has status and head. False ends it, with a failure.
using BodySink = std::function<bool(const HttpResponse& so_far, std::string_view bytes)>;

struct HttpRequest {
  uint64_t id = 0;  // comes back with the answer
  std::string url;  // http or https; redirects are not followed
  std::vector<std::string> headers;
  uint64_t max_bytes = uint64_t{16} << 20;
  BodySink sink;  // of a 200 or a 206, in place of the answer's `body`; max_bytes does not hold for it
};

struct HttpResponse {
  uint64_t id = 0;
  int status = 0;    // 0: no answer
  std::string head;  // the status line and the fields, with the empty line: net/headers.h reads it
  std::string body;  // of one longer than max_bytes, its beginning
  bool too_large = false;
  std::string failure;  // why there is no whole answer; empty: there is
};

class HttpClient {
 public:
  /// Errors: libcurl cannot be started.
  static Result<HttpClient> create(HttpOptions options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();  // ends what runs

  /// Errors: libcurl has no memory.
  Status start(HttpRequest request);
  size_t running() const;
  /// Those that are done, after `seconds` at most; comes back as soon as anything happened.
  std::vector<HttpResponse> wait(double seconds);

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace malmoi::net
