// JSON Schema: values of any type, listed ones, strings and numbers that are of a schema, and such that are not.
#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include "grammar/schema_formats.h"
#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

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
  check_schemas({{"{}", values, none},
                 {"true", values, none},
                 {R"({"title": "t", "description": "d", "$comment": 1, "x-y": 2})", values, none}});
}

TEST(JsonSchema, Types) {
  check_schemas({
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
  check_schemas({
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
  check_schemas({
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
      {R"({"type": "string", "pattern": "ab+c", "maxLength": 4})",
       {"\"abc\"", "\"xabc\"", "\"abbc\""},
       {"\"abbbc\"", "\"ac\""}},
      {R"({"type": "string", "pattern": "^[a-z]+-[0-9]+$", "minLength": 4, "maxLength": 6})",
       {"\"a-12\"", "\"abcd-1\""},
       {"\"a-1\"", "\"abcd-123\""}},
      {R"({"allOf": [{"pattern": "a"}, {"pattern": "\"$"}]})", {R"("a\"")", R"("xay\"")"}, {"\"a\"", R"("\"")"}},
      {R"({"type": "string", "pattern": "^[a-z]+$", "not": {"enum": ["root", "admin"]}})",
       {"\"roo\"", "\"roots\"", "\"x\""},
       {"\"root\"", "\"admin\"", "\"A\""}},
      {R"({"type": "string", "not": {"pattern": "[가-힣]"}, "minLength": 1})",
       {"\"a\"", R"("\t")"},
       {"\"가\"", "\"a나\"", "\"\""}},
      {R"({"type": "string", "format": "date", "pattern": "^2024"})",
       {"\"2024-02-29\""},
       {"\"2023-01-01\"", "\"2024\""}},
      {R"({"type": "string", "format": "ipv4", "maxLength": 8})", {"\"10.0.0.1\""}, {"\"10.0.0.12\""}},
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
  check_schemas({
      {R"({"type": "integer", "minimum": 0, "maximum": 255})", {"0", "7", "255"}, {"-1", "256", "1.5", "007"}},
      {R"({"type": "integer", "minimum": -5, "exclusiveMaximum": 5})", {"-5", "0", "4"}, {"-6", "5", "-0"}},
      {R"({"type": "integer", "exclusiveMinimum": 2.5})", {"3", "9999999999999999"}, {"2", "-3"}},
      {R"({"type": "integer", "maximum": -10})", {"-10", "-1000"}, {"-9", "0", "10"}},
      {R"({"type": "integer", "multipleOf": 1, "minimum": 1})", {"1"}, {"0"}},
      {R"({"type": "integer", "multipleOf": 0.1})", {"1"}, {"0.5"}},
      {R"({"type": "number", "multipleOf": 1, "maximum": 3})", {"1", "-7"}, {"0.5", "4"}},
      {R"({"type": "number", "multipleOf": 0.01})", {"1", "-7.25", "0.1"}, {"0.125", "1e1"}},
      {R"({"type": "integer", "multipleOf": 5})", {"0", "5", "-10", "1000000"}, {"1", "05", "-0", "5.0"}},
      {R"({"type": "integer", "multipleOf": 7, "minimum": 10, "exclusiveMaximum": 28})",
       {"14", "21"},
       {"7", "28", "0"}},
      {R"({"type": "number", "multipleOf": 0.25})", {"0", "-0.25", "3.5", "3.50"}, {"0.1", "0.255", "1e1"}},
      {R"({"type": "number", "multipleOf": 0.01, "minimum": 0.5, "maximum": 10})",
       {"0.5", "9.99", "10.00"},
       {"0.49", "10.01", "0.501"}},
      {R"({"allOf": [{"type": "integer", "multipleOf": 4}, {"multipleOf": 6}]})", {"12", "-24"}, {"4", "6", "18"}},
      {R"({"type": "number", "minimum": 0, "maximum": 1})", {"0", "0.5", "1", "1.0", "0.999"}, {"1.01", "-0.1", "1e0"}},
      {R"({"type": "number", "exclusiveMinimum": 0})", {"0.001", "5", "1234.5"}, {"0", "0.0", "-1"}},
      {R"({"type": "number", "minimum": -1.5, "maximum": 2.25})",
       {"-1.5", "-1.49", "0", "2.25"},
       {"-1.51", "2.26", "-2"}},
      {R"({"type": "number", "minimum": 10, "exclusiveMinimum": 10})", {"10.1", "11"}, {"10", "10.0"}},
  });
}

}  // namespace
}  // namespace malmoi::grammar
