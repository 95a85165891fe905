#include "serve/request_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>

#include "serve/target.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

// Fields of a request: browsers send about twenty.
constexpr std::ptrdiff_t kMaxFields = 100;
// What may come for each byte of a body in chunks: chunks of one byte take six.
constexpr size_t kBytesPerByte = 8;

ApiError malformed(std::string why) {
  return {.message = "this is not an HTTP request: " + std::move(why), .code = "malformed_request"};
}

ApiError header_too_large(const std::string& limit) {
  return {.status = 431, .message = "the header is larger than " + limit, .code = "header_too_large"};
}

ApiError body_too_large(uint64_t limit, const ServerOptions& options) {
  const char* remedy = limit < options.max_body_bytes ? "this path takes no more"
                                                      : "send less, or start the server with a larger --max-body";
  return {.status = 413,
          .message = fmt::format("the body is larger than {} bytes; {}", limit, remedy),
          .code = "body_too_large"};
}

// Whether a request line asks for a version that is none of ours, such as `GET / HTTP/2.0`.
bool is_other_version(std::string_view line) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t at = line.rfind(" HTTP/");
  return at != line.npos && line.size() == at + 9 && is_digit(line[at + 6]) && line[at + 7] == '.' &&
         is_digit(line[at + 8]);
}

std::optional<ApiError> check_host(const HttpRequest& request) {
  size_t hosts = request.count(http::field::host);
  if (hosts > 1) return malformed("more than one Host");
  if (hosts == 0 && request.version() >= 11) return malformed("no Host");
  if (hosts == 1 && !is_authority(view(request[http::field::host]))) return malformed("Host is not a host and port");
  if (auto authority = authority_of(request); authority && !is_authority(*authority))
    return malformed("the target's host is not a host and port");
  return {};
}

// Where the body ends must be said once, in one way.
std::optional<ApiError> check_framing(const HttpRequest& request) {
  if (request.count(http::field::content_length) > 1 ||
      view(request[http::field::content_length]).find(',') != std::string_view::npos)
    return malformed("more than one Content-Length");
  size_t codings = request.count(http::field::transfer_encoding);
  if (codings == 0) return {};
  if (request.count(http::field::content_length) > 0) return malformed("Content-Length beside Transfer-Encoding");
  if (request.version() < 11) return malformed("HTTP/1.0 has no Transfer-Encoding");
  if (codings == 1 && beast::iequals(request[http::field::transfer_encoding], "chunked")) return {};
  return ApiError{.status = 501,
                  .message = "of transfer codings this server knows 'chunked' alone, once",
                  .code = "unsupported_transfer_encoding"};
}

std::optional<ApiError> check_expectation(const HttpRequest& request) {
  size_t count = request.count(http::field::expect);
  if (count == 0 || (count == 1 && beast::iequals(request[http::field::expect], "100-continue"))) return {};
  return ApiError{
      .status = 417, .message = "of expectations this server knows '100-continue' alone", .code = "expectation_failed"};
}

}  // namespace

RequestParser::RequestParser(const ServerOptions& options) : options_(options), most_body_(options.max_body_bytes) {
  parser_.header_limit(static_cast<std::uint32_t>(options.max_header_bytes));
  parser_.body_limit(options.max_body_bytes);
  parser_.eager(false);  // stops behind the header
}

bool RequestParser::stopped() const {
  return error_ || parser_.is_done() || (!reading_body_ && parser_.is_header_done());
}

void RequestParser::begin_body(uint64_t limit) {
  reading_body_ = true;
  header_ = parser_.get();
  parser_.eager(true);
  most_body_ = std::min<uint64_t>(limit, options_.max_body_bytes);
  parser_.body_limit(most_body_);  // heeded in chunks; a length was compared when the header was read
  const auto length = parser_.content_length();
  if (length && *length > most_body_) refuse(http::error::body_limit, {});
}

size_t RequestParser::put(std::string_view bytes) {
  if (stopped()) return 0;
  size_t skipped = 0;
  if (!parser_.got_some()) {  // empty lines before a request are passed over (RFC 9112, 2.2)
    while (bytes.substr(skipped).starts_with("\r\n")) skipped += 2;
    bytes.remove_prefix(skipped);
  }
  header_bytes_ += reading_body_ ? 0 : skipped;
  size_t used = 0;
  boost::system::error_code error;
  if (!bytes.empty() && bytes != "\r") used = parser_.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  (reading_body_ ? body_bytes_ : header_bytes_) += used;
  size_t left = bytes.size() - used;
  bool needs_more = error == http::error::need_more;
  if (error && !needs_more) {
    refuse(error, bytes.substr(0, bytes.find('\r')));
  } else if (!reading_body_ && header_bytes_ + (needs_more ? left : 0) > options_.max_header_bytes) {
    refuse(http::error::header_limit, {});
  } else if (reading_body_ && ((needs_more && left > options_.max_header_bytes) || wastes_bytes())) {
    error_ = malformed("its chunks are frames and extensions rather than data");
  } else if (!reading_body_ && parser_.is_header_done()) {
    check_header();
  } else if (reading_body_ && parser_.is_done()) {
    static_cast<http::fields&>(parser_.get()) = std::move(header_);
  }
  return skipped + used;
}

bool RequestParser::wastes_bytes() const {
  return body_bytes_ > options_.max_header_bytes + kBytesPerByte * parser_.get().body().size();
}

void RequestParser::check_header() {
  const HttpRequest& request = parser_.get();
  if (std::distance(request.begin(), request.end()) > kMaxFields) {
    error_ = header_too_large(std::to_string(kMaxFields) + " fields");
    return;
  }
  if (!is_target(view(request.target()))) error_ = malformed("its target is neither a path nor a URL of http");
  if (!error_) error_ = check_host(request);
  if (!error_) error_ = check_framing(request);
  if (!error_) error_ = check_expectation(request);
}

void RequestParser::refuse(boost::system::error_code error, std::string_view line) {
  if (error == http::error::header_limit) {
    error_ = header_too_large(std::to_string(options_.max_header_bytes) + " bytes");
  } else if (error == http::error::body_limit) {
    error_ = body_too_large(most_body_, options_);
  } else if (error == http::error::bad_version && is_other_version(line)) {
    error_ = ApiError{.status = 505, .message = "this server speaks HTTP/1.1", .code = "unsupported_http_version"};
  } else {
    error_ = malformed(error.message());
  }
}

}  // namespace malmoi::serve
