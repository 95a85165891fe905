// Operators' words about the models of a server: load one now, take one out of memory.
#pragma once

#include "serve/exchange.h"

namespace malmoi::serve {

/// POST /admin/models/load: {"model": NAME}. Answers with its state once it is loaded, also where it could not be loaded a
/// moment ago.
asio::awaitable<void> handle_load_model(Exchange& exchange);
/// POST /admin/models/unload: {"model": NAME}. Answers at once; the memory is free when the model's answers are whole.
asio::awaitable<void> handle_unload_model(Exchange& exchange);

}  // namespace malmoi::serve
