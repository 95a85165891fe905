// POST /extract?name=NAME: the bytes of a document as text, by ServerOptions::extractor.
#pragma once

#include <string>
#include <string_view>

#include "serve/exchange.h"

namespace malmoi::serve {

/// Each has one of Shared::document_places, and is read when its client's turn comes (serve/turn.h).
asio::awaitable<void> handle_extract(Exchange& exchange);

/// The name of a file without the folders before it, as either kind of system writes them; ill-formed UTF-8 replaced.
std::string file_name_of(std::string_view path);

}  // namespace malmoi::serve
