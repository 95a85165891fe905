// Reading the JSON of a component with simdjson: typed members, and errors that name the place.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::tokenizer {

/// One JSON value and its place in the file ("tokenizer.json, decoder.decoders[1]").
struct JsonNode {
  simdjson::dom::element element;
  std::string where;

  bool is_null() const { return element.is_null(); }
  bool is_object() const { return element.is_object(); }
  bool is_array() const { return element.is_array(); }
  /// The member, or nothing where it is absent or null.
  std::optional<JsonNode> find(std::string_view key) const;
  Result<JsonNode> at(std::string_view key) const;

  Result<std::string_view> string() const;
  Result<bool> boolean() const;
  Result<int64_t> integer() const;
  Result<double> number() const;
  Result<simdjson::dom::array> array() const;
  Result<simdjson::dom::object> object() const;
  Error error(std::string what, std::string remedy = {}) const {
    return invalid_data(std::move(what), where, std::move(remedy));
  }
  JsonNode child(simdjson::dom::element value, std::string_view name) const {
    return {value, where + "." + std::string(name)};
  }
  JsonNode item(simdjson::dom::element value, size_t index) const {
    return {value, where + "[" + std::to_string(index) + "]"};
  }

  Result<std::string> string_at(std::string_view key) const;
  Result<std::string> string_or(std::string_view key, std::string fallback) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;
  Result<int64_t> integer_or(std::string_view key, int64_t fallback) const;
};

/// Holds the parsed text. Errors name the byte offset where known.
class JsonText {
 public:
  static Result<JsonText> parse(std::string_view text, std::string where);
  JsonNode root() const { return {root_, where_}; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element root_;
  std::string where_;
};

}  // namespace malmoi::tokenizer
