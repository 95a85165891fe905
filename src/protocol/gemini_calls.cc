#include "protocol/gemini_calls.h"

#include <utility>

#include "protocol/count_prompt.h"
#include "protocol/gemini_fields.h"
#include "protocol/gemini_request.h"
#include "protocol/model_names.h"

namespace malmoi::protocol {
namespace {

Json print_gemini_model(const chat::ModelInfo& model) {
  Json json = {{"name", "models/" + model.name},
               {"version", "1"},
               {"displayName", model.name},
               {"inputTokenLimit", model.context_length},
               {"outputTokenLimit", model.context_length}};
  json["supportedGenerationMethods"] = Json::array({"generateContent", "streamGenerateContent", "countTokens"});
  json["temperature"] = model.defaults.temperature;
  json["topP"] = model.defaults.top_p;
  if (model.defaults.top_k > 0) json["topK"] = model.defaults.top_k;
  return json;
}

Result<TextRequest> read_counted(const Json& body, const Address& address, const chat::SamplingOptions& defaults) {
  MALMOI_ASSIGN(const Json request, in_camel_case(body));
  if (!request.contains("generateContentRequest")) return read_contents_request(request, address, defaults);
  Fields fields(request);
  const Json* whole = fields.raw("generateContentRequest");
  if (!whole || !whole->is_object()) fields.fail("generateContentRequest", "'generateContentRequest' is not an object");
  MALMOI_TRY(fields.finish());
  return read_contents_request(*whole, address, defaults);
}

}  // namespace

Reply list_gemini_models(const Json&, const Address&, const chat::Provider& provider) {
  Json models = Json::array();
  for (const chat::ModelInfo& model : provider.models()) models.push_back(print_gemini_model(model));
  Json json = Json::object();
  json["models"] = std::move(models);
  return json;
}

Reply show_gemini_model(const Json&, const Address& address, const chat::Provider& provider) {
  const std::string name = plain_model_name(address.name);
  const auto model = find_model(name, provider);
  if (!model) return no_such_model(name, provider.models());
  return print_gemini_model(*model);
}

Reply count_gemini_tokens(const Json& body, const Address& address, const chat::Provider& provider) {
  auto request = read_counted(body, address, provider.info().defaults);
  if (!request.ok()) return to_api_error(request.error());
  const auto counted = count_prompt(*std::move(request), provider);
  if (const auto* error = std::get_if<ApiError>(&counted)) return *error;
  const size_t tokens = std::get<size_t>(counted);
  Json detail = {{"modality", "TEXT"}, {"tokenCount", tokens}};
  Json json = {{"totalTokens", tokens}};
  json["promptTokensDetails"] = Json::array({std::move(detail)});
  return json;
}

}  // namespace malmoi::protocol
