#include "chat/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/utf8.h"
#include "chat/jinja/literals.h"
#include "chat/jinja/text_methods.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

constexpr std::array<std::string_view, 26> kOperators = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                         "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                         ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (at_ < source_.size()) {
      size_t tag = next_tag();
      if (tag == source_.npos) {
        add(TokenKind::kData, at_, std::string(source_.substr(at_)));
        break;
      }
      MALMOI_TRY(take_tag(tag));
    }
    tokens_.push_back({.kind = TokenKind::kEnd, .offset = static_cast<uint32_t>(source_.size())});
    return std::move(tokens_);
  }

 private:
  Error error(std::string what, size_t offset, std::string remedy) const {
    return error_at(source_, offset, std::move(what), std::move(remedy));
  }
  bool stands(std::string_view word, size_t at) const { return source_.substr(at, word.size()) == word; }
  void add(TokenKind kind, size_t offset, std::string text) {
    tokens_.push_back({.kind = kind, .offset = static_cast<uint32_t>(offset), .text = std::move(text)});
  }
  size_t next_tag() const {
    for (size_t at = source_.find('{', at_); at != source_.npos; at = source_.find('{', at + 1)) {
      if (stands("{%", at) || stands("{{", at) || stands("{#", at)) return at;
    }
    return source_.npos;
  }
  size_t after_space(size_t at) const {
    if (at >= source_.size()) return at;
    return source_.size() - stripped(source_.substr(at), nullptr, true, false).size();
  }
  // Ends a tag or section at `at`: white space or one newline goes with it.
  void leave(size_t at, bool dash, bool plus, bool trims) {
    if (dash) at = after_space(at);
    else if (trims && !plus && at < source_.size() && source_[at] == '\n') ++at;
    at_ = at;
    line_begins_ = at > 0 && source_[at - 1] == '\n';
  }

  // The text before a tag, cut by the sign that follows the tag's beginning.
  std::string text_before(size_t tag, char sign, bool lstrips) const {
    std::string_view text = source_.substr(at_, tag - at_);
    if (sign == '-') return std::string(right_stripped(text));
    if (sign == '+' || !lstrips) return std::string(text);
    size_t line = text.rfind('\n');
    line = line == text.npos ? 0 : line + 1;
    if ((line > 0 || line_begins_) && right_stripped(text.substr(line)).empty()) text = text.substr(0, line);
    return std::string(text);
  }
  static std::string_view right_stripped(std::string_view text) { return stripped(text, nullptr, false, true); }
  char sign_at(size_t at) const {
    char c = at < source_.size() ? source_[at] : '\0';
    return c == '-' || c == '+' ? c : '\0';
  }

  Status take_tag(size_t tag) {
    const char sign = sign_at(tag + 2);
    std::string before = text_before(tag, sign, source_[tag + 1] != '{');
    if (!before.empty()) add(TokenKind::kData, at_, std::move(before));
    const size_t inside = tag + 2 + (sign ? 1 : 0);
    if (source_[tag + 1] == '#') return take_comment(tag, inside);
    if (source_[tag + 1] == '{') return take_inside(tag, inside, true);
    if (std::optional<size_t> raw = raw_begin(inside)) return take_raw(tag, *raw);
    return take_inside(tag, inside, false);
  }

  Status take_comment(size_t tag, size_t inside) {
    size_t end = source_.find("#}", inside);
    if (end == source_.npos) return error("a comment has no end", tag, "close it with #}");
    char sign = end > inside ? sign_at(end - 1) : '\0';
    leave(end + 2, sign == '-', sign == '+', true);
    return {};
  }

  // Where the content of a raw section begins, if this block opens one.
  std::optional<size_t> raw_begin(size_t inside) const {
    size_t at = after_space(inside);
    if (!stands("raw", at)) return {};
    at = after_space(at + 3);
    if (stands("-%}", at)) return after_space(at + 3);
    if (stands("%}", at)) return at + 2;
    return {};
  }

  Status take_raw(size_t tag, size_t content) {
    at_ = content;
    line_begins_ = content > 0 && source_[content - 1] == '\n';
    for (size_t end = source_.find("{%", content); end != source_.npos; end = source_.find("{%", end + 1)) {
      const char sign = sign_at(end + 2);
      size_t at = after_space(end + 2 + (sign ? 1 : 0));
      if (!stands("endraw", at)) continue;
      at = after_space(at + 6);
      const char closing = sign_at(at);
      if (closing) ++at;
      if (!stands("%}", at)) continue;
      std::string text = text_before(end, sign, true);
      if (!text.empty()) add(TokenKind::kData, content, std::move(text));
      leave(at + 2, closing == '-', closing == '+', true);
      return {};
    }
    return error("a raw section has no end", tag, "close it with {% endraw %}");
  }

  Status take_inside(size_t tag, size_t inside, bool variable) {
    add(variable ? TokenKind::kVariableBegin : TokenKind::kBlockBegin, tag, "");
    const std::string_view end = variable ? "}}" : "%}";
    std::string open;  // brackets that wait for their ends
    size_t at = after_space(inside);
    while (true) {
      if (at >= source_.size())
        return error("the template ends within a tag", tag, std::string("close it with ") + std::string(end));
      const char sign = sign_at(at);
      const bool signed_end = (sign == '-' || (sign == '+' && !variable)) && stands(end, at + 1);
      if (open.empty() && (signed_end || stands(end, at))) {
        add(variable ? TokenKind::kVariableEnd : TokenKind::kBlockEnd, at, std::string(end));
        leave(at + (signed_end ? 3 : 2), signed_end && sign == '-', signed_end && sign == '+', !variable);
        return {};
      }
      MALMOI_ASSIGN(at, take_token(at, open));
      at = after_space(at);
    }
  }

  // One token of an expression; where the next may begin.
  Result<size_t> take_token(size_t at, std::string& open) {
    const char c = source_[at];
    if (c == '\'' || c == '"') {
      size_t end = at + 1;
      while (end < source_.size() && source_[end] != c) end += source_[end] == '\\' ? 2 : 1;
      if (end >= source_.size()) return error("a text has no end", at, std::string("close it with ") + c);
      auto text = unescape(source_.substr(at + 1, end - at - 1));
      if (!text.ok()) return error(text.error().what, at, text.error().remedy);
      add(TokenKind::kText, at, *std::move(text));
      return end + 1;
    }
    if (c >= '0' && c <= '9') {
      const bool after_dot = at > 0 && source_[at - 1] == '.';
      auto number = read_number(source_.substr(at), after_dot);
      if (!number.ok()) return error(number.error().what, at, number.error().remedy);
      add(TokenKind::kNumber, at, std::string(source_.substr(at, number->length)));
      tokens_.back().number = number->value;
      return at + number->length;
    }
    size_t end = at;
    while (end < source_.size()) {
      Utf8Char character = decode_utf8(source_, end);
      if (!is_identifier_part(character.code_point)) break;
      end += character.length;
    }
    if (end > at) {
      if (!is_identifier_start(decode_utf8(source_, at).code_point))
        return error("a name begins with a character that none may begin with", at, "rename it");
      add(TokenKind::kName, at, std::string(source_.substr(at, end - at)));
      return end;
    }
    for (std::string_view op : kOperators) {
      if (!stands(op, at)) continue;
      MALMOI_TRY(balance(op, at, open));
      add(TokenKind::kOperator, at, std::string(op));
      return at + op.size();
    }
    std::string shown(source_.substr(at, decode_utf8(source_, at).length));
    return error("'" + shown + "' has no meaning in a tag", at, "remove it, or quote it as a text");
  }

  Status balance(std::string_view op, size_t at, std::string& open) const {
    if (op == "(") open += ')';
    else if (op == "[") open += ']';
    else if (op == "{") open += '}';
    else if (op == ")" || op == "]" || op == "}") {
      if (open.empty() || open.back() != op[0])
        return error("'" + std::string(op) + "' closes nothing", at,
                     open.empty() ? "remove it" : std::string("close with '") + open.back() + "' first");
      open.pop_back();
    }
    return {};
  }

  std::string_view source_;
  size_t at_ = 0;
  bool line_begins_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::string place_text(std::string_view source, size_t offset) {
  std::string_view before = source.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const size_t column = count_code_points(before.substr(before.rfind('\n') + 1));
  return "line " + std::to_string(1 + lines) + ", column " + std::to_string(1 + column);
}

Error error_at(std::string_view source, size_t offset, std::string what, std::string remedy) {
  return invalid_data(std::move(what), place_text(source, offset), std::move(remedy));
}

std::string normalized_source(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace malmoi::chat::jinja
