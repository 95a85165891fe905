#include "protocol/openai_models.h"

namespace malmoi::protocol {

Json print_model(const ModelEntry& model) {
  return {{"id", model.id},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", "malmoi"},
          {"max_model_len", model.context_length}};
}

Json print_models(const std::vector<ModelEntry>& models) {
  Json data = Json::array();
  for (const ModelEntry& model : models) data.push_back(print_model(model));
  return {{"object", "list"}, {"data", std::move(data)}};
}

}  // namespace malmoi::protocol
