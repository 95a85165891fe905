#include "tokenizer/json/json_text.h"

#include <charconv>
#include <cmath>

namespace malmoi::tokenizer {

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[c >> 4];
          out += kHex[c & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  char buffer[32];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

namespace {

void append_key(std::string& out, std::string_view key) {
  out += ',';
  append_json_string(out, key);
  out += ':';
}

}  // namespace

void append_json_member(std::string& out, std::string_view key, std::string_view value, bool null_if_empty) {
  append_key(out, key);
  if (null_if_empty && value.empty()) out += "null";
  else append_json_string(out, value);
}

void append_json_member(std::string& out, std::string_view key, const char* value) {
  append_json_member(out, key, std::string_view(value));
}

void append_json_member(std::string& out, std::string_view key, bool value) {
  append_key(out, key);
  out += value ? "true" : "false";
}

void append_json_member(std::string& out, std::string_view key, int64_t value) {
  append_key(out, key);
  out += std::to_string(value);
}

}  // namespace malmoi::tokenizer
