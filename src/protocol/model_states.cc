#include "protocol/model_states.h"

#include <algorithm>
#include <utility>

#include "base/utc.h"
#include "protocol/fields.h"
#include "protocol/model_names.h"

namespace malmoi::protocol {
namespace {

Json print_state(const chat::ModelStatus& model) {
  Json json = {{"name", model.info.name}, {"state", chat::state_name(model.state)}, {"adapters", model.adapters}};
  json["pinned"] = model.pinned;
  json["bytes"] = model.bytes;
  json["versions"] = model.versions;
  json["requests"] = model.requests;
  json["running"] = model.stats.running;
  json["waiting"] = model.stats.waiting;
  json["last_used"] = model.last_used > 0 ? Json(utc_text(model.last_used)) : Json(nullptr);
  json["problem"] = model.problem.empty() ? Json(nullptr) : Json(model.problem);
  return json;
}

bool is_called(const chat::ModelStatus& model, const std::string& name) {
  return model.info.name == name || std::ranges::find(model.adapters, name) != model.adapters.end();
}

}  // namespace

Reply list_model_states(const Json&, const Address&, const chat::Provider& provider) {
  Json list = Json::array();
  for (const chat::ModelStatus& model : provider.status()) list.push_back(print_state(model));
  Json json = Json::object();
  json["models"] = std::move(list);
  return json;
}

Json print_model_state(const std::string& name, const chat::Provider& provider) {
  for (const chat::ModelStatus& model : provider.status()) {
    if (is_called(model, name)) return print_state(model);
  }
  return nullptr;
}

std::variant<std::string, ApiError> read_model_name(const std::string& body, const chat::Provider& provider) {
  const auto json = parse_body(body);
  if (!json.ok()) return to_api_error(json.error());
  Fields fields(*json);
  const std::string name = fields.text("model").value_or("");
  if (name.empty()) fields.fail("model", "'model' is missing", "give the model's name");
  if (Status read = fields.finish(); !read.ok()) return to_api_error(read.error());
  const auto known = known_name(name, provider);
  if (!known) return no_such_model(name, provider.models());
  return *known;
}

}  // namespace malmoi::protocol
