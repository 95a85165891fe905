// The fields of a component of tokenizer.json, each named once: one function lists them, by which they are read and written.
//
//   static void fields(auto& self, auto& in) {
//     in.field("strip_left", self.left_);
//     in.field("strip_right", self.right_);
//   }
//
// With a FieldReader, `self` is filled from a file, and what is absent stays as it was made; with a FieldWriter, `self` is
// written. A test reads, changes and writes every field of every type.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/json/json_read.h"
#include "tokenizer/json/json_text.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {

/// How a value stands in JSON: `read` fills it or says why not, `write` appends it. One specialisation a type.
template <typename Value>
struct JsonValue;

template <>
struct JsonValue<bool> {
  static Status read(const JsonNode& node, bool& value);
  static void write(std::string& out, bool value) { out += value ? "true" : "false"; }
};
template <>
struct JsonValue<std::string> {
  static Status read(const JsonNode& node, std::string& value);
  static void write(std::string& out, const std::string& value) { append_json_string(out, value); }
};
/// An id of a vocabulary.
template <>
struct JsonValue<int32_t> {
  static Status read(const JsonNode& node, int32_t& value);
  static void write(std::string& out, int32_t value) { out += std::to_string(value); }
};
/// A length or a count, at most kMostCount.
inline constexpr int64_t kMostCount = int64_t{1} << 31;
template <>
struct JsonValue<size_t> {
  static Status read(const JsonNode& node, size_t& value);
  static void write(std::string& out, size_t value) { out += std::to_string(value); }
};
template <>
struct JsonValue<double> {
  static Status read(const JsonNode& node, double& value);
  static void write(std::string& out, double value) { out += json_number(value); }
};
/// Null where there is none.
template <typename Value>
struct JsonValue<std::optional<Value>> {
  static Status read(const JsonNode& node, std::optional<Value>& value) {
    return JsonValue<Value>::read(node, value.emplace());
  }
  static void write(std::string& out, const std::optional<Value>& value) {
    if (value) JsonValue<Value>::write(out, *value);
    else out += "null";
  }
};
template <typename Value>
struct JsonValue<std::vector<Value>> {
  static Status read(const JsonNode& node, std::vector<Value>& values) {
    MALMOI_ASSIGN(auto items, node.array());
    values.clear();
    for (auto item : items) MALMOI_TRY(JsonValue<Value>::read(node.item(item, values.size()), values.emplace_back()));
    return {};
  }
  static void write(std::string& out, const std::vector<Value>& values) {
    out += '[';
    for (size_t i = 0; i < values.size(); ++i) {
      if (i) out += ',';
      JsonValue<Value>::write(out, values[i]);
    }
    out += ']';
  }
};

/// Sequences deeper in one another than this are refused.
inline constexpr int kDeepestSequence = 32;

template <typename Base>
Result<std::unique_ptr<Base>> read_component(const JsonNode& node, int depth);

/// Fills a component from its JSON. The first error is kept and told by `finish`; what comes after it is skipped.
class FieldReader {
 public:
  explicit FieldReader(const JsonNode& node, int depth = 0) : node_(node), depth_(depth) {}

