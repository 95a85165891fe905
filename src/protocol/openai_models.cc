#include "protocol/openai_models.h"

namespace malmoi::protocol {

Json print_model(const chat::ModelInfo& model) {
  return {{"id", model.name},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", "malmoi"},
          {"max_model_len", model.context_length}};
}

Json print_models(const std::vector<chat::ModelInfo>& models) {
  Json data = Json::array();
  for (const chat::ModelInfo& model : models) data.push_back(print_model(model));
  return {{"object", "list"}, {"data", std::move(data)}};
}

}  // namespace malmoi::protocol
