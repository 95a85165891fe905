#include "protocol/openai_models.h"

#include "protocol/fields.h"

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

ApiError no_such_model(const std::string& name, const std::vector<chat::ModelInfo>& models) {
  std::string known;
  for (const chat::ModelInfo& model : models) known += (known.empty() ? "'" : ", '") + model.name + "'";
  return {.status = 404,
          .message = "the model '" + shown(name) + "' does not exist here; use " + known,
          .param = "model",
          .code = "model_not_found"};
}

}  // namespace malmoi::protocol
