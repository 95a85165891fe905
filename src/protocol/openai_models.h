// OpenAI's /v1/models: the models served.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "chat/provider.h"
#include "protocol/openai_error.h"

namespace malmoi::protocol {

/// The context length is called `max_model_len`, as other servers say it.
Json print_model(const chat::ModelInfo& model);
/// {"object": "list", "data": [...]}
Json print_models(const std::vector<chat::ModelInfo>& models);

/// What a request is told that asks for another model than these.
ApiError no_such_model(const std::string& name, const std::vector<chat::ModelInfo>& models);

}  // namespace malmoi::protocol
