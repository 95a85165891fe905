// JSON Schema: schemas put together of others, by anyOf, oneOf, allOf and references.
#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

TEST(JsonSchema, Combinations) {
  check_schemas({
      {R"({"anyOf": [{"type": "string"}, {"type": "integer"}]})", {"\"a\"", "1"}, {"null"}},
      {R"({"oneOf": [{"type": "string"}, {"type": "integer"}]})", {"\"a\"", "1"}, {"null", "1.5"}},
      {R"({"oneOf": [{"properties": {"k": {"const": "a"}, "x": {"type": "null"}}, "required": ["k", "x"]},
                     {"properties": {"k": {"const": "b"}}, "required": ["k"]}]})",
       {R"({"k": "a", "x": null})", R"({"k": "b"})"},
       {R"({"k": "a"})", R"({"k": "c"})"}},
      {R"({"type": "object", "properties": {"a": {"type": "null"}}, "anyOf": [{"required": ["a"]}, {"properties": {"b": {"type": "null"}}, "required": ["b"]}]})",
       {R"({"a": null})", R"({"b": null})", R"({"a": null, "b": null})"},
       {"{}"}},
      {R"({"$defs": {"a": {"type": "object", "properties": {"k": {"const": "a"}}, "required": ["k"]}}, "oneOf": [{"$ref": "#/$defs/a"}, {"type": "object", "properties": {"k": {"const": "b"}}, "required": ["k"]}, {"type": "null"}]})",
       {R"({"k": "a"})", R"({"k": "b"})", "null"},
       {R"({"k": "c"})"}},
      {R"({"type": "object", "properties": {"x": {"type": "null"}}, "oneOf": [{"properties": {"k": {"const": "a"}}, "required": ["k"]},
                                                                              {"properties": {"k": {"const": "b"}}, "required": ["k"]}]})",
       {R"({"k": "a"})", R"({"x": null, "k": "b"})"},
       {R"({"k": "c"})", "{}", "null"}},
      {R"({"allOf": [{"type": "string", "nullable": true}, {"minLength": 1, "nullable": true}]})",
       {"\"a\"", "null"},
       {"\"\"", "1"}},
      {R"({"allOf": [{"type": "integer"}, {"minimum": 3}, {"maximum": 5}]})", {"3", "5"}, {"2", "6", "3.5"}},
      {R"({"allOf": [{"properties": {"a": {"type": "number"}}, "required": ["a"]}, {"properties": {"a": {"type": "integer"}, "b": {"type": "null"}}}]})",
       {R"({"a": 1})", R"({"a": 1, "b": null})"},
       {R"({"a": 1.5})", R"({"b": null})"}},
      {R"({"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}]})", {"2", "3"}, {"1", "4"}},
      {R"({"anyOf": [{"const": 1}, {"const": 2}, {"enum": [2, 3], "maximum": 1}], "const": 2})", {"2"}, {"1", "3"}},
      {R"({"allOf": [{"minLength": 2, "type": "string"}, {"maxLength": 3}]})",
       {"\"ab\"", "\"abc\""},
       {"\"a\"", "\"abcd\""}},
      {R"({"allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"type": "integer"}, {"type": "null"}]}]})",
       {"1"},
       {"null", "\"a\""}},
      {R"({"allOf": [{"type": ["string", "integer"]}, {"type": ["integer", "null"]}]})", {"1"}, {"null", "\"a\""}},
      {R"({"allOf": [{"type": "array", "items": {"type": "number"}}, {"items": {"minimum": 2}}]})",
       {"[2, 3.5]"},
       {"[1]"}},
      {R"({"anyOf": [{"type": "string", "maxLength": 1}, {"const": "long"}], "description": "d"})",
       {"\"a\"", "\"long\""},
       {"\"lo\""}},
  });
}

TEST(JsonSchema, WhatIsReferredToIsWrittenOnce) {
  const Result<Grammar> grammar = parse_json_schema(
      R"({"$defs": {"a": {"enum": ["x"]}}, "anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/%24defs/a"}, {"$ref": "#/$defs/%61"}]})");
  ASSERT_TRUE(grammar.ok());
  EXPECT_EQ(grammar->rules().size(), 2u);
}

TEST(JsonSchema, References) {
  check_schemas({
      {R"({"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}})", {"1"}, {"\"1\""}},
      {R"({"$defs": {"node": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}}, "required": ["v"]}}, "$ref": "#/$defs/node"})",
       {R"({"v": 1})", R"({"v": 1, "next": {"v": 2, "next": {"v": 3}}})"},
       {R"({"v": 1, "next": {}})", R"({"v": 1, "next": 1})"}},
      {R"({"properties": {"c": {"type": "array", "items": {"$ref": "#"}}}})",
       {R"({"c": [{}, {"c": []}]})"},
       {R"({"c": [1]})"}},
      {R"({"definitions": {"a b/c": {"type": "null"}}, "$ref": "#/definitions/a%20b~1c"})", {"null"}, {"1"}},
      {R"({"$defs": {"a": {"type": "object", "properties": {"x": {"type": "integer"}}}}, "$ref": "#/$defs/a", "required": ["x"], "description": "d"})",
       {R"({"x": 1})"},
       {"{}"}},
      {R"({"$defs": {"n": {"properties": {"k": {"allOf": [{"$ref": "#/$defs/n"}, {"required": ["v"]}]}, "v": {"type": "null"}}}}, "$ref": "#/$defs/n"})",
       {"{}", R"({"k": {"k": {"v": null}, "v": null}})"},
       {R"({"k": {}})"}},
      {R"({"$defs": {"a": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#/$defs/a"}}]}}, "$ref": "#/$defs/a"})",
       {"null", "[null, [], [[null]]]"},
       {"1", "[1]"}},
      {R"({"properties": {"a": {"type": "integer"}, "b": {"$ref": "#/properties/a"}}})",
       {R"({"a": 1, "b": 2})"},
       {R"({"b": "x"})"}},
  });
}

}  // namespace
}  // namespace malmoi::grammar
