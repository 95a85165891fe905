// OpenAI's /v1/models: the models served.
#pragma once

#include <vector>

#include "base/json.h"
#include "chat/provider.h"

namespace malmoi::protocol {

/// The context length is called `max_model_len`, as other servers say it.
Json print_model(const chat::ModelInfo& model);
/// {"object": "list", "data": [...]}
Json print_models(const std::vector<chat::ModelInfo>& models);

}  // namespace malmoi::protocol
