#include "tokenizer/json/json_read.h"

#include <new>

#include "base/json.h"

namespace malmoi::tokenizer {

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  simdjson::dom::object object;
  if (element.get(object)) return std::nullopt;
  simdjson::dom::element value;
  if (object.at_key(key).get(value) || value.is_null()) return std::nullopt;
  return child(value, key);
}

Result<JsonNode> JsonNode::at(std::string_view key) const {
  if (auto found = find(key)) return *found;
  return error("\"" + std::string(key) + "\" is missing");
}

Result<std::string_view> JsonNode::string() const {
  std::string_view out;
  if (element.get(out)) return error("should be a string");
  return out;
}

Result<bool> JsonNode::boolean() const {
  bool out;
  if (element.get(out)) return error("should be true or false");
  return out;
}

Result<int64_t> JsonNode::integer() const {
  int64_t out;
  if (element.get(out)) return error("should be an integer");
  return out;
}

Result<double> JsonNode::number() const {
  double out;
  if (!element.get(out)) return out;
  int64_t whole;
  if (!element.get(whole)) return static_cast<double>(whole);
  return error("should be a number");
}

Result<simdjson::dom::array> JsonNode::array() const {
  simdjson::dom::array out;
  if (element.get(out)) return error("should be an array");
  return out;
}

Result<simdjson::dom::object> JsonNode::object() const {
  simdjson::dom::object out;
  if (element.get(out)) return error("should be an object");
  return out;
}

Result<std::string> JsonNode::string_at(std::string_view key) const {
  MALMOI_ASSIGN(JsonNode node, at(key));
  MALMOI_ASSIGN(std::string_view text, node.string());
  return std::string(text);
}

Result<std::string> JsonNode::string_or(std::string_view key, std::string fallback) const {
  if (!find(key)) return fallback;
  return string_at(key);
}

Result<bool> JsonNode::boolean_or(std::string_view key, bool fallback) const {
  auto node = find(key);
  return node ? node->boolean() : Result<bool>(fallback);
}

Result<int64_t> JsonNode::integer_or(std::string_view key, int64_t fallback) const {
  auto node = find(key);
  return node ? node->integer() : Result<int64_t>(fallback);
}

Result<JsonText> JsonText::parse(std::string_view text, std::string where) {
  JsonText out;
  out.parser_ = std::make_unique<simdjson::dom::parser>();
  out.where_ = where;
  auto error = out.parser_->parse(text.data(), text.size()).get(out.root_);
  if (!error) return out;
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  // The slower parser knows the place.
  Result<Json> again = parse_json(text, where);
  if (!again.ok()) return std::move(again).error();
  return invalid_data(std::string("malformed JSON: ") + simdjson::error_message(error), std::move(where),
                      "check the file");
}

}  // namespace malmoi::tokenizer
