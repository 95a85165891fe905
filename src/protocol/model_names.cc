#include "protocol/model_names.h"

#include <algorithm>

#include "protocol/fields.h"

namespace malmoi::protocol {

std::optional<chat::ModelInfo> find_model(const std::string& name, const chat::Provider& provider) {
  if (name.empty()) return provider.info();
  std::vector<chat::ModelInfo> models = provider.models();
  const auto found = std::ranges::find(models, name, &chat::ModelInfo::name);
  if (found == models.end()) return {};
  return std::move(*found);
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
