#include "chat/jinja/print.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/utf8.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

constexpr int kMaxPrintDepth = 450;  // above Limits::depth: only namespaces that hold themselves come here
constexpr size_t kMaxPrinted = size_t{64} << 20;

Status print_items(std::string& out, const Values& items, int depth) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    MALMOI_TRY(print_repr(out, items[i], depth + 1));
  }
  return {};
}

Status print_list(std::string& out, const List& list, int depth) {
  if (list.is_view()) (out += type_name(list.kind)) += '(';
  out += list.is_tuple() ? '(' : '[';
  MALMOI_TRY(print_items(out, list.items, depth));
  if (list.is_tuple() && list.items.size() == 1) out += ',';
  out += list.is_tuple() ? ')' : ']';
  if (list.is_view()) out += ')';
  return {};
}

Status print_dict(std::string& out, const Dict& dict, int depth) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : dict.entries) {
    if (!std::exchange(first, false)) out += ", ";
    MALMOI_TRY(print_repr(out, key, depth + 1));
    out += ": ";
    MALMOI_TRY(print_repr(out, value, depth + 1));
  }
  out += '}';
  return {};
}

}  // namespace

void print_escape(std::string& out, char32_t c) {
  char buffer[16];
  const char* form = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
  std::snprintf(buffer, sizeof buffer, form, static_cast<unsigned>(c));
  out += buffer;
}

std::string ascii_escaped(std::string_view text) {
  std::string out;
  for (char32_t c : code_points(text)) {
    if (c < 0x80) out += static_cast<char>(c);
    else print_escape(out, c);
  }
  return out;
}

void print_quoted(std::string& out, std::string_view text) {
  char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  out += quote;
  for (size_t at = 0; at < text.size();) {
    Utf8Char c = decode_utf8(text, at);
    std::string_view bytes = text.substr(at, c.length);
    at += c.length;
    if (c.code_point == '\n') out += "\\n";
    else if (c.code_point == '\r') out += "\\r";
    else if (c.code_point == '\t') out += "\\t";
    else if (c.code_point == '\\' || c.code_point == static_cast<char32_t>(quote)) (out += '\\') += bytes;
    else if (is_printable(c.code_point)) out += bytes;
    else print_escape(out, c.code_point);
  }
  out += quote;
}

std::string digits_of(Int value, int base) {
  auto rest = value < 0 ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string digits;
  do {
    digits += "0123456789abcdef"[static_cast<int>(rest % static_cast<unsigned>(base))];
    rest /= static_cast<unsigned>(base);
  } while (rest != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string print_int(Int value) { return (value < 0 ? "-" : "") + digits_of(value, 10); }

std::string print_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific);
  std::string_view printed(buffer, static_cast<size_t>(end.ptr - buffer));
  size_t mark = printed.find('e');
  int exponent = 0;
  const char* from = printed.data() + mark + (printed[mark + 1] == '+' ? 2 : 1);
  std::from_chars(from, end.ptr, exponent);
  std::string digits;
  for (char c : printed.substr(0, mark)) {
    if (c != '.') digits += c;
  }
  std::string out = std::signbit(value) ? "-" : "";
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    char tail[16];
    std::snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
    return out + tail;
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1) return out + digits + std::string(static_cast<size_t>(exponent + 1 - count), '0') + ".0";
  return out + digits.substr(0, static_cast<size_t>(exponent + 1)) + "." +
         digits.substr(static_cast<size_t>(exponent + 1));
}

Status print_repr(std::string& out, const Value& value, int depth) {
  if (depth > kMaxPrintDepth) return unsupported("values stand in each other without end", "", "print a part of them");
  if (out.size() > kMaxPrinted) return unsupported("a value is too large to be printed", "", "print a part of it");
  switch (value.kind()) {
    case Value::Kind::kUndefined: out += "Undefined"; break;
    case Value::Kind::kNone: out += "None"; break;
    case Value::Kind::kBool: out += value.as_bool() ? "True" : "False"; break;
    case Value::Kind::kInt: out += print_int(value.as_int()); break;
    case Value::Kind::kFloat: out += print_float(value.as_float()); break;
    case Value::Kind::kText:
      if (value.text()->markup) out += "Markup(";
      print_quoted(out, value.text()->bytes);
      if (value.text()->markup) out += ")";
      break;
    case Value::Kind::kList: return print_list(out, *value.list(), depth);
    case Value::Kind::kDict: return print_dict(out, *value.dict(), depth);
    case Value::Kind::kObject: return value.object()->print(out, depth);
  }
  return {};
}

}  // namespace malmoi::chat::jinja
