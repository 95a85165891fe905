// JSON Schema, keyword by keyword: values that are of a schema and values that are not, and what is refused.
#include "grammar/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/limits.h"
#include "grammar/schema_formats.h"
#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Case {
  const char* schema;
  std::vector<std::string> valid, invalid;
};

void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.schema);
    const Automaton automaton = compiled(parse_json_schema(one.schema));
    for (const std::string& text : one.valid) {
      EXPECT_TRUE(parse_json(text, "test").ok()) << text;
      EXPECT_TRUE(matches(automaton, text)) << text;
    }
    for (const std::string& text : one.invalid) EXPECT_FALSE(matches(automaton, text)) << text;
  }
}

TEST(JsonSchema, AnyValue) {
  const std::vector<std::string> values{"{}",
                                        "[]",
                                        "[ ]",
                                        R"({"a": [1, 2.5e-3, "x\n", true, null], "b":{}})",
                                        "\"\"",
                                        "-0.5",
                                        "0",
                                        "1E+9",
                                        R"("\u00e9\ud83d\ude00\\\/")",
                                        "{\n  \"a\": [\n    1,\n    2\n  ]\n}",
                                        "\"가\""};
  const std::vector<std::string> none{"",      "{",   "[1,]",   "{\"a\"}",   "01",          "1.",          ".5",
                                      "tru",   "\"a", "\"\n\"", "\"\\x\"",   "\"\\ud800\"", "\"\\udc00\"", "[1 2]",
                                      "{a:1}", "nul", "1e999",  "\n\n\n\n1", " 1",          "1 ",          "[1\t,2]"};
  check({{"{}", values, none},
         {"true", values, none},
         {R"({"title": "t", "description": "d", "$comment": 1, "x-y": 2})", values, none}});
}

TEST(JsonSchema, Types) {
  check({
      {R"({"type": "null"})", {"null"}, {"0", "false"}},
      {R"({"type": "boolean"})", {"true", "false"}, {"1", "\"true\""}},
      {R"({"type": "integer"})",
       {"0", "-12", "1234567890123456"},
       {"1.0", "1e3", "12345678901234567", "-", "+1", "00"}},
      {R"({"type": "number"})", {"0", "-1.5", "2e-7", "1E9"}, {"1.", "1e100", "\"1\""}},
      {R"({"type": "string"})", {"\"\"", "\"a\\\"b\""}, {"a", "1"}},
      {R"({"type": "array"})", {"[]", "[1, \"a\", []]"}, {"{}"}},
      {R"({"type": "object"})", {"{}", "{\"a\": 1}"}, {"[]", "1"}},
      {R"({"type": ["string", "null"]})", {"\"a\"", "null"}, {"1"}},
      {R"({"type": ["integer", "number"]})", {"1", "1.5"}, {"null"}},
      {R"({"type": "string", "nullable": true})", {"\"a\"", "null"}, {"1"}},
      {R"({"type": "string", "nullable": false})", {"\"a\""}, {"null"}},
      {R"({"minLength": 2})", {"\"ab\""}, {"\"a\"", "1"}},
  });
}

TEST(JsonSchema, ListedValues) {
  check({
      {R"({"enum": ["a", 1, null, [1,2], {"k": "v"}]})",
       {"\"a\"", "1", "null", "[1,2]", "{\"k\":\"v\"}"},
       {"\"b\"", "2", "[1]"}},
      {R"({"type": "string", "enum": ["a", 1, "b"]})", {"\"a\"", "\"b\""}, {"1"}},
      {R"({"type": "integer", "enum": [1, 1.5, 2]})", {"1", "2"}, {"1.5"}},
      {R"({"const": "x\"y"})", {R"("x\"y")"}, {"\"x\"", "null"}},
      {R"({"const": 3, "enum": [1, 3]})", {"3"}, {"1"}},
      {R"({"enum": ["red", "red-ish", "green"]})", {"\"red\"", "\"red-ish\""}, {"\"re\"", "\"red-\""}},
      {R"({"enum": [1, 2, 3, "a"], "minimum": 2})", {"2", "3"}, {"1", "\"a\""}},
      {R"({"enum": [{"a": 1}, {"a": "x"}, {}], "properties": {"a": {"enum": [1, 2], "maximum": 1}}, "required": ["a"]})",
       {R"({"a":1})"},
       {R"({"a":"x"})", "{}"}},
      {R"({"const": "abc", "pattern": "^a", "type": "string"})", {"\"abc\""}, {"\"a\""}},
      {R"({"enum": ["a"], "nullable": true})", {"\"a\"", "null"}, {"1"}},
  });
}

