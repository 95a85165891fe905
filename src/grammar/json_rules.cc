#include "grammar/json_rules.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "grammar/regex.h"

namespace malmoi::grammar {
namespace {

// What stands in a string as itself.
const CodePointSet& unescaped() {
  static const CodePointSet kSet = CodePointSet({{0x20, kLastCodePoint}}).without(CodePointSet::of(U"\"\\"));
  return kSet;
}

struct ShortEscape {
  char32_t code_point;
  const char* spelling;
};
constexpr ShortEscape kShortEscapes[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\b', "\\b"}, {'\f', "\\f"},
                                         {'\n', "\\n"}, {'\r', "\\r"},  {'\t', "\\t"}};

// The last digits, of both cases, of \u000X or \u001X for the control characters of `set` from `base`.
CodePointSet last_hex_digits(const CodePointSet& set, char32_t base) {
  std::u32string digits;
  for (char32_t value = 0; value < 16; ++value) {
    if (!set.contains(base + value)) continue;
    digits += U"0123456789abcdef"[value];
    digits += U"0123456789ABCDEF"[value];
  }
  return CodePointSet::of(digits);
}

}  // namespace

template <typename Make>
ExprId JsonRules::once(RuleId& slot, const char* name, const Make& make) {
  if (slot < 0) {
    slot = grammar_.add_rule(name, "JSON");  // before its body, which may call it
    grammar_.define(slot, make());
  }
  return grammar_.call(slot);
}

ExprId JsonRules::regex(const std::string& text) { return Regex::parse(text, "JSON")->whole(grammar_, Regex::plain); }

ExprId JsonRules::space() {
  const ExprId lines = once(new_line_, "new-line", [&] {
    return grammar_.sequence({grammar_.repeat(grammar_.literal("\n"), 1, 2),
                              grammar_.repeat(grammar_.chars(CodePointSet::of(U" \t")), 0, kMaxIndent)});
  });
  return grammar_.optional(grammar_.choice({grammar_.literal(" "), lines}));
}

ExprId JsonRules::spelled(Grammar& grammar, const CodePointSet& set) {
  std::vector<ExprId> ways;
  const CodePointSet as_it_is = set.common(unescaped());
  if (!as_it_is.empty()) ways.push_back(grammar.chars(as_it_is));
  CodePointSet controls = set.common(CodePointSet({{0, 0x1F}}));
  for (const ShortEscape& escape : kShortEscapes) {
    if (!set.contains(escape.code_point)) continue;
    ways.push_back(grammar.literal(escape.spelling));
    controls = controls.without(CodePointSet::one(escape.code_point));
  }
  for (char32_t base : {U'\x00', U'\x10'}) {
    CodePointSet digits = last_hex_digits(controls, base);
    if (!digits.empty())
      ways.push_back(
          grammar.sequence({grammar.literal(base == 0 ? "\\u000" : "\\u001"), grammar.chars(std::move(digits))}));
  }
  return grammar.choice(std::move(ways));
}

// No rule of its own: then a set of readings would end with each escape, and much of a vocabulary go on behind it.
ExprId JsonRules::character() {
  const ExprId escape = regex(R"(\\(["\\/bfnrt]|u([0-9A-Ca-cEFef][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2}))"
                              R"(|u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}))");
  return grammar_.choice({grammar_.chars(unescaped()), escape});
}

ExprId JsonRules::rest_of_string() {
  return once(rest_, "rest-of-string", [&] {
    return grammar_.sequence({grammar_.repeat(character(), 0, kUnbounded), grammar_.literal("\"")});
  });
}
ExprId JsonRules::string() {
  return once(string_, "string", [&] { return grammar_.sequence({grammar_.literal("\""), rest_of_string()}); });
}
std::string JsonRules::integer_text() { return "-?(0|[1-9][0-9]{0," + std::to_string(kMaxDigits - 1) + "})"; }
ExprId JsonRules::integer() {
  return once(integer_, "integer", [&] { return regex(integer_text()); });
}
ExprId JsonRules::number() {
  return once(number_, "number", [&] {
    return regex(integer_text() + "(\\.[0-9]{1," + std::to_string(kMaxDigits) + "})?([eE][-+]?[0-9]{1," +
                 std::to_string(kMaxExponentDigits) + "})?");
  });
}
ExprId JsonRules::boolean() { return grammar_.choice({grammar_.literal("true"), grammar_.literal("false")}); }

ExprId JsonRules::member(ExprId key, ExprId value) {
  return grammar_.sequence({key, grammar_.literal(":"), space(), value});
}

ExprId JsonRules::list(const char* open, ExprId item, int32_t min, int32_t max, const char* close) {
  if (max == 0) return grammar_.sequence({grammar_.literal(open), space(), grammar_.literal(close)});
  const ExprId next = grammar_.sequence({grammar_.literal(","), space(), item});
  const ExprId items = grammar_.sequence(
      {item, grammar_.repeat(next, std::max(min - 1, 0), max == kUnbounded ? max : max - 1), space()});
  return grammar_.sequence(
      {grammar_.literal(open), space(), min == 0 ? grammar_.optional(items) : items, grammar_.literal(close)});
}

ExprId JsonRules::object() {
  return once(object_, "object", [&] { return list("{", member(string(), value()), 0, kUnbounded, "}"); });
}
ExprId JsonRules::array() {
  return once(array_, "array", [&] { return list("[", value(), 0, kUnbounded, "]"); });
}
ExprId JsonRules::value() {
  return once(value_, "value", [&] {
    return grammar_.choice({object(), array(), string(), number(), boolean(), grammar_.literal("null")});
  });
}

// What must be escaped, without some.
ExprId JsonRules::escaped_but(const CodePointSet& some) {
  static const CodePointSet kEscaped = unescaped().complement();
  if (!kEscaped.common(some).empty()) return spelled(grammar_, kEscaped.without(some));
  return once(escaped_, "escaped", [&] { return spelled(grammar_, kEscaped); });
}

// A tree of the names' characters, a rule a node: at each the string may leave the tree, or end where no name does.
ExprId JsonRules::string_other_than(std::vector<std::string> names) {
  struct Node {
    std::map<char32_t, size_t> next;
    bool is_name = false;
  };
  std::vector<Node> nodes(1);
  for (const std::string& name : names) {
    size_t at = 0;
    for (size_t offset = 0; offset < name.size();) {
      const Utf8Char character = decode_utf8(name, offset);
      offset += character.length;
      const auto [found, is_new] = nodes[at].next.try_emplace(character.code_point, nodes.size());
      at = found->second;
      if (is_new) nodes.emplace_back();
    }
    nodes[at].is_name = true;
  }
  std::vector<RuleId> rules;
  for (size_t i = 0; i < nodes.size(); ++i) rules.push_back(grammar_.add_rule("other-key", "JSON"));
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::u32string going_on;
    std::vector<ExprId> ways;
    for (const auto& [code_point, next] : nodes[i].next) {
      going_on += code_point;
      ways.push_back(grammar_.sequence({spelled(grammar_, CodePointSet::one(code_point)), grammar_.call(rules[next])}));
    }
    const CodePointSet on = CodePointSet::of(going_on);
    const ExprId other = grammar_.choice({grammar_.chars(unescaped().without(on)), escaped_but(on)});
    ways.push_back(grammar_.sequence({other, rest_of_string()}));
    if (!nodes[i].is_name) ways.push_back(grammar_.literal("\""));
    grammar_.define(rules[i], grammar_.choice(std::move(ways)));
  }
  return grammar_.sequence({grammar_.literal("\""), grammar_.call(rules[0])});
}

}  // namespace malmoi::grammar
