// JSON Schema: arrays and objects that are of a schema, and such that are not.
#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

TEST(JsonSchema, Arrays) {
  check_schemas({
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

TEST(JsonSchema, ItemsThatAreUnique) {
  check_schemas({
      {R"({"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": true})",
       {"[]", "[ ]", "[\"a\"]", "[\"b\", \"a\"]", "[\"c\",\"a\",\"b\"]", "[\n  \"a\",\n  \"b\"\n]"},
       {"[\"a\",\"a\"]", "[\"a\",\"b\",\"a\"]", "[\"d\"]", "[\"a\",]", "[,\"a\"]"}},
      {R"({"type": "array", "items": {"type": "boolean"}, "uniqueItems": true, "minItems": 1})",
       {"[true]", "[false, true]"},
       {"[]", "[true,true]", "[true,false,true]"}},
      // 1 and 1.0 are one value.
      {R"({"type": "array", "items": {"enum": [1, 1.0, null]}, "uniqueItems": true})",
       {"[1, null]"},
       {"[1,1]", "[1,1.0]"}},
      {R"({"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 30}, "uniqueItems": true, "minItems": 2, "maxItems": 2})",
       {"[1, 30]", "[7,6]"},
       {"[1]", "[7,7]", "[1,2,3]", "[0,1]", "[1,31]"}},
      {R"({"type": "array", "items": {"anyOf": [{"const": "x"}, {"type": ["null", "boolean"]}]}, "uniqueItems": true, "minItems": 4})",
       {"[\"x\", null, true, false]"},
       {"[\"x\", null, true]", "[\"x\", null, true, null]"}},
      {R"({"$defs": {"v": {"enum": ["a", "b"]}}, "type": "array", "items": {"$ref": "#/$defs/v"}, "uniqueItems": true})",
       {"[\"b\",\"a\"]"},
       {"[\"b\",\"b\"]"}},
      {R"({"type": "array", "items": {"type": "string"}, "uniqueItems": true, "maxItems": 1})",
       {"[]", "[\"z\"]"},
       {"[1]"}},
      {R"({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "uniqueItems": true})",
       {"[\"a\", 1]"},
       {"[1, \"a\"]"}},
  });
}

TEST(JsonSchema, ItemsOfWhichSomeAre) {
  check_schemas({
      {R"({"type": "array", "contains": {"type": "integer"}})",
       {"[1]", "[\"a\", 1]", "[1, \"a\"]", "[null,[1],3,{}]"},
       {"[]", "[\"a\"]", "[[1]]"}},
      {R"({"type": "array", "items": {"type": ["integer", "string"]}, "contains": {"type": "integer"}, "minContains": 2, "maxContains": 3, "minItems": 3, "maxItems": 5})",
       {"[1, 2, 3]", "[1, \"a\", 2]", "[\"a\",\"b\",1,2,3]"},
       {"[1,2]", "[1,\"a\",\"b\"]", "[1,2,3,4]", "[\"a\",\"b\",\"c\",1,2,3]", "[1,2,null]"}},
      {R"({"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 5}, "maxContains": 1, "minContains": 0})",
       {"[]", "[1, 2]", "[1, 7]"},
       {"[5, 6]"}},
      {R"({"type": "array", "items": {"type": "null"}, "contains": {"type": "integer"}, "minContains": 0})",
       {"[null]"},
       {"[1]"}},
      {R"({"type": "array", "items": {"type": "null"}, "minContains": 3})", {"[]", "[null]"}, {"[1]"}},
  });
}

TEST(JsonSchema, NumbersOfProperties) {
  check_schemas({
      {R"({"properties": {"a": {}, "b": {}, "c": {}}, "minProperties": 2})",
       {R"({"a": 1, "b": 2})", R"({"a": 1, "c": 2})", R"({"b": 1, "c": 2})", R"({"a": 1, "b": 1, "c": 1})"},
       {"{}", R"({"a": 1})", R"({"c": 1})"}},
      {R"({"properties": {"a": {}, "b": {}}, "minProperties": 1, "maxProperties": 1})",
       {R"({"a": 1})", R"({"b": 1})", "{\n  \"b\": 1\n}"},
       {"{}", "{ }", R"({"a": 1, "b": 1})"}},
      {R"({"properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"], "maxProperties": 2})",
       {R"({"b": 1})", R"({"a": 1, "b": 1})", R"({"b": 1, "c": 1})"},
       {R"({"a": 1, "c": 1})", R"({"a": 1, "b": 1, "c": 1})"}},
      {R"({"properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "string"}, "minProperties": 1, "maxProperties": 2})",
       {R"({"a": 1})", R"({"b": "x"})", R"({"a": 1, "b": "x"})", R"({"b": "x", "c": "x"})"},
       {"{}", R"({"a": 1, "b": "x", "c": "x"})"}},
      // The second of two free names may be the first again.
      {R"({"properties": {"a": {}}, "additionalProperties": {"type": "string"}, "minProperties": 2})",
       {R"({"a": 1, "b": "x"})", R"({"a": 1, "b": "x", "b": "y"})"},
       {R"({"a": 1})", R"({"b": "x", "b": "y"})"}},
  });
}

TEST(JsonSchema, NamesOfProperties) {
  check_schemas({
      {R"({"type": "object", "patternProperties": {"^a": {"type": "integer"}, "b$": {"minimum": 5}}})",
       {"{}", R"({"a": 1})", R"({"xb": 5})", R"({"ab": 7, "a": 0})"},
       {R"({"ab": 1})", R"({"c": 1})", R"({"a": "x"})", R"({"xb": 3})"}},
      {R"({"type": "object", "patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": {"type": "string"}})",
       {R"({"a": 1})", R"({"b": "x", "a": 1, "": "y"})"},
       {R"({"a": "x"})", R"({"b": 1})"}},
      {R"({"properties": {"ab": {"minimum": 3}, "z": {}}, "patternProperties": {"^a": {"type": "integer"}}})",
       {R"({"ab": 3})", R"({"ab": 3, "z": 0, "ac": 1})"},
       {R"({"ab": 1})", R"({"ab": 3.5})", R"({"ac": 1, "ab": 3})", R"({"ab": 3, "ab": 4})"}},
      {R"({"patternProperties": {"^a": {"type": "integer"}}, "required": ["a", "b"]})",
       {R"({"a": 1, "b": "any"})"},
       {R"({"a": "x", "b": 1})", R"({"a": 1})"}},
      {R"({"properties": {"a": {}, "B": {}}, "propertyNames": {"pattern": "^[a-z]+$"}, "additionalProperties": {"type": "integer"}})",
       {"{}", R"({"a": "x", "c": 2})"},
       {R"({"B": 1})", R"({"C": 1})", R"({"c": "x"})", R"({"a": 1, "a": 2})"}},
      {R"({"type": "object", "propertyNames": {"not": {"enum": ["id"]}}, "additionalProperties": {"type": "null"}})",
       {R"({"i": null})", R"({"ids": null})"},
       {R"({"id": null})"}},
  });
}

TEST(JsonSchema, Objects) {
  check_schemas({
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

}  // namespace
}  // namespace malmoi::grammar