  /// A field that may be absent or null.
  template <typename Value>
  void field(std::string_view key, Value& value) {
    if (!status_.ok()) return;
    if (auto found = node_.find(key)) status_ = JsonValue<Value>::read(*found, value);
  }
  /// One that must be there.
  template <typename Value>
  void required(std::string_view key, Value& value) {
    custom(key, value, JsonValue<Value>::read, nullptr);
  }
  /// A required field of which only its component knows the form: `read(node, value)` returns a Status, `write(out, value)`
  /// appends.
  template <typename Value, typename Read, typename Write>
  void custom(std::string_view key, Value& value, Read&& read, Write&&) {
    if (!status_.ok()) return;
    Result<JsonNode> found = node_.at(key);
    status_ = found.ok() ? read(*found, value) : Status(std::move(found).error());
  }
  /// A string of one character.
  void character(std::string_view key, std::string& value);
  /// A string that is written as null where it is empty.
  void text_or_null(std::string_view key, std::string& value) { field(key, value); }
  /// A number that is written as null where it is 0.
  void number_or_null(std::string_view key, double& value) { field(key, value); }
  /// A value of an enumeration by its name.
  template <typename Enum>
  void named(std::string_view key, Enum& value, std::span<const std::string_view> names) {
    value = static_cast<Enum>(name_index(key, static_cast<size_t>(value), names));
  }
  /// A member that is read alone, for what it says of others: apply(target, its value or the fallback).
  template <typename Value, typename Target, typename Apply>
  void read_alone(std::string_view key, Value fallback, Target& target, Apply&& apply) {
    field(key, fallback);
    apply(target, fallback);
  }
  template <typename Base>
  void steps(std::string_view key, std::vector<std::unique_ptr<Base>>& steps) {
    using Steps = std::vector<std::unique_ptr<Base>>;
    auto read_each = [this](const JsonNode& list, Steps& into) -> Status {
      if (depth_ >= kDeepestSequence) return list.error("sequences nested too deeply");
      MALMOI_ASSIGN(auto items, list.array());
      for (auto item : items) {
        MALMOI_ASSIGN(auto step, read_component<Base>(list.item(item, into.size()), depth_ + 1));
        into.push_back(std::move(step));
      }
      return {};
    };
    custom(key, steps, read_each, nullptr);
  }
  /// Refuses what was read unless `holds`.
  void check(bool holds, std::string_view what, std::string_view remedy = {});
  Status finish() { return std::move(status_); }

 private:
  size_t name_index(std::string_view key, size_t fallback, std::span<const std::string_view> names);

  const JsonNode& node_;
  int depth_;
  Status status_;
};

/// Writes a component as JSON, in the order in which its fields are named.
class FieldWriter {
 public:
  /// `type`: the member "type", which comes first; none where it is empty.
  explicit FieldWriter(std::string& out, std::string_view type = {});

  template <typename Value>
  void field(std::string_view key, const Value& value) {
    append_key(key);
    JsonValue<Value>::write(out_, value);
  }
  template <typename Value>
  void required(std::string_view key, const Value& value) {
    field(key, value);
  }
  template <typename Value, typename Read, typename Write>
  void custom(std::string_view key, const Value& value, Read&&, Write&& write) {
    append_key(key);
    write(out_, value);
  }
  void character(std::string_view key, const std::string& value) { field(key, value); }
  void text_or_null(std::string_view key, const std::string& value) {
    append_key(key);
    if (value.empty()) out_ += "null";
    else append_json_string(out_, value);
  }
  void number_or_null(std::string_view key, double value) {
    append_key(key);
    out_ += value > 0 ? json_number(value) : "null";
  }
  template <typename Enum>
  void named(std::string_view key, Enum value, std::span<const std::string_view> names) {
    append_key(key);
    append_json_string(out_, names[static_cast<size_t>(value)]);
  }
  template <typename Value, typename Target, typename Apply>
  void read_alone(std::string_view, const Value&, const Target&, Apply&&) {}
  template <typename Base>
  void steps(std::string_view key, const std::vector<std::unique_ptr<Base>>& steps) {
    append_key(key);
    out_ += '[';
    for (size_t i = 0; i < steps.size() && status_.ok(); ++i) {
      if (i) out_ += ',';
      status_ = steps[i]->write_json(out_);
    }
    out_ += ']';
  }
  void check(bool, std::string_view, std::string_view = {}) {}
  Status finish();

 private:
  void append_key(std::string_view key);

  std::string& out_;
  bool first_ = true;
  Status status_;
};

/// Of a value that lists its fields as a component does.
template <typename Value>
Status read_fields(const JsonNode& node, Value& value, int depth = 0) {
  FieldReader reader(node, depth);
  Value::fields(value, reader);
  return reader.finish();
}
template <typename Value>
Status write_fields(std::string& out, const Value& value, std::string_view type = {}) {
  FieldWriter writer(out, type);
  Value::fields(value, writer);
  return writer.finish();
}

}  // namespace malmoi::tokenizer
