// Fuzzes the bytes of a connection: they are read the same in pieces as at once, within limits, and every request that is let
// pass has one length and at most one host.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/percent.h"
#include "serve/authorise.h"
#include "serve/request_parser.h"
#include "serve/target.h"
#include "serve/trace.h"

using namespace malmoi::serve;

namespace {

struct Read {
  int error = 0;
  bool whole = false;
  std::string target, body;
  bool operator==(const Read&) const = default;
};

void check_request(const HttpRequest& request) {
  namespace http = boost::beast::http;
  size_t lengths = request.count(http::field::content_length) + request.count(http::field::transfer_encoding);
  if (lengths > 1 || request.count(http::field::host) > 1) std::abort();
  if (auto authority = authority_of(request)) {
    if (!is_authority(*authority) || host_name(*authority).size() > authority->size()) std::abort();
  }
  std::string_view path = path_of(request);
  if (path.empty() || malmoi::percent_decode(path).size() > path.size()) std::abort();
}

// What names a request is well-formed, whatever its client sent: it goes into answers and logs.
void check_names(const HttpRequest& request) {
  const std::string id = request_id_of(request);
  if (id.empty() || id.size() > 128 || id.find_first_of("\"\\ \r\n") != id.npos) std::abort();
  const auto trace = continue_trace(view(request["traceparent"]));
  if (trace && !continue_trace(trace->traceparent())) std::abort();
  if (cookie_of(ServerOptions(), request).find(';') != std::string_view::npos) std::abort();
}

// As a connection reads, `piece` bytes at a time.
Read read(std::string_view bytes, size_t piece, const ServerOptions& options) {
  RequestParser parser(options);
  std::string waiting;
  while (true) {
    waiting.erase(0, parser.put(waiting));
    if (parser.error()) return {.error = parser.error()->status};
    if (parser.stopped() && parser.has_body()) {
      parser.begin_body();
      continue;
    }
    if (parser.stopped()) break;
    if (waiting.size() > options.max_header_bytes + piece + 1) std::abort();
    if (bytes.empty()) return {};
    waiting += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(bytes.size(), piece));
  }
  check_request(parser.request());
  check_names(parser.request());
  if (parser.request().body().size() > options.max_body_bytes) std::abort();
  auto target = parser.request().target();
  return {.whole = true, .target = std::string(target.data(), target.size()), .body = parser.request().body()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ServerOptions options;
  options.max_header_bytes = 512;
  options.max_body_bytes = 1024;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Read at_once = read(bytes, size + 1, options), in_pieces = read(bytes, 7, options);
  // Limits may be met by another piece first; what is read is the same.
  if (at_once.whole && in_pieces.whole && !(at_once == in_pieces)) std::abort();
  return 0;
}
