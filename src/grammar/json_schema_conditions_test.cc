// JSON Schema: what must not be, what must be under conditions, and what depends on properties.
#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

TEST(JsonSchema, NotOfValuesAndTypes) {
  check_schemas({
      {R"({"type": "string", "not": {"enum": ["a", "b"]}})",
       {"\"c\"", "\"\"", "\"ab\"", "\"\\n\""},
       {"\"a\"", "\"b\"", "1", "\"\\u0061\""}},
      {R"({"type": "string", "not": {"const": ""}, "maxLength": 2})", {"\"a\"", "\"가나\""}, {"\"\"", "\"abc\""}},
      {R"({"not": {"type": "string"}})", {"1", "null", "{}", "[\"a\"]", R"({"a": "b"})"}, {"\"a\"", "\"\""}},
      {R"({"type": ["string", "null", "boolean"], "not": {"enum": ["a", null, true]}})",
       {"\"b\"", "false"},
       {"\"a\"", "null", "true"}},
      {R"({"not": {"type": "integer"}})", {"1.5", "-0.25", "null", "\"1\""}, {"1", "2.0", "-3", "1e2"}},
      {R"({"type": "number", "minimum": 0, "not": {"type": "integer"}})", {"0.5", "7.25"}, {"0", "1", "-0.5", "3.0"}},
      {R"({"type": "integer", "not": {"enum": [1, 2, 5]}})", {"0", "3", "4", "6", "-1"}, {"1", "2", "5"}},
      {R"({"type": "integer", "minimum": 1, "not": {"maximum": 3}})", {"4", "50"}, {"1", "3", "-2"}},
      {R"({"type": "integer", "not": {"multipleOf": 2}})", {"1", "-5", "111"}, {"0", "2", "-10"}},
      {R"({"type": "number", "not": {"multipleOf": 3}})", {"1", "2.5", "-4"}, {"0", "3", "6.0", "-9"}},
      {R"({"enum": ["a", "b", 3, 3.0, {}], "not": {"enum": ["b", 3]}})", {"\"a\"", "{}"}, {"\"b\"", "3", "3.0"}},
      {R"({"type": "string", "nullable": true, "not": {"enum": ["a"]}})", {"null", "\"b\""}, {"\"a\"", "1"}},
      {R"({"type": "array", "not": {"const": []}})", {"[1]"}, {"[]"}},
      {R"({"not": {"not": {"type": "integer", "minimum": 3}}})", {"3", "10"}, {"2", "\"a\""}},
      {R"({"type": "string", "not": {"minLength": 3}})", {"\"\"", "\"ab\""}, {"\"abc\""}},
      {R"({"type": "string", "not": {"anyOf": [{"pattern": "^a"}, {"pattern": "z$"}]}})",
       {"\"b\"", "\"za\""},
       {"\"ab\"", "\"bz\"", "\"az\""}},
      {R"({"type": "integer", "not": {"allOf": [{"minimum": 3}, {"maximum": 5}]}})", {"2", "6"}, {"3", "4", "5"}},
      {R"({"type": "integer", "not": {"oneOf": [{"const": 1}, {"const": 2}]}})", {"0", "3"}, {"1", "2"}},
      {R"({"$defs": {"word": {"enum": ["no", "none"]}}, "type": "string", "not": {"$ref": "#/$defs/word"}})",
       {"\"non\"", "\"yes\""},
       {"\"no\"", "\"none\""}},
  });
}

TEST(JsonSchema, NotOfArraysAndObjects) {
  check_schemas({
      {R"({"type": "array", "not": {"items": {"type": "integer"}}})", {"[\"a\"]", "[1, null]"}, {"[]", "[1]", "[1,2]"}},
      {R"({"type": "array", "items": {"type": "integer"}, "not": {"contains": {"minimum": 5}}})",
       {"[]", "[1, 4]"},
       {"[5]", "[1, 6]"}},
      {R"({"type": "array", "not": {"prefixItems": [{"type": "string"}, {"type": "null"}]}})",
       {"[1]", "[\"a\", 1]", "[\"a\", 1, 2]"},
       {"[]", "[\"a\"]", "[\"a\", null]"}},
      // What else an object may have is as without `not`.
      {R"({"type": "object", "not": {"required": ["a"]}})",
       {"{}", R"({"b": 1})"},
       {R"({"a": 1})", R"({"b": 1, "a": 2})"}},
      {R"({"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "not": {"required": ["a", "b"]}})",
       {"{}", R"({"a": 1})", R"({"b": 1})"},
       {R"({"a": 1, "b": 1})", R"({"c": 1})"}},
      {R"({"properties": {"a": {"enum": [1, 2]}, "b": {"type": "null"}}, "required": ["a"], "not": {"properties": {"a": {"const": 1}}}})",
       {R"({"a": 2})", R"({"a": 2, "b": null})"},
       {R"({"a": 1})", "{}"}},
      {R"({"properties": {"a": {"type": "null"}}, "additionalProperties": false, "not": {"required": ["b"]}})",
       {"{}", R"({"a": null})"},
       {R"({"b": 1})"}},
      {R"({"$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}, "v": {"type": "integer"}}, "not": {"required": ["next", "v"]}}}, "$ref": "#/$defs/n"})",
       {"{}", R"({"next": {"v": 1}})", R"({"next": {"next": {}}})"},
       {R"({"next": {}, "v": 1})", R"({"next": {"next": {}, "v": 1}})"}},
  });
}