TEST(JsonSchema, ThousandsOfValuesAreReadInOneWay) {
  std::string list = "[\"\"";
  for (int i = 0; i < 20'000; ++i) list += ",\"v" + std::to_string(i * i) + "\"";
  const Automaton automaton = compiled(parse_json_schema(R"({"enum": )" + list + "]}"));
  for (int i = 0; i < 20'000; i += 97) EXPECT_TRUE(matches(automaton, "\"v" + std::to_string(i * i) + "\""));
  EXPECT_TRUE(matches(automaton, "\"\""));
  EXPECT_FALSE(matches(automaton, "\"v2\""));
  EXPECT_FALSE(matches(automaton, "\"v\""));
  Reading reading(automaton);
  ASSERT_TRUE(reading.read(automaton, "\"v1"));
  EXPECT_EQ(reading.threads().size(), 1u);
}

TEST(JsonSchema, Strings) {
  check({
      {R"({"type": "string", "minLength": 2, "maxLength": 3})",
       {"\"ab\"", "\"가나다\"", R"("\n\u00e9")", R"("a\ud83d\ude00")"},
       {"\"a\"", "\"abcd\"", "\"\""}},
      {R"({"type": "string", "maxLength": 40})",
       {"\"\"", "\"" + std::string(40, 'x') + "\""},
       {"\"" + std::string(41, 'x') + "\""}},
      {R"({"type": "string", "minLength": 30})",
       {"\"" + std::string(30, 'x') + "\""},
       {"\"" + std::string(29, 'x') + "\""}},
      {R"({"type": "string", "pattern": "^[a-c]+$"})", {"\"abc\""}, {"\"\"", "\"abd\"", "\" a\""}},
      {R"({"type": "string", "pattern": "b"})", {"\"b\"", "\"abc\"", "\"\\nb\""}, {"\"ac\"", "\"\""}},
      {R"({"type": "string", "pattern": "^\\d{3}-\\d{4}$"})", {"\"555-1234\""}, {"\"5555-123\""}},
      {R"({"type": "string", "pattern": "^[^x]$"})",
       {R"("\"")", R"("\\")", R"("\n")", R"("\u0001")", R"("\u001F")", "\"가\""},
       {"\"x\"", "\"\"\"", "\"\n\""}},
      {R"({"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4})",
       {"\"ab\"", "\"abcd\""},
       {"\"a\"", "\"abcde\""}},
      {R"({"type": "string", "pattern": "^a{2,5}$", "maxLength": 9, "minLength": 1})", {"\"aa\""}, {"\"a\""}},
      {R"({"type": "string", "format": "date"})",
       {"\"2026-11-27\"", "\"2024-02-29\"", "\"2000-02-29\""},
       {"\"2026-13-01\"", "\"2023-02-29\"", "\"1900-02-29\"", "\"2026-04-31\"", "\"26-1-1\"", "\"0000-01-01\""}},
      {R"({"type": "string", "format": "time"})",
       {"\"23:59:59Z\"", "\"00:00:00.5+09:00\""},
       {"\"24:00:00Z\"", "\"1:00:00Z\"", "\"00:00:00\""}},
      {R"({"type": "string", "format": "date-time"})",
       {"\"2026-11-27T09:44:59Z\""},
       {"\"2026-11-27 09:44:59Z\"", "\"2026-11-27\""}},
      {R"({"type": "string", "format": "duration"})",
       {"\"P1Y2M3D\"", "\"PT5M\"", "\"P3W\""},
       {"\"P\"", "\"P1D2M\"", "\"PT\""}},
      {R"({"type": "string", "format": "uuid"})",
       {"\"123e4567-e89b-12d3-a456-426614174000\""},
       {"\"123e4567e89b12d3a456426614174000\""}},
      {R"({"type": "string", "format": "email"})", {"\"a.b@example.com\""}, {"\"a@\"", "\"@b.c\"", "\"a b@c\""}},
      {R"({"type": "string", "format": "ipv4"})",
       {"\"127.0.0.1\"", "\"255.255.255.255\""},
       {"\"256.1.1.1\"", "\"1.1.1\"", "\"01.1.1.1\""}},
      {R"({"type": "string", "format": "ipv6"})",
       {"\"::\"", "\"::1\"", "\"2001:db8::8a2e:370:7334\"", "\"1:2:3:4:5:6:7:8\""},
       {"\"1:2\"", "\":::\"", "\"1::2::3\"", "\"12345::\""}},
      {R"({"type": "string", "format": "hostname"})", {"\"a\"", "\"www.example-1.com\""}, {"\"-a\"", "\"a..b\""}},
      {R"({"type": "string", "format": "uri"})",
       {"\"https://example.com:80/a/b?x=1#y\""},
       {"\"example.com\"", "\"http:///x y\""}},
  });
}

