#include "serve/http.h"

#include <boost/beast/core/string.hpp>

namespace malmoi::serve {

bool has_body_of(const HttpRequest& request, std::string_view media_type) {
  beast::string_view type = request[http::field::content_type];
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return beast::iequals(type, beast::string_view(media_type.data(), media_type.size()));
}

bool is_of_page(const HttpRequest& request) {
  return request.count(http::field::origin) > 0 || request.count("Sec-Fetch-Site") > 0;
}

HttpResponse text_response(http::status status, std::string_view content_type, std::string body) {
  HttpResponse response(status, 11);
  response.set(http::field::content_type, beast::string_view(content_type.data(), content_type.size()));
  response.body() = std::move(body);
  return response;
}

HttpResponse json_response(http::status status, const Json& json) {
  HttpResponse response = text_response(status, "application/json", dump_json(json) + "\n");
  response.set(http::field::cache_control, "no-store");
  return response;
}

HttpResponse error_response(const protocol::ApiError& error, protocol::PrintError print) {
  HttpResponse response = json_response(static_cast<http::status>(error.status), print(error));
  if (error.status == 401) response.set(http::field::www_authenticate, "Bearer");
  if (error.status == 429 || error.status == 503)
    response.set(http::field::retry_after, std::to_string(error.retry_seconds));
  return response;
}

}  // namespace malmoi::serve
