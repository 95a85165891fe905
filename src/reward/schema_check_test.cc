// Values and schemas: what is of one and what is not.
#include "reward/schema_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malmoi::reward {
namespace {

using testing::HasSubstr;

struct SchemaCase {
  const char* schema;
  std::vector<const char*> of_it, not_of_it;
};

std::string problem_of(const std::string& schema, const std::string& value) {
  auto check = SchemaCheck::make(parse_json(schema, "test").value(), "schema");
  EXPECT_TRUE(check.ok()) << schema << ": " << (check.ok() ? "" : check.error().to_string());
  return check.ok() ? check->problem(parse_json(value, "test").value()).value_or("too costly") : "refused";
}

void check_cases(const std::vector<SchemaCase>& cases) {
  for (const SchemaCase& c : cases) {
    for (const char* value : c.of_it) EXPECT_EQ(problem_of(c.schema, value), "") << c.schema << " " << value;
    for (const char* value : c.not_of_it) EXPECT_NE(problem_of(c.schema, value), "") << c.schema << " " << value;
  }
}

TEST(SchemaCheck, ObjectsMayComeInAnyOrder) {
  check_cases({
      {R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a"]})",
       {R"({"b": "x", "a": 1})", R"({"a": 1})", R"({"a": 1, "c": null})"},
       {R"({"b": "x"})", R"({"a": "1"})", R"({"a": 1, "b": 2})", "[]"}},
      {R"({"properties": {"a": true}, "additionalProperties": false})", {"{}", R"({"a": 1})", "3"}, {R"({"b": 1})"}},
      {R"({"patternProperties": {"^x": {"type": "number"}}, "additionalProperties": {"type": "null"}})",
       {R"({"x1": 2, "y": null})"},
       {R"({"x1": "2"})", R"({"y": 1})"}},
      {R"({"propertyNames": {"maxLength": 2}, "minProperties": 1, "maxProperties": 2})",
       {R"({"ab": 1})"},
       {"{}", R"({"abc": 1})", R"({"a": 1, "b": 1, "c": 1})"}},
      {R"({"dependentRequired": {"a": ["b"]}})", {"{}", R"({"a": 1, "b": 1})"}, {R"({"a": 1})"}},
      {R"({"dependencies": {"a": {"required": ["c"]}}})", {R"({"a": 1, "c": 1})"}, {R"({"a": 1})"}},
  });
}

TEST(SchemaCheck, Lists) {
  check_cases({
      {R"({"items": {"type": "integer"}, "minItems": 1, "maxItems": 2})",
       {"[1]", "[1, 2.0]"},
       {"[]", "[1, 2, 3]", "[1.5]"}},
      {R"({"prefixItems": [{"type": "string"}], "items": false})", {"[\"a\"]", "[]"}, {"[1]", "[\"a\", 1]"}},
      {R"({"items": [{"type": "string"}], "additionalItems": {"type": "null"}})", {"[\"a\", null]"}, {"[\"a\", 1]"}},
      {R"({"uniqueItems": true})", {"[1, \"1\", true]"}, {"[1, 1.0]", R"([{"a": 1, "b": 2}, {"b": 2, "a": 1}])"}},
      {R"({"contains": {"const": 3}, "maxContains": 1})", {"[3, 4]"}, {"[4]", "[3, 3]"}},
  });
}

TEST(SchemaCheck, NumbersAndTexts) {
  check_cases({
      {R"({"type": "number", "minimum": 0, "exclusiveMaximum": 10})", {"0", "9.99"}, {"-0.1", "10"}},
      {R"({"multipleOf": 0.01})", {"1", "19.99"}, {"0.125"}},
      {R"({"type": "integer", "multipleOf": 7})", {"14", "-7"}, {"13", "7.5"}},
      {R"({"multipleOf": 3})", {"18446744073709551615", "-9223372036854775806"}, {"18446744073709551614"}},
      {R"({"multipleOf": 1})", {"1234567890.0", "0"}, {"1234567890.5", "1e-12"}},
      {R"({"type": "string", "minLength": 2, "maxLength": 3})", {"\"한글\"", "\"abc\""}, {"\"a\"", "\"abcd\""}},
      {R"({"pattern": "b+"})", {"\"abbc\""}, {"\"ac\""}},
      {R"({"format": "date"})", {"\"2026-11-27\""}, {"\"27.11.2026\"", "\"on 2026-11-27\""}},
      {R"({"enum": [1, "a", null]})", {"1.0", "\"a\"", "null"}, {"2", "\"A\""}},
      {R"({"const": {"a": 1, "b": [2]}})", {R"({"b": [2], "a": 1})"}, {R"({"a": 1})"}},
      {R"({"type": ["string", "null"]})", {"null", "\"\""}, {"0"}},
      {R"({"type": "string", "nullable": true})", {"null"}, {"0"}},
  });
}

TEST(SchemaCheck, Choices) {
  check_cases({
      {R"({"anyOf": [{"type": "string"}, {"minimum": 5}]})", {"\"a\"", "6"}, {"4"}},
      {R"({"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}]})", {"4", "9"}, {"6", "7"}},
      {R"({"allOf": [{"minimum": 1}, {"maximum": 2}]})", {"1"}, {"3"}},
      {R"({"not": {"type": "string"}})", {"1"}, {"\"a\""}},
      {R"({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}})",
       {R"({"a": 1, "b": 1})", R"({"c": 1})"},
       {R"({"a": 1})", "{}"}},
      {R"({"$defs": {"t": {"type": "object", "properties": {"next": {"$ref": "#/$defs/t"}}, "required": ["v"]}}, "$ref": "#/$defs/t"})",
       {R"({"v": 1, "next": {"v": 2}})"},
       {R"({"v": 1, "next": {}})"}},
      {R"({"$defs": {"a b/c": {"type": "null"}}, "$ref": "#/%24defs/a%20b~1c"})", {"null"}, {"1"}},
      {"true", {"1"}, {}},
      {"false", {}, {"1"}},
  });
}