TEST(JsonSchema, EveryFormatIsAGrammar) {
  std::string names = format_names() + ", ";
  for (size_t end; (end = names.find(", ")) != std::string::npos; names.erase(0, end + 2)) {
    const Json schema = {{"type", "string"}, {"format", names.substr(0, end)}};
    EXPECT_EQ(error_of(schema_grammar(schema)), "") << schema;
    EXPECT_NE(format_regex(names.substr(0, end)), nullptr);
  }
}

TEST(JsonSchema, Numbers) {
  check({
      {R"({"type": "integer", "minimum": 0, "maximum": 255})", {"0", "7", "255"}, {"-1", "256", "1.5", "007"}},
      {R"({"type": "integer", "minimum": -5, "exclusiveMaximum": 5})", {"-5", "0", "4"}, {"-6", "5", "-0"}},
      {R"({"type": "integer", "exclusiveMinimum": 2.5})", {"3", "9999999999999999"}, {"2", "-3"}},
      {R"({"type": "integer", "maximum": -10})", {"-10", "-1000"}, {"-9", "0", "10"}},
      {R"({"type": "integer", "multipleOf": 1, "minimum": 1})", {"1"}, {"0"}},
      {R"({"type": "integer", "multipleOf": 0.1})", {"1"}, {"0.5"}},
      {R"({"type": "number", "multipleOf": 1, "maximum": 3})", {"1", "-7"}, {"0.5", "4"}},
      {R"({"type": "number", "multipleOf": 0.01})", {"1", "-7.25", "0.1"}, {"0.125", "1e1"}},
      {R"({"type": "number", "minimum": 0, "maximum": 1})", {"0", "0.5", "1", "1.0", "0.999"}, {"1.01", "-0.1", "1e0"}},
      {R"({"type": "number", "exclusiveMinimum": 0})", {"0.001", "5", "1234.5"}, {"0", "0.0", "-1"}},
      {R"({"type": "number", "minimum": -1.5, "maximum": 2.25})",
       {"-1.5", "-1.49", "0", "2.25"},
       {"-1.51", "2.26", "-2"}},
      {R"({"type": "number", "minimum": 10, "exclusiveMinimum": 10})", {"10.1", "11"}, {"10", "10.0"}},
  });
}

