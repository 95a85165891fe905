// What the components of a tokenizer.json share in being read and written: a table of types, sequences of steps, members.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tokenizer/json/json_read.h"
#include "tokenizer/json/json_text.h"
#include "tokenizer/json/pattern_json.h"

namespace malmoi::tokenizer {

/// A line of a table: the "type" of a component, and what reads it. `depth`: how deep in sequences it stands.
template <typename Component>
struct ComponentReader {
  std::string_view type;
  Result<std::unique_ptr<Component>> (*read)(const JsonNode& node, int depth);
};

/// Reads a component by its "type". `kind` names the table in errors.
template <typename Component, size_t n>
Result<std::unique_ptr<Component>> read_component(const ComponentReader<Component> (&readers)[n], std::string_view kind,
                                                  const JsonNode& node, int depth) {
  constexpr int kDeepest = 32;
  if (depth > kDeepest) return node.error("sequences nested too deeply");
  MALMOI_ASSIGN(std::string type, node.string_at("type"));
  for (const ComponentReader<Component>& reader : readers)
    if (reader.type == type) return reader.read(node, depth);
  return unsupported("unknown " + std::string(kind) + " " + type, node.where);
}

/// A component without members.
template <typename Component, typename T>
Result<std::unique_ptr<Component>> read_plain(const JsonNode&, int) {
  return std::unique_ptr<Component>(std::make_unique<T>());
}

/// The steps of a sequence, each by read(node, depth).
template <typename Component, typename Read>
Result<std::vector<std::unique_ptr<Component>>> read_steps(const JsonNode& node, std::string_view key, int depth,
                                                           Read&& read) {
  MALMOI_ASSIGN(JsonNode list, node.at(key));
  MALMOI_ASSIGN(auto items, list.array());
  std::vector<std::unique_ptr<Component>> steps;
  for (auto item : items) {
    MALMOI_ASSIGN(auto step, read(list.item(item, steps.size()), depth + 1));
    steps.push_back(std::move(step));
  }
  return steps;
}

inline void write_members(std::string&) {}
template <typename Value, typename... Rest>
void write_members(std::string& out, std::string_view key, const Value& value, const Rest&... rest) {
  if constexpr (std::is_base_of_v<Pattern, Value>) append_pattern_json(out, value);
  else if constexpr (std::is_same_v<Value, std::string>) append_json_member(out, key, std::string_view(value));
  else if constexpr (std::is_same_v<Value, size_t>) append_json_member(out, key, static_cast<int64_t>(value));
  else append_json_member(out, key, value);
  write_members(out, rest...);
}

/// {"type": type, key: value ...}: strings, truth values, numbers, and under "pattern" a Pattern.
template <typename... Members>
Status write_component(std::string& out, std::string_view type, const Members&... members) {
  out += R"({"type":")";
  out += type;
  out += '"';
  write_members(out, members...);
  out += '}';
  return {};
}

/// {"type": "Sequence", key: [steps]}
template <typename Component>
Status write_steps(std::string& out, std::string_view key, const std::vector<std::unique_ptr<Component>>& steps) {
  out += R"({"type":"Sequence",")";
  out += key;
  out += R"(":[)";
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i) out += ',';
    MALMOI_TRY(steps[i]->write_json(out));
  }
  out += "]}";
  return {};
}

}  // namespace malmoi::tokenizer