TEST(SchemaCheck, SaysWhereAValueIsNotOfIt) {
  EXPECT_EQ(problem_of(R"({"properties": {"items": {"items": {"properties": {"price": {"minimum": 0}}}}}})",
                       R"({"items": [{"price": 1}, {"price": -1}]})"),
            "/items/1/price: is below the minimum");
}

TEST(SchemaCheck, SchemasThatCannotBeCheckedAreRefused) {
  auto refused = [](const std::string& schema) {
    auto check = SchemaCheck::make(parse_json(schema, "test").value(), "schema");
    return check.ok() ? "accepted" : check.error().to_string();
  };
  EXPECT_THAT(refused(R"({"properties": {"a": {"unevaluatedItems": false}}})"), HasSubstr("schema#/properties"));
  EXPECT_THAT(refused(R"({"type": "text"})"), HasSubstr("unknown type"));
  EXPECT_THAT(refused(R"({"$ref": "#/$defs/none"})"), HasSubstr("schema#/$ref"));
  EXPECT_THAT(refused(R"({"$ref": "https://example.com/x"})"), HasSubstr("within the schema"));
  EXPECT_THAT(refused(R"({"pattern": "("})"), HasSubstr("pattern"));
  EXPECT_THAT(refused(R"({"format": "colour"})"), HasSubstr("date"));
  EXPECT_THAT(refused("3"), HasSubstr("an object was expected"));
  EXPECT_THAT(refused(R"({"anyOf": {}})"), HasSubstr("a list was expected"));
}

TEST(SchemaCheck, EndlessOnesEnd) {
  EXPECT_EQ(problem_of(R"({"$ref": "#"})", "1"), "too costly");
  EXPECT_EQ(problem_of(R"({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]})", "1"), "too costly");
}

}  // namespace
}  // namespace malmoi::reward
