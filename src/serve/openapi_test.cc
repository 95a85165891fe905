// The document at /openapi.json is whole, and says what the table of paths has: no more and no less.
#include "serve/openapi.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "chat/sampling.h"
#include "serve/route_table.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

// As the document spells a path of the table.
std::string templated(std::string_view path) {
  std::string text(path);
  const size_t star = text.find('*');
  return star == text.npos ? text : text.replace(star, 1, "{name}");
}

std::string method_of(const Route& route) { return route.method == http::verb::get ? "get" : "post"; }

TEST(OpenApi, EveryPathOfTheTableIsDescribed) {
  const Json document = openapi_document();
  for (const Route& route : routes()) {
    const std::string path = templated(route.path), method = method_of(route);
    ASSERT_TRUE(document["paths"].contains(path) && document["paths"][path].contains(method))
        << method << " " << path << " is in the table alone: describe it in src/serve/openapi/";
    const Json operation = document["paths"][path][method];
    const bool is_open = operation.contains("security") && operation["security"].empty();
    EXPECT_EQ(route.scope != Scope::kNone, !is_open) << path << ": 'security' is [] where no key is asked for";
    EXPECT_EQ(route.method == http::verb::post, operation.contains("requestBody")) << path;
    const Json& responses = operation["responses"];
    EXPECT_TRUE((responses.contains("200") || responses.contains("204")) && responses.contains("default")) << path;
  }
}

TEST(OpenApi, NothingElseIsDescribed) {
  std::set<std::string> known{"get /"};  // the page, which is no line of the table
  for (const Route& route : routes()) known.insert(method_of(route) + " " + templated(route.path));
  const Json document = openapi_document();
  std::set<std::string> names;
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      EXPECT_TRUE(known.contains(method + " " + path)) << method << " " << path << " is in the document alone";
      EXPECT_TRUE(names.insert(operation["operationId"].get<std::string>()).second) << operation["operationId"];
    }
  }
}

// Whether what a reference names is there.
void check_references(const Json& value, const Json& document) {
  if (value.is_object() && value.contains("$ref")) {
    const auto target = value["$ref"].get<std::string>();
    ASSERT_TRUE(target.starts_with("#/")) << target;
    EXPECT_TRUE(document.contains(Json::json_pointer(target.substr(1)))) << target;
  }
  EXPECT_FALSE(value.is_object() && value.contains("x-includes")) << value;
  if (!value.is_structured()) return;
  for (const auto& [key, part] : value.items()) check_references(part, document);
}

TEST(OpenApi, IsOneDocument) {
  const Json document = openapi_document();
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_FALSE(document["info"]["version"].get<std::string>().empty());
  check_references(document, document);
}

TEST(OpenApi, RequestsHaveEverySamplerWithItsRange) {
  const Json document = openapi_document();
  for (const char* name :
       {"CompletionRequest", "ChatRequest", "ResponseRequest", "MessageRequest", "OllamaOptions", "InfillRequest"}) {
    const Json properties = document["components"]["schemas"][name]["properties"];
    for (const chat::SamplingField& field : chat::sampling_fields())
      EXPECT_TRUE(properties.contains(std::string(field.name))) << name << " " << field.name;
    EXPECT_EQ(properties["min_p"]["maximum"], 1) << name;
    EXPECT_EQ(properties["typical_p"]["exclusiveMinimum"], 0) << name;
    EXPECT_EQ(properties["repeat_penalty"]["maximum"], 100) << name;
    EXPECT_EQ(properties["mirostat"]["type"][0], "integer") << name;
    EXPECT_EQ(properties["presence_penalty"]["maximum"], 2) << name << ": as OpenAI has it";
  }
}

TEST_F(ServerTest, TheDocumentIsServedToEveryone) {
  start({.api_keys = {"secret"}});
  const TestResponse response = get("/openapi.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.field("Content-Type"), "application/json");
  EXPECT_EQ(response.json(), openapi_document());
}

}  // namespace
}  // namespace malmoi::serve
