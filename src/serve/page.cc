#include "serve/page.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <span>

#include "base/hash.h"
#include "serve/target.h"

namespace malmoi::embedded {
extern const std::string_view page_index_html, page_page_js, page_page_css;
}  // namespace malmoi::embedded

namespace malmoi::serve {
namespace {

struct PageFile {
  std::string_view path, content_type;
  const std::string_view* text;
};

constexpr PageFile kFiles[] = {
    {"/", "text/html; charset=utf-8", &embedded::page_index_html},
    {"/page.js", "text/javascript; charset=utf-8", &embedded::page_page_js},
    {"/page.css", "text/css; charset=utf-8", &embedded::page_page_css},
};

// The page is all its own: nothing from elsewhere, nothing inline.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri "
    "'none'; "
    "form-action 'none'; frame-ancestors 'none'";

const PageFile* find_file(std::string_view path) {
  auto found = std::find_if(std::begin(kFiles), std::end(kFiles), [&](const PageFile& f) { return f.path == path; });
  return found == std::end(kFiles) ? nullptr : found;
}

}  // namespace

bool is_page(std::string_view path) { return find_file(path) != nullptr; }

HttpResponse page_response(const HttpRequest& request) {
  const PageFile* file = find_file(path_of(request));
  std::string tag = '"' + to_hex(hash128(*file->text)) + '"';
  bool same = request[http::field::if_none_match] == beast::string_view(tag);
  HttpResponse response = same ? HttpResponse(http::status::not_modified, 11)
                               : text_response(http::status::ok, file->content_type, std::string(*file->text));
  response.set(http::field::etag, tag);
  response.set(http::field::cache_control, "no-cache");
  response.set("Content-Security-Policy", kPolicy);
  return response;
}

}  // namespace malmoi::serve
