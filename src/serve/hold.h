// What answers a request, kept for as long as it is answered, and its places among all answers; models may have to be loaded first.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/json.h"
#include "chat/provider.h"
#include "protocol/api_error.h"
#include "serve/exchange.h"
#include "serve/places.h"

namespace malmoi::serve {

/// Neither: the client is gone.
struct HeldModel {
  std::shared_ptr<chat::Provider> provider = {};
  std::optional<protocol::ApiError> error = {};  // why nothing answers
};

/// Waits for the model that a request names (empty: the first) for ServerOptions::load_seconds, while its client is there. Of a
/// name that no model has, whatever the server has: protocols say it in their own words.
asio::awaitable<HeldModel> hold_model(Exchange& exchange, std::string name);

/// Places for so many answers of the request's client, or for one call that takes the model's time. `counted`: of these answers, those
/// that the provider counts already. Errors: a server that stops, more than it ever takes (400), as many as it takes now (429).
std::variant<PlacesHeld, protocol::ApiError> take_places(Exchange& exchange, int64_t asked, int64_t counted);

/// A body as JSON, or what is wrong with it. For a worker.
std::variant<Json, protocol::ApiError> read_json(const std::string& body);

}  // namespace malmoi::serve