TEST(JsonSchema, Conditions) {
  const char* const country = R"({"type": "object",
      "properties": {"country": {"enum": ["US", "CA"]}, "code": {"type": "string"}}, "required": ["country"],
      "if": {"properties": {"country": {"const": "US"}}},
      "then": {"properties": {"code": {"pattern": "^[0-9]{5}$"}}, "required": ["code"]},
      "else": {"properties": {"code": {"pattern": "^[A-Z][0-9]$"}}}})";
  const char* const kinds = R"({"type": "object",
      "properties": {"kind": {"enum": ["a", "b", "c"]}, "x": {"type": "null"}, "y": {"type": "null"}}, "required": ["kind"],
      "allOf": [{"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["x"]}},
                {"if": {"properties": {"kind": {"const": "b"}}, "required": ["kind"]}, "then": {"required": ["y"]}}]})";
  check_schemas({
      {country,
       {R"({"country": "US", "code": "12345"})", R"({"country": "CA"})", R"({"country": "CA", "code": "A1"})"},
       {R"({"country": "US"})", R"({"country": "US", "code": "A1"})", R"({"country": "CA", "code": "12345"})", "{}"}},
      {kinds,
       {R"({"kind": "a", "x": null})", R"({"kind": "b", "x": null, "y": null})", R"({"kind": "c"})"},
       {R"({"kind": "a"})", R"({"kind": "b", "x": null})", R"({"kind": "d"})"}},
      // A test that speaks of its property twice.
      {R"({"type": "object", "properties": {"a": {"enum": [1, 2, 3]}, "b": {"type": "null"}}, "required": ["a"],
           "if": {"properties": {"a": {"enum": [1, 2]}}, "allOf": [{"properties": {"a": {"enum": [2, 3]}}}]},
           "then": {}, "else": {"required": ["b"]}})",
       {R"({"a": 2})", R"({"a": 2, "b": null})", R"({"a": 1, "b": null})", R"({"a": 3, "b": null})"},
       {R"({"a": 1})", R"({"a": 3})"}},
      {R"({"type": "integer", "if": {"minimum": 10}, "then": {"multipleOf": 10}})", {"3", "10", "200"}, {"11", "205"}},
      {R"({"type": "integer", "if": {"minimum": 10}, "else": {"maximum": 3}})", {"3", "11"}, {"5", "9"}},
      {R"({"type": ["string", "null"], "if": {"type": "string"}, "then": {"minLength": 1}})",
       {"null", "\"a\""},
       {"\"\""}},
      {R"({"type": "integer", "if": true, "then": {"minimum": 2}, "else": false})", {"2"}, {"1"}},
      // Without the others each of them says nothing.
      {R"({"type": "integer", "then": false})", {"1"}, {"null"}},
      {R"({"type": "integer", "if": false})", {"1"}, {"null"}},
      {R"({"oneOf": [{"type": "object", "properties": {"k": {"const": 1}}, "required": ["k"]},
                     {"type": "object", "properties": {"k": {"type": "integer", "not": {"const": 1}}}, "required": ["k"]}]})",
       {R"({"k": 1})", R"({"k": 2})"},
       {"{}"}},
  });
}

TEST(JsonSchema, WhatDependsOnProperties) {
  check_schemas({
      {R"({"properties": {"a": {}, "b": {}, "c": {}}, "dependentRequired": {"a": ["b"]}})",
       {"{}", R"({"b": 1})", R"({"a": 1, "b": 2})", R"({"c": 1})", R"({"a": 1, "b": 2, "c": 3})"},
       {R"({"a": 1})", R"({"a": 1, "c": 2})"}},
      {R"({"properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"], "b": ["a"]}})",
       {"{}", R"({"a": 1, "b": 2})"},
       {R"({"a": 1})", R"({"b": 1})"}},
      {R"({"properties": {"a": {}, "b": {}}, "dependentSchemas": {"a": {"properties": {"b": {"type": "integer"}}}}})",
       {R"({"b": "x"})", R"({"a": 1, "b": 2})", R"({"a": 1})"},
       {R"({"a": 1, "b": "x"})"}},
      {R"({"properties": {"a": {}, "b": {}, "c": {}}, "dependencies": {"a": ["b"], "b": {"required": ["c"]}}})",
       {"{}", R"({"c": 1})", R"({"a": 1, "b": 2, "c": 3})"},
       {R"({"a": 1})", R"({"a": 1, "b": 2})", R"({"b": 1})"}},
      {R"({"type": "object", "dependentRequired": {"a": ["b"]}})",
       {"{}", R"({"z": 1})", R"({"a": 1, "b": 2})"},
       {R"({"a": 1})", R"({"a": 1, "z": 2})"}},
  });
}

TEST(JsonSchema, ManyConditionsOnOnePropertyStayFew) {
  // Of 2^40 ways to meet them one by one, 41 can be met at all.
  Json kinds = Json::array(), conditions = Json::array(), properties = Json::object();
  for (int i = 0; i < 40; ++i) {
    const std::string kind = "k" + std::to_string(i), name = "p" + std::to_string(i);
    kinds.push_back(kind);
    properties[name] = {{"type", "null"}};
    conditions.push_back(
        {{"if", {{"properties", {{"kind", {{"const", kind}}}}}}}, {"then", {{"required", Json::array({name})}}}});
  }
  Json schema = {{"type", "object"}, {"required", Json::array({"kind"})}, {"allOf", conditions}};
  schema["properties"]["kind"]["enum"] = kinds;
  schema["properties"].update(properties);
  const Automaton automaton = compiled(schema_grammar(schema));
  EXPECT_TRUE(matches(automaton, R"({"kind": "k39", "p39": null})"));
  EXPECT_TRUE(matches(automaton, R"({"kind": "k7", "p7": null, "p8": null})"));
  EXPECT_FALSE(matches(automaton, R"({"kind": "k7", "p8": null})"));
}

}  // namespace
}  // namespace malmoi::grammar
