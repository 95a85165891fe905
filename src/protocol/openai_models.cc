#include "protocol/openai_models.h"

#include "base/utc.h"
#include "protocol/model_names.h"

namespace malmoi::protocol {
namespace {

// OpenAI's fields, vLLM's length, and what Anthropic's clients look for at the same path.
Json print_model(const chat::ModelInfo& model) {
  return {{"id", model.name},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", "malmoi"},
          {"max_model_len", model.context_length},
          {"type", "model"},
          {"display_name", model.name},
          {"created_at", utc_text(model.created)},
          {"lifecycle", "active"},
          {"max_input_tokens", model.context_length}};
}

}  // namespace

Reply list_models(const Json&, const Address&, const chat::Provider& provider) {
  Json data = Json::array();
  for (const chat::ModelInfo& model : provider.models()) data.push_back(print_model(model));
  const Json first = data.empty() ? Json(nullptr) : data.front()["id"];
  const Json last = data.empty() ? Json(nullptr) : data.back()["id"];
  return Json{
      {"object", "list"}, {"data", std::move(data)}, {"has_more", false}, {"first_id", first}, {"last_id", last}};
}

Reply show_model(const Json&, const Address& address, const chat::Provider& provider) {
  const auto model = find_model(address.name, provider);
  if (!model) return no_such_model(address.name, provider.models());
  return print_model(*model);
}

}  // namespace malmoi::protocol