TEST(JsonSchema, Arrays) {
  check({
      {R"({"type": "array", "items": {"type": "integer"}})",
       {"[]", "[1]", "[1, 2,3]", "[\n  1,\n  2\n]"},
       {"[\"a\"]", "[1,]", "[,1]"}},
      {R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1})", {"[true]", "[true, false]"}, {"[]"}},
      {R"({"type": "array", "items": {"type": "null"}, "minItems": 2, "maxItems": 3})",
       {"[null,null]", "[null, null, null]"},
       {"[null]", "[null,null,null,null]"}},
      {R"({"type": "array", "maxItems": 0})", {"[]"}, {"[1]"}},
      {R"({"type": "array", "maxItems": 2})", {"[]", "[1, {}]"}, {"[1,2,3]"}},
      {R"({"type": "array", "items": false})", {"[]"}, {"[1]"}},
      {R"({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]})",
       {"[]", "[\"a\"]", "[\"a\", 1]"},
       {"[1]", "[\"a\", 1, 2]"}},
      {R"({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2, "items": false})",
       {"[\"a\", 1]"},
       {"[]", "[\"a\"]", "[\"a\",1,1]"}},
      {R"({"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}, "minItems": 2, "maxItems": 3})",
       {"[\"a\", 1]", "[\"a\",1,2]"},
       {"[\"a\"]", "[\"a\",1,2,3]", "[\"a\",\"b\"]"}},
      {R"({"type": "array", "items": [{"type": "null"}], "additionalItems": {"type": "integer"}})",
       {"[]", "[null, 1, 2]"},
       {"[1]"}},
      {R"({"type": "array", "prefixItems": [], "items": {"type": "integer"}, "maxItems": 2})",
       {"[]", "[1, 2]"},
       {"[1,2,3]"}},
      {R"({"type": "array", "uniqueItems": false})", {"[1,1]"}, {"{}"}},
      {R"({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}})",
       {"[[1], [], [2, 3]]"},
       {"[1]"}},
  });
}

TEST(JsonSchema, Objects) {
  check({
      {R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a", "b"]})",
       {R"({"a": 1, "b": "x"})", R"({"a":1,"b":"x"})", "{\n  \"a\": 1,\n  \"b\": \"x\"\n}"},
       {"{}", R"({"a": 1})", R"({"b": "x", "a": 1})", R"({"a": 1, "b": "x", "c": 1})", R"({"a": "1", "b": "x"})"}},
      {R"({"properties": {"a": {"type": "integer"}, "b": {}, "c": {"type": "null"}}})",
       {"{}", R"({"a": 1})", R"({"b": [1]})", R"({"c": null})", R"({"a": 1, "c": null})",
        R"({"a": 1, "b": 2, "c": null})"},
       {R"({"c": null, "a": 1})", R"({"a": 1, "a": 1})", R"({,"a": 1})", R"({"a": 1,})", R"({"d": 1})"}},
      {R"({"properties": {"a": {"type": "null"}, "b": {"type": "null"}, "c": {"type": "null"}}, "required": ["b"]})",
       {R"({"b": null})", R"({"a": null, "b": null})", R"({"b": null, "c": null})"},
       {"{}", R"({"a": null})", R"({"c": null})"}},
      {R"({"type": "object", "properties": {}})", {"{}", "{ }"}, {R"({"a": 1})"}},
      {R"({"type": "object", "additionalProperties": false})", {"{}"}, {R"({"a": 1})"}},
      {R"({"type": "object", "additionalProperties": {"type": "integer"}})",
       {"{}", R"({"a": 1, "b": 2})"},
       {R"({"a": "1"})"}},
      {R"({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2})",
       {R"({"a": 1})", R"({"a": 1, "b": 2})"},
       {"{}", R"({"a":1,"b":2,"c":3})"}},
      {R"({"properties": {"name": {"type": "string"}, "n": {"type": "null"}}, "required": ["name"], "additionalProperties": {"type": "integer"}})",
       {R"({"name": "x"})", R"({"name": "x", "nam": 1, "names": 2, "": 3, "x\n": 4})",
        R"({"name": "x", "n": null, "z": 1})"},
       {R"({"name": "x", "z": "1"})", R"({"name": "x", "name": 1})", R"({"name": "x", "n": 1})",
        R"({"name": "x", "\u006e": 1})", R"({"z": 1})"}},
      {R"({"properties": {"a": {"type": "null"}}, "additionalProperties": true})",
       {"{}", R"({"b": 1})", R"({"a": null, "b": "x"})"},
       {R"({"a": 1})"}},
      {R"({"type": "object", "required": ["a"]})", {R"({"a": 1})"}, {"{}", R"({"b": 1})"}},
      {R"({"properties": {"a": false, "b": {"type": "null"}}})", {"{}", R"({"b": null})"}, {R"({"a": 1})"}},
      {R"({"type": "object", "patternProperties": {"^n_[a-z]+$": {"type": "integer"}}, "additionalProperties": false})",
       {"{}", R"({"n_a": 1, "n_bc": 2})"},
       {R"({"x": 1})", R"({"n_a": "1"})", R"({"n_": 1})"}},
      {R"({"properties": {"id": {"type": "integer"}}, "required": ["id"], "patternProperties": {"^x-": {"type": "string"}}})",
       {R"({"id": 1})", R"({"id": 1, "x-a": "b"})"},
       {R"({"x-a": "b"})", R"({"id": 1, "y": "b"})"}},
      {R"({"type": "object", "propertyNames": {"pattern": "^[a-z]{1,3}$"}, "additionalProperties": {"type": "boolean"}})",
       {"{}", R"({"ab": true})"},
       {R"({"abcd": true})", R"({"A": true})"}},
      {R"({"type": "object", "propertyNames": {"enum": ["x", "y"]}})", {R"({"x": 1, "y": 2})"}, {R"({"z": 1})"}},
      {R"({"properties": {"a\"b/~": {"type": "null"}}, "required": ["a\"b/~"]})", {R"({"a\"b/~": null})"}, {"{}"}},
      {R"({"properties": {"a": {}}, "required": ["a"], "minProperties": 1, "maxProperties": 1})",
       {R"({"a": 1})"},
       {"{}"}},
  });
}

