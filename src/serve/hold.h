// What answers a request, kept for as long as it is answered; models may have to be loaded first.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/json.h"
#include "chat/provider.h"
#include "protocol/api_error.h"
#include "serve/exchange.h"

namespace malmoi::serve {

/// Neither: the client is gone.
struct HeldModel {
  std::shared_ptr<chat::Provider> provider = {};
  std::optional<protocol::ApiError> error = {};  // why nothing answers
};

/// Waits for the model that a request names (empty: the first) for ServerOptions::load_seconds, while its client is there. Of a
/// name that no model has, whatever the server has: protocols say it in their own words.
asio::awaitable<HeldModel> hold_model(Exchange& exchange, std::string name);

/// A body as JSON, or what is wrong with it. For a worker.
std::variant<Json, protocol::ApiError> read_json(const std::string& body);

}  // namespace malmoi::serve
