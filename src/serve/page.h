// The web page, as built from web/ and embedded in the program.
#pragma once

#include <string_view>

#include "serve/http.h"

namespace malmoi::serve {

/// Whether a path is a file of the page.
bool is_page(std::string_view path);
/// The file, or 304 where the browser has it already.
HttpResponse page_response(const HttpRequest& request);

}  // namespace malmoi::serve
