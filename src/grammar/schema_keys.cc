// The names of members: those that a schema names, and what it says of others.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/json_read.h"
#include "base/shown.h"
#include "grammar/schema_builder.h"

namespace malmoi::grammar {

// A long key is cut, for every place below it is spelled with it.
std::string SchemaBuilder::pointer_step(const std::string& key) {
  constexpr size_t kLongest = 60;
  std::string out = "/";
  for (char c : key.substr(0, kLongest)) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return show_controls(out);
}

Json SchemaBuilder::Keys::schemas_of(uint32_t set) const {
  Json out = Json::array();
  for (size_t i = 0; i < patterns.size(); ++i)
    if (set >> i & 1) out.push_back(*patterns[i].schema);
  return out;
}

Result<SchemaBuilder::Keys> SchemaBuilder::keys_of(const Json& schema, const std::string& at) {
  Keys keys;
  const Json none_named = Json::object(), none_required = Json::array();
  auto found = schema.find("properties"), list = schema.find("required");
  const Json& properties = found == schema.end() ? none_named : *found;
  const Json& required = list == schema.end() ? none_required : *list;
  if (!properties.is_object()) return invalid_data("properties is an object of schemas", place(at + "/properties"));
  const bool names_only = required.is_array() && std::all_of(required.begin(), required.end(),
                                                             [](const Json& name) { return name.is_string(); });
  if (!names_only) return invalid_data("required is a list of names", place(at + "/required"));
  for (const auto& property : properties.items()) keys.named.push_back({property.key(), 0});
  for (const Json& name : required) {
    const auto text = name.get<std::string>();
    if (keys.required.insert(text).second && !properties.contains(text)) keys.named.push_back({text, 0});
  }
  if (schema.contains("patternProperties")) MALMOI_TRY(add_patterns(keys, schema["patternProperties"], at));
  for (Keys::Name& name : keys.named)
    for (size_t i = 0; i < keys.patterns.size(); ++i) {
      MALMOI_ASSIGN(const bool is_of_it, is_read(keys.patterns[i].automaton, name.text, at + "/patternProperties"));
      if (is_of_it) name.patterns |= uint32_t{1} << i;
    }
  auto names = schema.find("propertyNames");
  if (names == schema.end() || keys.named.empty()) return keys;
  const std::string here = at + "/propertyNames";
  MALMOI_ASSIGN(const Json rest, merger_.merge(*names, saying("type", "string"), "#" + here));
  Json all = Json::array();
  for (const Keys::Name& name : keys.named) {
    all.push_back(name.text);
    keys.forbidden.insert(name.text);
  }
  MALMOI_ASSIGN(const Json kept, values_of(all, rest, here));
  for (const Json& name : kept) keys.forbidden.erase(name.get<std::string>());
  return keys;
}

Status SchemaBuilder::add_patterns(Keys& keys, const Json& patterns, const std::string& at) const {
  constexpr size_t kMostPatterns = 6;  // each set of them that a name may be of has a rule
  const std::string here = at + "/patternProperties";
  if (!patterns.is_object()) return invalid_data("patternProperties is an object of schemas", place(here));
  if (patterns.size() > kMostPatterns)
    return unsupported(
        "more than " + std::to_string(kMostPatterns) + " patterns under 'patternProperties' cannot be kept to",
        place(here), "join those of one schema by |");
  for (const auto& item : patterns.items()) {
    MALMOI_ASSIGN(const Regex regex, expression(item.key(), here));
    MALMOI_ASSIGN(Automaton automaton, Automaton::compile(regex.within_grammar(place(here))));
    keys.patterns.push_back({item.key(), &item.value(), std::move(automaton)});
  }
  return {};
}

// Any other name that is of these patterns, and of no others.
Result<ExprId> SchemaBuilder::other_key(const Json& schema, const Keys& keys, uint32_t set, const std::string& at) {
  std::vector<std::string> taken;
  for (const Keys::Name& name : keys.named)
    if (name.patterns == set) taken.push_back(name.text);
  auto names = schema.find("propertyNames");
  if (keys.patterns.empty() && names == schema.end()) {
    if (taken.empty()) return json_.string();
    size_t bytes = 0;
    for (const std::string& name : taken) bytes += name.size();
    if (bytes <= JsonRules::kMaxOtherNames) return json_.string_other_than(std::move(taken));
    return unsupported(
        "'additionalProperties' beside names of more than " + std::to_string(JsonRules::kMaxOtherNames) + " bytes",
        place(at + "/additionalProperties"), "set it to false");
  }
  const std::string here = at + (names == schema.end() ? "/patternProperties" : "/propertyNames");
  Json all = Json::array({saying("type", "string")});
  for (size_t i = 0; i < keys.patterns.size(); ++i) {
    Json pattern = saying("pattern", keys.patterns[i].text);
    all.push_back(set >> i & 1 ? std::move(pattern) : saying("not", std::move(pattern)));
  }
  if (!taken.empty()) all.push_back(saying("not", saying("enum", Json(taken))));
  if (names != schema.end()) all.push_back(*names);
  MALMOI_ASSIGN(const Json made, merger_.expand(saying("allOf", std::move(all)), "#" + here));
  MALMOI_ASSIGN(const ExprId key, this->schema(made, here));
  return as_rule("key", here, key);
}

}  // namespace malmoi::grammar
