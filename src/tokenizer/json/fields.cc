#include "tokenizer/json/fields.h"

#include "base/utf8.h"

namespace malmoi::tokenizer {

Status JsonValue<bool>::read(const JsonNode& node, bool& value) {
  MALMOI_ASSIGN(value, node.boolean());
  return {};
}

Status JsonValue<std::string>::read(const JsonNode& node, std::string& value) {
  MALMOI_ASSIGN(std::string_view text, node.string());
  value = text;
  return {};
}

Status JsonValue<int32_t>::read(const JsonNode& node, int32_t& value) {
  MALMOI_ASSIGN(int64_t id, node.integer());
  if (id < 0 || id > Vocabulary::kMaxId)
    return node.error("no such id: " + std::to_string(id), "ids are from 0 to " + std::to_string(Vocabulary::kMaxId));
  value = static_cast<int32_t>(id);
  return {};
}

Status JsonValue<size_t>::read(const JsonNode& node, size_t& value) {
  MALMOI_ASSIGN(int64_t count, node.integer());
  if (count < 0 || count > kMostCount)
    return node.error("is out of range: " + std::to_string(count), "give 0 to " + std::to_string(kMostCount));
  value = static_cast<size_t>(count);
  return {};
}

Status JsonValue<double>::read(const JsonNode& node, double& value) {
  MALMOI_ASSIGN(value, node.number());
  return {};
}

void FieldReader::character(std::string_view key, std::string& value) {
  required(key, value);
  check(count_code_points(value) == 1, "\"" + std::string(key) + "\" should be one character");
}

void FieldReader::check(bool holds, std::string_view what, std::string_view remedy) {
  if (status_.ok() && !holds) status_ = node_.error(std::string(what), std::string(remedy));
}

size_t FieldReader::name_index(std::string_view key, size_t fallback, std::span<const std::string_view> names) {
  std::string name(names[fallback]);
  field(key, name);
  std::string known;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
    known += (i == 0 ? "use " : i + 1 < names.size() ? ", " : " or ") + std::string(names[i]);
  }
  check(false, "unknown " + std::string(key) + " " + name, known);
  return fallback;
}

FieldWriter::FieldWriter(std::string& out, std::string_view type) : out_(out) {
  out_ += '{';
  if (!type.empty()) field("type", std::string(type));
}

void FieldWriter::append_key(std::string_view key) {
  if (!first_) out_ += ',';
  first_ = false;
  append_json_string(out_, key);
  out_ += ':';
}

Status FieldWriter::finish() {
  out_ += '}';
  return std::move(status_);
}

}  // namespace malmoi::tokenizer
