// Models by the names that requests have for them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chat/provider.h"
#include "protocol/api_error.h"

namespace malmoi::protocol {

/// The model that a request names; empty: the first. None where there is no such model.
std::optional<chat::ModelInfo> find_model(const std::string& name, const chat::Provider& provider);

/// What a request is told that asks for another model than these.
ApiError no_such_model(const std::string& name, const std::vector<chat::ModelInfo>& models);

}  // namespace malmoi::protocol
