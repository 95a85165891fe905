// Models by the names that requests have for them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "chat/provider.h"
#include "protocol/address.h"
#include "protocol/api_error.h"

namespace malmoi::protocol {

/// The model that a request names; empty: the first. None where there is no such model.
std::optional<chat::ModelInfo> find_model(const std::string& name, const chat::Provider& provider);

/// The name under which a provider has the model that a request names, with a tag or without; empty: the first. None where it
/// has no such model.
std::optional<std::string> known_name(const std::string& name, const chat::Provider& provider);

/// The model that a body asks for, or its address, whatever the protocol; empty where they say nothing.
std::string asked_model(const Json& body, const Address& address);

/// What a request is told that asks for another model than these.
ApiError no_such_model(const std::string& name, const std::vector<chat::ModelInfo>& models);

}  // namespace malmoi::protocol
