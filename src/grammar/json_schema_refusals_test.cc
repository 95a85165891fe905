// JSON Schema: what is refused, with its place, and schemas that would take too long or too much.
#include "grammar/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/limits.h"
#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A list of so many words, each of its own.
std::string words(int count) {
  std::string list = "[\"v0\"";
  for (int i = 1; i < count; ++i) list += ",\"v" + std::to_string(i * i) + "\"";
  return list + "]";
}

TEST(JsonSchema, WhatCannotBeKeptToIsRefusedWithItsPlace) {
  struct Wrong {
    const char* schema;
    const char* place;
    const char* what;
  };
  for (
      const Wrong& wrong : std::initializer_list<Wrong>{
          {R"({"not": {}})", "schema#", "no text is a"},
          {R"({"not": {"format": "date"}})", "schema#/not/format", "'format'"},
          {R"({"not": {"typ": 1}})", "schema#/not", "'typ'"},
          {R"({"not": {"type": "strin"}})", "schema#/not/type", "unknown type"},
          {R"({"not": {"properties": {"a": {"uniqueItems": true}}}})", "schema#", "'uniqueItems'"},
          {R"({"type": "object", "not": {"additionalProperties": false}})", "schema#/not/additionalProperties",
           "'additionalProperties'"},
          {R"({"type": "object", "not": {"const": {"a": 1}}})", "schema#/not", "an object"},
          {R"({"not": {"oneOf": [{"minimum": 1}, {"maximum": 1}]}})", "schema#/not/oneOf", "'oneOf'"},
          {R"({"$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"})", "schema#", "without end"},
          {R"({"$defs": {"a": {"if": {"$ref": "#/$defs/a"}, "else": false}}, "not": {"$ref": "#/$defs/a"}})", "schema#",
           "without end"},
          {R"({"$defs": {"a": {"not": {"oneOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}}}, "$ref": "#/$defs/a"})",
           "schema#", "without end"},
          {R"({"not": 1})", "schema#/not", "a schema is an object"},
          {R"({"if": {"propertyNames": {"pattern": "a"}}, "then": {}})", "schema#/if/propertyNames", "'propertyNames'"},
          {R"({"if": 1, "then": {}})", "schema#/if", "a schema is an object"},
          {R"({"type": "number", "not": {"multipleOf": 0.5}})", "schema#/not", "with a fraction"},
          {R"({"unevaluatedProperties": false})", "schema#", "'unevaluatedProperties'"},
          {R"({"type": "array", "contains": {"a": 1}})", "schema#/contains", "'a'"},
          {R"({"type": "array", "contains": {}, "prefixItems": [{}]})", "schema#/contains", "'prefixItems'"},
          {R"({"type": "array", "contains": {}, "minContains": 2, "maxContains": 1})", "schema#", "below"},
          {R"({"type": "array", "contains": {}, "minContains": 1000000})", "schema#/contains", "so large"},
          {R"({"type": "array", "uniqueItems": true})", "schema#/uniqueItems", "'uniqueItems'"},
          {R"({"type": "array", "uniqueItems": 1})", "schema#/uniqueItems", "true or false"},
          {R"({"type": "array", "uniqueItems": true, "items": {"type": "string"}})", "schema#/uniqueItems",
           "not listed"},
          {R"({"type": "array", "uniqueItems": true, "items": {"type": "integer", "minimum": 1, "maximum": 13}})",
           "schema#/uniqueItems", "13 values"},
          {R"({"type": "array", "uniqueItems": true, "items": {"type": "boolean"}, "minItems": 3})", "schema#",
           "2 values"},
          {R"({"type": "array", "uniqueItems": true, "prefixItems": [{"type": "integer"}, {"minimum": 1}]})",
           "schema#/uniqueItems", "may be the same"},
          {R"({"type": "object", "dependentRequired": {"a": "b"}})", "schema#/dependentRequired",
           "'a' is a list of names"},
          {R"({"type": "object", "dependentSchemas": {"a": ["b"]}})", "schema#/dependentSchemas", "'a' is a schema"},
          {R"({"typ": "object"})", "schema#", "'typ'"},
          {R"({"type": "strin"})", "schema#/type", "unknown type"},
          {R"({"type": "number", "multipleOf": 1025})", "schema#/multipleOf", "'multipleOf' of more than 1024"},
          {R"({"type": "number", "multipleOf": 0})", "schema#/multipleOf", "above 0"},
          {R"({"type": "integer", "multipleOf": 7, "minimum": 8, "maximum": 13})", "schema#", "no text is a"},
          {R"({"type": "number", "exclusiveMinimum": true})", "schema#/exclusiveMinimum", "true or false"},
          {R"({"type": "number", "minimum": 2, "maximum": 1})", "schema#", "no number"},
          {R"j({"type": "string", "pattern": "(?=a)"})j", "schema#/pattern, character 1", "look-ahead"},
          {R"({"type": "string", "pattern": "(a|b)*a(a|b){14}c", "not": {"const": "a"}})", "schema#", "states"},
          {R"({"type": "string", "pattern": "^[ab]+$", "minLength": 3, "not": {"pattern": "a|b"}})", "schema#",
           "no text is a"},
          {R"({"type": "string", "format": "regex"})", "schema#/format", "the format \"regex\""},
          {R"({"type": "string", "minLength": 3, "maxLength": 2})", "schema#", "below"},
          {R"({"type": "string", "minLength": -1})", "schema#/minLength", "whole number"},
          {R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})", "schema#/oneOf", "may both hold"},
          {R"({"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]})", "schema#/oneOf", "may both hold"},
          {R"({"oneOf": [{"type": "string"}, {"minimum": 1}]})", "schema#/oneOf", "may both hold"},
          // By what stands beside them, other values are written than objects: both allow these.
          {R"({"type": ["object", "string"], "oneOf": [{"properties": {"k": {"const": 1}}, "required": ["k"]},
                                                       {"properties": {"k": {"const": 2}}, "required": ["k"]}]})",
           "schema#/oneOf", "may both hold"},
          {R"({"oneOf": [{"minLength": 1, "anyOf": [{"properties": {"k": {"const": 1}}, "required": ["k"]}]},
                         {"properties": {"k": {"const": 2}}, "required": ["k"]}]})",
           "schema#/oneOf", "may both hold"},
          {R"({"oneOf": [{"type": "object", "required": ["a"], "patternProperties": {"a": {"minLength": 1}},
                          "properties": {"a": {"properties": {"k": {"const": 1}}, "required": ["k"]}}},
                         {"type": "object", "required": ["a"],
                          "properties": {"a": {"properties": {"k": {"const": 2}}, "required": ["k"]}}}]})",
           "schema#/oneOf", "may both hold"},
          {R"({"oneOf": [{"minLength": 1}, {"properties": {"a": {}}}]})", "schema#/oneOf", "may both hold"},
          {R"({"oneOf": [{"type": "string", "nullable": 1}, {"type": "integer"}]})", "schema#/oneOf/0/nullable",
           "true or false"},
          {R"({"$defs": {"a": {"type": "string", "nullable": 1}}, "allOf": [{"$ref": "#/$defs/a"}, {"minLength": 1}]})",
           "schema#", "nullable is true or false"},
          {R"({"enum": [{"a": 1}], "properties": {"a": {"$ref": "#"}}})", "schema#", "without end"},
          {R"({"type": "array", "items": [{"type": "strin"}]})", "schema#/items/0/type", "unknown type"},
          {R"({"anyOf": []})", "schema#/anyOf", "one or more"},
          {R"({"$ref": "#/$defs/x"})", "schema#/$ref", "what is not there"},
          {R"({"$ref": "https://example.com/s"})", "schema#/$ref", "another document"},
          {R"({"$ref": "#name"})", "schema#/$ref", "anchor"},
          {R"({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})", "schema#",
           "begins with itself"},
          {R"({"properties": {"a": {"$ref": "#"}}, "required": ["a"]})", "schema#", "no text is a"},
          {R"({"allOf": [{"$ref": "#"}, {"type": "object"}]})", "schema#", "without end"},
          {R"({"allOf": [{"format": "date"}, {"format": "time"}]})", "schema#", "'format'"},
          {R"({"allOf": [{"items": {"allOf": 5}}, {"items": {"minimum": 1}}]})", "schema#/items", "allOf is a list"},
          {R"({"allOf": [{"additionalProperties": false, "properties": {"a": {}}}, {"properties": {"b": {}}}]})",
           "schema#", "'b' is forbidden"},
          {R"({"allOf": [{"prefixItems": [{}]}, {"items": {"type": "integer"}}]})", "schema#",
           "'prefixItems' and 'items'"},
          {R"({"properties": {"a": {"enum": [1], "format": "x"}}})", "schema#/properties/a/format", "the format"},
          {R"({"properties": {"a": {"enum": [1], "multipleOf": 2}}, "required": ["a"]})", "schema#", "no text is a"},
          {R"({"enum": "a"})", "schema#/enum", "list"},
          {R"({"enum": []})", "schema#", "no text is a"},
          {R"({"type": "string", "enum": [1]})", "schema#", "no text is a"},
          {R"({"properties": {"a": {}}, "minProperties": 2})", "schema#", "no text is a"},
          {R"({"type": "object", "minProperties": 2})", "schema#/minProperties", "may come twice"},
          {R"({"patternProperties": {"a": {}, "b": {}, "c": {}, "d": {}, "e": {}, "f": {}, "g": {}}})",
           "schema#/patternProperties", "more than 6"},
          {R"({"properties": {"a": {}}, "required": ["a"], "propertyNames": {"const": "b"}})", "schema#",
           "no text is a"},
          {R"({"allOf": [{"patternProperties": {"a": {}}}, {"additionalProperties": {}}]})", "schema#",
           "'patternProperties' and 'additionalProperties'"},
          {R"({"additionalProperties": false, "required": ["a"]})", "schema#/required", "has no schema"},
          {R"({"properties": 1})", "schema#/properties", "object of schemas"},
          {R"({"required": "a"})", "schema#/required", "list of names"},
          {R"({"type": "array", "prefixItems": [{}], "items": false, "minItems": 2})", "schema#", "fewer items"},
          {R"({"properties": {"a": 1}})", "schema#/properties/a", "a schema is an object"},
          {R"(false)", "schema#", "no text is a"},
          {R"({"a":)", "schema", "malformed JSON"},
          {"[]", "schema#", "a schema is an object"}}) {
    EXPECT_THAT(error_of(parse_json_schema(wrong.schema)), AllOf(HasSubstr(wrong.place), HasSubstr(wrong.what)))
        << wrong.schema;
  }
}

TEST(JsonSchema, HostileSchemasEndSoon) {
  // Choices of choices that all must hold: 2^30 pairs.
  std::string pairs = R"({"allOf": [)";
  for (int i = 0; i < 30; ++i)
    pairs +=
        std::string(i ? "," : "") + R"({"anyOf": [{"minLength": )" + std::to_string(i) + R"(}, {"maxLength": 90}]})";
  EXPECT_THAT(error_of(parse_json_schema(pairs + "]}")), HasSubstr("too much of each other"));
  // Each definition twice the one before.
  std::string doubled = R"({"$ref": "#/$defs/d40", "$defs": {"d0": {"type": "null"})";
  for (int i = 1; i <= 40; ++i) {
    const std::string before = R"({"$ref": "#/$defs/d)" + std::to_string(i - 1) + "\"}";
    doubled += ", \"d" + std::to_string(i) + R"(": {"type": "array", "prefixItems": [)" + before + "," + before + "]}";
  }
  EXPECT_EQ(error_of(parse_json_schema(doubled + "}}")), "");
  // Many that must all hold are one, not one within the other.
  std::string many = R"({"allOf": [{"items": {"minimum": 0}})";
  for (int i = 1; i < 200; ++i) many += R"(, {"items": {"minimum": )" + std::to_string(i) + "}}";
  EXPECT_EQ(error_of(parse_json_schema(many + "]}")), "");
  // A long name above many small schemas, each of which has a place.
  std::string wide = R"({"properties": {")" + std::string(300'000, 'n') + R"(": {"properties": {)";
  for (int i = 0; i < 20'000; ++i) wide += std::string(i ? "," : "") + "\"" + std::to_string(i) + R"(":{"minItems":1})";
  EXPECT_EQ(error_of(parse_json_schema(wide + "}}}}")), "");
  // The same below a long reference.
  const std::string name(200'000, 'r');
  std::string referred = R"({"$ref": "#/$defs/)" + name + R"(", "$defs": {")" + name + R"(": {"properties": {)";
  for (int i = 0; i < 20'000; ++i)
    referred += std::string(i ? "," : "") + "\"" + std::to_string(i) + R"(":{"minItems":1})";
  EXPECT_EQ(error_of(parse_json_schema(referred + "}}}}")), "");
  // A schema that each level would write twice: for the required property, and for all others.
  std::string levels = "true";
  for (int i = 0; i < 80; ++i) levels = R"({"required": ["a"], "additionalProperties": )" + levels + "}";
  EXPECT_EQ(error_of(parse_json_schema(levels)), "");
  // A type that stands there again and again.
  std::string again = R"({"type": ["object")";
  for (int i = 0; i < 20'000; ++i) again += R"(,"object")";
  again += R"(], "properties": {"n")";
  for (int i = 0; i < 2'000; ++i)
    again += std::string(i ? "," : "") + (i ? "\"" + std::to_string(i) + "\"" : "") + ":{}";
  EXPECT_EQ(error_of(parse_json_schema(again + "}}")), "");
  EXPECT_THAT(error_of(parse_json_schema(R"({"type": "string", "pattern": ")" + std::string(kMaxPatternNodes + 1, '.') +
                                         "\"}")),
              HasSubstr("a pattern of more than"));
  // Patterns that are long together: each character is spelled in a dozen ways.
  std::string patterns = R"({"properties": {)";
  for (int i = 0; i < 20; ++i)
    patterns += std::string(i ? "," : "") + "\"" + std::to_string(i) + R"(":{"pattern": ")" +
                std::string(kMaxPatternNodes / 2, '.') + "\"}";
  EXPECT_THAT(error_of(parse_json_schema(patterns + "}}")), HasSubstr("expressions"));
  // Long lists that must both hold, or must not.
  std::string list = "[0";
  for (int i = 1; i < 60'000; ++i) list += "," + std::to_string(i);
  const std::string enumeration = R"({"enum": )" + list + "]}", none = R"({"enum": )" + list + ".5]}";
  EXPECT_EQ(error_of(parse_json_schema(R"({"allOf": [)" + enumeration + "," + none + "]}")), "");
  EXPECT_THAT(error_of(parse_json_schema(R"({"oneOf": [)" + enumeration + "," + none + "]}")),
              HasSubstr("may both hold"));
  EXPECT_THAT(error_of(parse_json_schema(R"({"properties": {")" + std::string(30'000, 'n') +
                                         R"(": {}}, "additionalProperties": true})")),
              HasSubstr("names of more than"));
  // Nine conditions of which each may hold or not; ten are too many.
  for (int count : {9, 10}) {
    std::string depend = R"({"type": "object", "dependentRequired": {)";
    for (int i = 0; i < count; ++i)
      depend += (i ? ",\"p" : "\"p") + std::to_string(i) + "\": [\"q" + std::to_string(i) + "\"]";
    const std::string error = error_of(parse_json_schema(depend + "}}"));
    EXPECT_THAT(error, HasSubstr(count == 9 ? "" : "more than 1000"));
    EXPECT_EQ(error.empty(), count == 9);
  }
  std::string nested = R"({"const": 1})";
  for (int i = 0; i < 8; ++i)
    nested = R"({"if": )" + nested + R"(, "then": )" + nested + R"(, "else": )" + nested + "}";
  EXPECT_THAT(error_of(parse_json_schema(nested)), HasSubstr("too much of each other"));
  // Each of many items may be the first that is not of its schema.
  std::string items = R"({"not": {"prefixItems": [{})";
  for (int i = 0; i < 20'000; ++i) items += ",{}";
  EXPECT_THAT(error_of(parse_json_schema(items + "]}}")), HasSubstr("too much of each other"));
  // Many names of one pattern, whose schema is large.
  std::string named = R"({"patternProperties": {"p": {"required": )" + words(500) + R"(}}, "properties": {"p")";
  for (int i = 0; i < 5'000; ++i) named += R"(: {}, "p)" + std::to_string(i) + "\"";
  EXPECT_THAT(error_of(parse_json_schema(named + ": {}}}")), HasSubstr("too much of each other"));
  // Sets of twelve values are few enough, many of them are not.
  std::string sets = R"({"$defs": {"x": {}}, "properties": {)";
  for (int i = 0; i < 60; ++i)
    sets += (i ? ",\"" : "\"") + std::to_string(i) +
            R"(": {"type": "array", "uniqueItems": true, "items": {"type": "integer", "minimum": 1, "maximum": 12}})";
  EXPECT_THAT(error_of(parse_json_schema(sets + "}}")), HasSubstr("expressions"));
  EXPECT_THAT(
      error_of(parse_json_schema(R"({"type": "string", "pattern": "^v", "not": {"enum": )" + words(20'000) + "}}")),
      HasSubstr("states"));
  EXPECT_THAT(error_of(parse_json_schema(R"({"type": "string", "not": {"enum": )" + words(20'000) + "}}")),
              HasSubstr("strings other than some"));
  // Each of 64 sets of patterns.
  EXPECT_EQ(error_of(parse_json_schema(
                R"({"patternProperties": {"a.*1": {}, "a.*2": {}, "a.*3": {}, "a.*4": {}, "a.*5": {}, "a.*6": {}}, )"
                R"("additionalProperties": {"type": "null"}})")),
            "");
  EXPECT_FALSE(parse_json_schema(std::string(100'000, '[')).ok());
  EXPECT_THAT(error_of(parse_json_schema(std::string(kMaxText + 1, ' '))), HasSubstr("more than"));
  EXPECT_EQ(error_of(parse_json_schema(R"({"type": "string", "minLength": 1000000, "maxLength": 900000000})")), "");
  EXPECT_EQ(error_of(parse_json_schema(
                R"({"type": "array", "items": {"type": "array", "maxItems": 900000}, "minItems": 800000})")),
            "");
}

}  // namespace
}  // namespace malmoi::grammar
