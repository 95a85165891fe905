#include "protocol/model_names.h"

#include <algorithm>

#include "protocol/fields.h"
#include "protocol/gemini_request.h"
#include "protocol/ollama_request.h"

namespace malmoi::protocol {

std::optional<chat::ModelInfo> find_model(const std::string& name, const chat::Provider& provider) {
  if (name.empty()) return provider.info();
  std::vector<chat::ModelInfo> models = provider.models();
  const auto found = std::ranges::find(models, name, &chat::ModelInfo::name);
  if (found == models.end()) return {};
  return std::move(*found);
}

std::optional<std::string> known_name(const std::string& name, const chat::Provider& provider) {
  if (name.empty()) return name;
  const std::vector<chat::ModelInfo> models = provider.models();
  for (const std::string& spelling : {name, without_tag(name)}) {
    if (std::ranges::find(models, spelling, &chat::ModelInfo::name) != models.end()) return spelling;
  }
  return {};
}

std::string asked_model(const Json& body, const Address& address) {
  if (!address.name.empty()) return plain_model_name(address.name);
  const auto model = body.is_object() ? body.find("model") : body.end();
  return model != body.end() && model->is_string() ? model->get<std::string>() : std::string();
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
