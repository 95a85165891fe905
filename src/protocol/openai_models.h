// OpenAI's /v1/models: the models served.
#pragma once

#include <string>

#include "base/json.h"

namespace malmoi::protocol {

struct ModelEntry {
  std::string id;
  int64_t created = 0;         // seconds since 1970
  int64_t context_length = 0;  // tokens; `max_model_len`, as other servers say it
};

Json print_model(const ModelEntry& model);
/// {"object": "list", "data": [...]}
Json print_models(const std::vector<ModelEntry>& models);

}  // namespace malmoi::protocol
