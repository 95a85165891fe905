#include "serve/openapi.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chat/sampling.h"

namespace malmoi::embedded {
extern const std::string_view openapi_head, openapi_server, openapi_generation, openapi_openai, openapi_embeddings,
    openapi_responses, openapi_anthropic, openapi_gemini, openapi_ollama, openapi_native, openapi_hosting,
    openapi_explore, openapi_extract, openapi_admin, openapi_login, openapi_runs;
}  // namespace malmoi::embedded

namespace malmoi::serve {
namespace {

// One line a piece: head.json first, for the order of what is read.
constexpr const std::string_view* kPieces[] = {
    &embedded::openapi_head,      &embedded::openapi_server,     &embedded::openapi_generation,
    &embedded::openapi_openai,    &embedded::openapi_embeddings, &embedded::openapi_responses,
    &embedded::openapi_anthropic, &embedded::openapi_gemini,     &embedded::openapi_ollama,
    &embedded::openapi_native,    &embedded::openapi_hosting,    &embedded::openapi_explore,
    &embedded::openapi_extract,   &embedded::openapi_admin,      &embedded::openapi_login,
    &embedded::openapi_runs,
};

// A schema with it has the properties of those that it names, behind its own: one object is read in one pass, and what
// several requests share is said once here.
constexpr const char* kIncludes = "x-includes";

// The entries of one object beside those of another, as deep as both have objects.
void merge(const Json& piece, Json& into) {
  for (const auto& [key, value] : piece.items()) {
    const bool is_in_both = into.contains(key) && into[key].is_object() && value.is_object();
    if (is_in_both) merge(value, into[key]);
    else into[key] = value;
  }
}

Json number_schema(const chat::SamplingField& field) {
  const bool whole = std::holds_alternative<int64_t chat::SamplingOptions::*>(field.member);
  auto limit = [whole](double value) { return whole ? Json(static_cast<int64_t>(value)) : Json(value); };
  Json schema = Json::object();
  schema["type"] = Json::array();
  schema["type"].push_back(whole ? "integer" : "number");
  schema["type"].push_back("null");
  schema[field.above_low ? "exclusiveMinimum" : "minimum"] = limit(field.low);
  schema["maximum"] = limit(field.high);
  schema["description"] = field.help;
  return schema;
}

// Those that the piece describes itself have the ranges of OpenAI's API.
void add_samplers(Json& properties) {
  for (const chat::SamplingField& field : chat::sampling_fields()) {
    for (const std::string_view name : {field.name, field.alias}) {
      const std::string key(name);
      if (!key.empty() && !properties.contains(key)) properties[key] = number_schema(field);
    }
  }
}

void include(const std::string& name, Json& schemas) {
  if (!schemas[name].contains(kIncludes)) return;
  const Json included = schemas[name][kIncludes];
  schemas[name].erase(kIncludes);
  for (const Json& other : included) {
    const auto from = other.get<std::string>();
    include(from, schemas);
    const Json shared = schemas[from]["properties"];
    Json& properties = schemas[name]["properties"];
    for (const auto& [key, value] : shared.items()) {
      if (!properties.contains(key)) properties[key] = value;
    }
  }
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

}  // namespace

Json openapi_document() {
  Json document = Json::object();
  for (const std::string_view* piece : kPieces) merge(Json::parse(*piece, nullptr, false), document);
  document["info"]["version"] = MALMOI_VERSION;
  Json& schemas = document["components"]["schemas"];
  add_samplers(schemas["Sampling"]["properties"]);
  for (const std::string& name : keys_of(schemas)) include(name, schemas);
  return document;
}

const std::string& openapi_text() {
  static const std::string text = dump_json(openapi_document()) + "\n";
  return text;
}

}  // namespace malmoi::serve
