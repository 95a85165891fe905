// The HTTP types of this folder, and whole responses made from JSON and errors.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "protocol/openai_error.h"

namespace malmoi::serve {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

using HttpRequest = http::request<http::string_body>;
using HttpResponse = http::response<http::string_body>;

/// Beast's texts are of a type of their own.
inline std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// Seconds as timers take them.
inline std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

/// Whether the body is declared as of a media type, such as `application/json`.
bool has_body_of(const HttpRequest& request, std::string_view media_type);
/// Whether a browser sent it for a web page: browsers name the page's origin in each POST to another one.
bool is_of_page(const HttpRequest& request);

HttpResponse text_response(http::status status, std::string_view content_type, std::string body);
HttpResponse json_response(http::status status, const Json& json);
HttpResponse error_response(const protocol::ApiError& error, protocol::PrintError print = protocol::print_openai_error);

}  // namespace malmoi::serve
