// HTTP requests, many at once, over libcurl: what a crawler and whoever else asks other machines need. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace malmoi::net {

struct HttpOptions {
  std::string agent;
  double timeout = 30;  // seconds for a whole answer
};

struct HttpRequest {
  uint64_t id = 0;  // comes back with the answer
  std::string url;  // http or https; redirects are not followed
  std::vector<std::string> headers;
  uint64_t max_bytes = uint64_t{16} << 20;
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
