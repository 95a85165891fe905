// One request from the bytes of a connection: strict where two readers could disagree on where it ends, and bounded.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "protocol/api_error.h"
#include "serve/http.h"
#include "serve/options.h"

namespace malmoi::serve {

/// Feeds Beast's parser, which knows the grammar, and refuses what the grammar lets pass: a request with two lengths, more
/// than one Host, a transfer coding other than `chunked` (RFC 9112, 3.2, 6.1 and 6.3). What it keeps is bounded by the
/// header limit and the body limit; extensions and trailers of chunks are dropped, and bounded in proportion to the body.
/// Time is linear in the bytes.
///
///     while (!parser.stopped()) consume(parser.put(bytes)), read more;    // the header
///     parser.begin_body();
///     while (!parser.stopped()) ...                                       // the rest
class RequestParser {
 public:
  explicit RequestParser(const ServerOptions& options);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes bytes from the beginning of what has arrived; returns how many. The rest is to come again, with more behind it.
  size_t put(std::string_view bytes);
  /// Nothing more is to be put: the header is whole (before begin_body()), the request is, or there is an error.
  bool stopped() const;
  /// What to tell a client whose request cannot be read.
  const std::optional<protocol::ApiError>& error() const { return error_; }
  bool has_body() const { return !parser_.is_done(); }
  /// `limit`: of this body, in bytes, where it is less than the one of the options. A length above it is an error at once.
  void begin_body(uint64_t limit = UINT64_MAX);

  /// Nothing more is read, for a reason of the server's own.
  void stop(protocol::ApiError error) { error_ = std::move(error); }

  const HttpRequest& request() const { return parser_.get(); }
  HttpRequest& request() { return parser_.get(); }
  bool keep_alive() const { return parser_.keep_alive(); }

 private:
  void check_header();
  bool wastes_bytes() const;
  void refuse(boost::system::error_code error, std::string_view line);

  const ServerOptions& options_;
  http::request_parser<http::string_body> parser_;
  http::fields header_;  // as it was before trailers, which Beast adds to it
  std::optional<protocol::ApiError> error_;
  uint64_t most_body_;       // bytes
  size_t header_bytes_ = 0;  // taken so far, with empty lines before the request
  size_t body_bytes_ = 0;    // the same of the body, with the frames of its chunks
  bool reading_body_ = false;
};

}  // namespace malmoi::serve