TEST(JsonSchema, Combinations) {
  check({
      {R"({"anyOf": [{"type": "string"}, {"type": "integer"}]})", {"\"a\"", "1"}, {"null"}},
      {R"({"oneOf": [{"type": "string"}, {"type": "integer"}]})", {"\"a\"", "1"}, {"null", "1.5"}},
      {R"({"oneOf": [{"properties": {"k": {"const": "a"}, "x": {"type": "null"}}, "required": ["k", "x"]},
                     {"properties": {"k": {"const": "b"}}, "required": ["k"]}]})",
       {R"({"k": "a", "x": null})", R"({"k": "b"})"},
       {R"({"k": "a"})", R"({"k": "c"})"}},
      {R"({"type": "object", "properties": {"a": {"type": "null"}}, "anyOf": [{"required": ["a"]}, {"properties": {"b": {"type": "null"}}, "required": ["b"]}]})",
       {R"({"a": null})", R"({"b": null})", R"({"a": null, "b": null})"},
       {"{}"}},
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

TEST(JsonSchema, References) {
  check({
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

TEST(JsonSchema, WhatCannotBeKeptToIsRefusedWithItsPlace) {
  struct Wrong {
    const char* schema;
    const char* place;
    const char* what;
  };
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {R"({"not": {}})", "schema#:", "'not'"},
           {R"({"properties": {"a": {"if": {}}}})", "schema#/properties/a", "'if'"},
           {R"({"type": "array", "contains": {}})", "schema#", "'contains'"},
           {R"({"type": "array", "uniqueItems": true})", "schema#/uniqueItems", "'uniqueItems'"},
           {R"({"type": "object", "dependentRequired": {}})", "schema#", "'dependentRequired'"},
           {R"({"typ": "object"})", "schema#", "'typ'"},
           {R"({"type": "strin"})", "schema#/type", "unknown type"},
           {R"({"type": "number", "multipleOf": 0.5})", "schema#/multipleOf", "'multipleOf'"},
           {R"({"type": "number", "multipleOf": 0.1, "minimum": 1})", "schema#", "bounds beside this 'multipleOf'"},
           {R"({"type": "number", "exclusiveMinimum": true})", "schema#/exclusiveMinimum", "true or false"},
           {R"({"type": "number", "minimum": 2, "maximum": 1})", "schema#", "no number"},
           {R"j({"type": "string", "pattern": "(?=a)"})j", "schema#/pattern, character 1", "look-ahead"},
           {R"({"type": "string", "pattern": "ab+c", "maxLength": 9})", "schema#", "minLength and maxLength"},
           {R"({"type": "string", "format": "regex"})", "schema#/format", "the format \"regex\""},
           {R"({"type": "string", "minLength": 3, "maxLength": 2})", "schema#", "below"},
           {R"({"type": "string", "minLength": -1})", "schema#/minLength", "whole number"},
           {R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})", "schema#/oneOf", "may both hold"},
           {R"({"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]})", "schema#/oneOf", "may both hold"},
           {R"({"anyOf": []})", "schema#/anyOf", "one or more"},
           {R"({"$ref": "#/$defs/x"})", "schema#/$ref", "what is not there"},
           {R"({"$ref": "https://example.com/s"})", "schema#/$ref", "another document"},
           {R"({"$ref": "#name"})", "schema#/$ref", "anchor"},
           {R"({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})", "schema#",
            "begins with itself"},
           {R"({"properties": {"a": {"$ref": "#"}}, "required": ["a"]})", "schema#", "no text is a"},
           {R"({"allOf": [{"$ref": "#"}, {"type": "object"}]})", "schema#", "without end"},
           {R"({"allOf": [{"pattern": "a"}, {"pattern": "b"}]})", "schema#", "'pattern'"},
           {R"({"allOf": [{"additionalProperties": false, "properties": {"a": {}}}, {"properties": {"b": {}}}]})",
            "schema#", "'b' is forbidden"},
           {R"({"allOf": [{"prefixItems": [{}]}, {"items": {"type": "integer"}}]})", "schema#",
            "'prefixItems' and 'items'"},
           {R"({"properties": {"a": {"enum": [1], "not": {}}}})", "schema#/properties/a", "'not'"},
           {R"({"properties": {"a": {"enum": [1], "multipleOf": 2}}})", "schema#/properties/a/multipleOf",
            "'multipleOf'"},
           {R"({"enum": "a"})", "schema#/enum", "list"},
           {R"({"enum": []})", "schema#", "no text is a"},
           {R"({"type": "string", "enum": [1]})", "schema#", "no text is a"},
           {R"({"properties": {"a": {}}, "minProperties": 1})", "schema#", "'minProperties'"},
           {R"({"properties": {"x-a": {}}, "patternProperties": {"^x-": {}}})", "schema#/patternProperties",
            "'x-a' is of a pattern"},
           {R"({"patternProperties": {"a": {}, "b": {}}})", "schema#/patternProperties", "more than one"},
           {R"({"patternProperties": {"a": {}}, "additionalProperties": {}})", "schema#", "beside 'patternProperties'"},
           {R"({"properties": {"a": {}}, "propertyNames": {}})", "schema#/propertyNames", "'propertyNames'"},
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
  EXPECT_FALSE(parse_json_schema(std::string(100'000, '[')).ok());
  EXPECT_THAT(error_of(parse_json_schema(std::string(kMaxText + 1, ' '))), HasSubstr("more than"));
  EXPECT_EQ(error_of(parse_json_schema(R"({"type": "string", "minLength": 1000000, "maxLength": 900000000})")), "");
  EXPECT_EQ(error_of(parse_json_schema(
                R"({"type": "array", "items": {"type": "array", "maxItems": 900000}, "minItems": 800000})")),
            "");
}

}  // namespace
}  // namespace malmoi::grammar
