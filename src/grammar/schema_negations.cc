// What a schema does not allow, keyword by keyword, as schemas that allow it.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_read.h"
#include "base/shown.h"
#include "grammar/schema_merge.h"

namespace malmoi::grammar {
namespace {

constexpr std::array<const char*, 6> kPlainTypes{"object", "array", "string", "number", "boolean", "null"};

// A keyword of numbers or counts, and what there is where it does not hold: the other end, so much further.
struct OtherEnd {
  std::string_view keyword;
  const char* type;
  const char* other;
  int step;  // of counts; 0: bounds of numbers
};
constexpr OtherEnd kOtherEnds[] = {
    {"minLength", "string", "maxLength", -1},
    {"maxLength", "string", "minLength", 1},
    {"minItems", "array", "maxItems", -1},
    {"maxItems", "array", "minItems", 1},
    {"minProperties", "object", "maxProperties", -1},
    {"maxProperties", "object", "minProperties", 1},
    {"minimum", "number", "exclusiveMaximum", 0},
    {"maximum", "number", "exclusiveMinimum", 0},
    {"exclusiveMinimum", "number", "maximum", 0},
    {"exclusiveMaximum", "number", "minimum", 0},
};

Json of_type(const char* type, const std::string& keyword, Json value) {
  Json out = saying("type", type);
  out[keyword] = std::move(value);
  return out;
}
Json not_of(Json schema) { return saying("not", std::move(schema)); }
// A plain `not` of one part.
Json plainly_not(Json part) { return not_of(saying("anyOf", Json::array({std::move(part)}))); }
Json of_type_but(const char* type, Json part) {
  Json out = plainly_not(std::move(part));
  out["type"] = type;
  return out;
}

Json types_but(const std::vector<std::string>& types) {
  Json out = Json::array();
  for (const char* type : kPlainTypes) {
    const bool is_one = std::any_of(types.begin(), types.end(), [&](const std::string& one) {
      return one == type || (one == "integer" && type == std::string_view("number"));
    });
    if (!is_one) out.push_back(type);
  }
  return out;
}

bool allows_all(const Json& schema) { return schema == Json(true) || (schema.is_object() && says_nothing(schema)); }

Error cannot_be_opposed(const std::string& key, std::string where) {
  return unsupported("what is not of '" + show_controls(key) + "', which 'not' or 'if' asks for, cannot be written",
                     std::move(where), "say what may come instead of it");
}

}  // namespace

Result<std::vector<Json>> SchemaMerger::negations(const Json& schema, const std::string& at) {
  std::vector<Json> ways;
  const Within within(within_);
  if (within_ > kMostWithin) return unsupported("references within 'not' without end", place(at), "break the circle");
  if (schema.is_boolean()) {
    if (!schema.get<bool>()) ways.push_back(true);
    return ways;
  }
  if (!schema.is_object()) return invalid_data("a schema is an object, true or false", place(at));
  MALMOI_TRY(check_keywords(schema, place(at)));
  if (schema.contains("$ref") && !schema["$ref"].is_string()) return invalid_data("$ref is a string", place(at));
  for (const auto& item : schema.items())
    if (use_of(item.key()) != KeywordUse::kAnnotation) MALMOI_TRY(negate_keyword(item.key(), schema, ways, at));
  if (is_nullable(schema)) {  // null is allowed beside all that
    const Json others = saying("type", types_but({"null"}));
    for (Json& way : ways) way = saying("allOf", Json::array({std::move(way), others}));
  }
  for (const Json& way : ways) MALMOI_TRY(spend(way, at));
  return ways;
}

Status SchemaMerger::negate_keyword(const std::string& key, const Json& schema, std::vector<Json>& into,
                                    const std::string& at) {
  const Json& value = schema[key];
  const std::string here = at + "/" + key;
  for (const OtherEnd& end : kOtherEnds) {
    if (key != end.keyword) continue;
    if (end.step == 0) {
      if (!value.is_number()) return invalid_data("'" + key + "' is a number", place(here));
      into.push_back(of_type(end.type, end.other, value));
      return {};
    }
    const auto count = json_count(schema, key, INT32_MAX);
    if (!count) return invalid_data("'" + key + "' is a whole number from 0", place(here));
    if (*count + end.step >= 0) into.push_back(of_type(end.type, end.other, *count + end.step));
    return {};
  }
  if (key == "$ref" || key == "allOf") {
    const Json* target = nullptr;
    if (key == "$ref") {
      MALMOI_ASSIGN(target, resolve(value.get<std::string>(), at));
    }
    if (!target && !value.is_array()) return invalid_data("allOf is a list of schemas", place(here));
    const std::vector<Json> parts = target ? std::vector<Json>{*target} : value.get<std::vector<Json>>();
    for (const Json& part : parts) {
      MALMOI_ASSIGN(std::vector<Json> ways, negations(part, here));
      into.insert(into.end(), std::make_move_iterator(ways.begin()), std::make_move_iterator(ways.end()));
    }
    return {};
  }
  if (key == "anyOf" || key == "oneOf") return negate_choice(key, value, into, here);
  if (key == "if" || key == "then" || key == "else") return key == "if" ? negate_if(schema, into, at) : Status();
  if (key == "nullable") return value.is_boolean() ? Status() : invalid_data("nullable is true or false", place(here));
  if (key == "not") {
    into.push_back(value);
    return {};
  }
  if (key == "const") return negate_values(Json::array({value}), into, here);
  if (key == "enum") return negate_values(value, into, here);
  if (key == "type") {
    std::vector<std::string> types = types_of(schema);
    const bool integer = std::find(types.begin(), types.end(), "integer") != types.end();
    const bool number = std::find(types.begin(), types.end(), "number") != types.end();
    into.push_back(saying("type", types_but(types)));
    if (integer && !number) into.push_back(of_type_but("number", saying("type", "integer")));
    return {};
  }
  if (key == "pattern" && value.is_string()) {
    into.push_back(of_type_but("string", of_type("string", "pattern", value)));
    return {};
  }
  if (key == "multipleOf" && value.is_number()) {
    into.push_back(of_type_but("number", of_type("number", "multipleOf", value)));
    return {};
  }
  if (use_of(key) == KeywordUse::kArray) return negate_array(key, schema, into, at);
  if (use_of(key) == KeywordUse::kObject) return negate_object(key, schema, into, at);
  return cannot_be_opposed(key, place(here));
}

// No branch holds. Of `oneOf` two might: then they must not be able to.
Status SchemaMerger::negate_choice(const std::string& key, const Json& branches, std::vector<Json>& into,
                                   const std::string& at) {
  if (!branches.is_array() || branches.empty())
    return invalid_data(key + " is a list of one or more schemas", place(at));
  Json all = Json::array();
  for (size_t i = 0; i < branches.size(); ++i) {
    all.push_back(not_of(branches[i]));
    for (size_t j = 0; j < i && key == "oneOf"; ++j) {
      MALMOI_ASSIGN(const bool disjoint, are_disjoint(branches[j], branches[i], at));
      if (!disjoint) return cannot_be_opposed(key, place(at));
    }
  }
  into.push_back(saying("allOf", std::move(all)));
  return {};
}

Status SchemaMerger::negate_if(const Json& schema, std::vector<Json>& into, const std::string& at) {
  const Json& test = schema["if"];
  if (schema.contains("then")) into.push_back(saying("allOf", Json::array({test, not_of(schema["then"])})));
  if (!schema.contains("else")) return {};
  MALMOI_ASSIGN(std::vector<Json> ways, negations(test, at + "/if"));
  for (Json& way : ways) into.push_back(saying("allOf", Json::array({std::move(way), not_of(schema["else"])})));
  return {};
}

// What none of the values is, type by type: of numbers the ranges between them.
Status SchemaMerger::negate_values(const Json& values, std::vector<Json>& into, const std::string& at) {
  constexpr size_t kMostNumbers = 200;  // each makes a schema
  if (!values.is_array()) return invalid_data("enum is a list of values", place(at));
  Json strings = Json::array(), arrays = Json::array(), objects = Json::array(), booleans = Json::array();
  std::vector<Json> numbers;
  std::vector<std::string> listed;  // types
  for (const Json& value : values) {
    listed.push_back(value.is_number() ? "number" : value.type_name());
    if (value.is_number()) numbers.push_back(value);
    else if (value.is_string()) strings.push_back(value);
    else if (value.is_array()) arrays.push_back(value);
    else if (value.is_object()) objects.push_back(value);
    else if (value.is_boolean()) booleans.push_back(value);
  }
  if (Json others = types_but(listed); !others.empty()) into.push_back(saying("type", std::move(others)));
  if (!strings.empty()) into.push_back(of_type_but("string", saying("enum", std::move(strings))));
  if (!booleans.empty() && texts_of(booleans).size() == 1)
    into.push_back(saying("enum", Json::array({!booleans[0].get<bool>()})));
  if (arrays == Json::array({Json::array()})) into.push_back(of_type("array", "minItems", 1));
  else if (!arrays.empty()) into.push_back(of_type_but("array", saying("enum", std::move(arrays))));
  if (objects == Json::array({Json::object()})) into.push_back(of_type("object", "minProperties", 1));
  else if (!objects.empty()) into.push_back(of_type_but("object", saying("enum", std::move(objects))));
  if (numbers.size() > kMostNumbers)
    return unsupported("'not' of more than " + std::to_string(kMostNumbers) + " numbers", place(at),
                       "say which numbers may come");
  std::sort(numbers.begin(), numbers.end());
  for (size_t i = 0; i <= numbers.size() && !numbers.empty(); ++i) {
    Json range = saying("type", "number");
    if (i > 0) range["exclusiveMinimum"] = numbers[i - 1];
    if (i < numbers.size()) range["exclusiveMaximum"] = numbers[i];
    into.push_back(std::move(range));
  }
  return {};
}

Status SchemaMerger::negate_array(const std::string& key, const Json& schema, std::vector<Json>& into,
                                  const std::string& at) {
  const Json& value = schema[key];
  const std::string here = at + "/" + key;
  const bool is_tuple = schema.contains("prefixItems") || (schema.contains("items") && schema["items"].is_array());
  if (key == "prefixItems" || (key == "items" && value.is_array())) {
    if (!value.is_array()) return invalid_data("prefixItems is a list of schemas", place(here));
    if (schema.contains("additionalItems") || (key == "prefixItems" && schema.contains("items")))
      return cannot_be_opposed(key, place(here));
    Json before = Json::array();
    for (const Json& item : value) {
      before.push_back(not_of(item));
      Json way = of_type("array", "prefixItems", before);
      way["minItems"] = before.size();
      way["items"] = true;
      MALMOI_TRY(spend(way, here));  // each is longer than the one before
      into.push_back(std::move(way));
      before.back() = true;
    }
    return {};
  }
  if (key == "items" && !is_tuple) {
    if (!allows_all(value)) into.push_back(of_type("array", "contains", not_of(value)));
    return {};
  }
  if (key == "minContains" || key == "maxContains") return {};  // with `contains`
  if (key == "contains") {
    const int64_t min = json_count(schema, "minContains", INT32_MAX).value_or(1);
    const auto max = json_count(schema, "maxContains", INT32_MAX - 1);
    if ((schema.contains("minContains") && !json_count(schema, "minContains", INT32_MAX)) ||
        (schema.contains("maxContains") && !max))
      return invalid_data("minContains and maxContains are whole numbers from 0", place(at));
    if (min > 0) {
      Json way = of_type("array", "contains", value);
      way["minContains"] = 0;
      way["maxContains"] = min - 1;
      into.push_back(std::move(way));
    }
    if (!max) return {};
    Json way = of_type("array", "contains", value);
    way["minContains"] = *max + 1;
    into.push_back(std::move(way));
    return {};
  }
  const bool says_something = key != "uniqueItems" || value != Json(false);
  return says_something ? cannot_be_opposed(key, place(here)) : Status();
}

Status SchemaMerger::negate_object(const std::string& key, const Json& schema, std::vector<Json>& into,
                                   const std::string& at) {
  const Json& value = schema[key];
  const std::string here = place(at + "/" + key);
  if (key == "required") {
    if (!value.is_array()) return invalid_data("required is a list of names", here);
    for (const Json& name : value) {
      if (!name.is_string()) return invalid_data("required is a list of names", here);
      into.push_back(of_type("object", "properties", saying(name.get<std::string>(), false)));
    }
    return {};
  }
  if (key == "properties") {
    if (!value.is_object()) return invalid_data("properties is an object of schemas", here);
    for (const auto& [name, property] : value.items()) {
      if (allows_all(property)) continue;
      Json way = of_type("object", "properties", saying(name, not_of(property)));
      way["required"] = Json::array({name});
      into.push_back(std::move(way));
    }
    return {};
  }
  if (key == "additionalProperties" && allows_all(value)) return {};
  const bool lists = key != "dependentSchemas", schemas = key != "dependentRequired";
  if (!key.starts_with("depend")) return cannot_be_opposed(key, here);
  if (!value.is_object()) return invalid_data(key + " is an object", here);
  for (const auto& [name, dependent] : value.items()) {
    const Json there = of_type("object", "required", Json::array({name}));
    const bool is_list = lists && dependent.is_array();
    if (!is_list && !schemas) return invalid_data(key + " has a list of names for each property", here);
    const Json absent = not_of(is_list ? saying("required", dependent) : dependent);
    into.push_back(saying("allOf", Json::array({there, absent})));
  }
  return {};
}

}  // namespace malmoi::grammar
