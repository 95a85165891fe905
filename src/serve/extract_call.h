// POST /extract?name=NAME: the bytes of a document as text, by ServerOptions::extractor.
#pragma once

#include <string>

#include "serve/exchange.h"

namespace malmoi::serve {

asio::awaitable<void> handle_extract(Exchange& exchange);

/// The name of a file without the folders before it, as either kind of system writes them; ill-formed UTF-8 replaced.
std::string file_name_of(std::string_view path);

}  // namespace malmoi::serve
