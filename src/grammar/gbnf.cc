#include "grammar/gbnf.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/shown.h"
#include "grammar/limits.h"
#include "grammar/text_cursor.h"

namespace malmoi::grammar {
namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || TextCursor::is_digit(c) || c == '-' || c == '_';
}

class GbnfParser {
 public:
  GbnfParser(std::string_view text, std::string where) : cursor_(text), where_(std::move(where)) {}

  Result<Grammar> run() {
    for (skip_space(true); !cursor_.at_end(); skip_space(true)) MALMOI_TRY(rule());
    for (const Rule& rule : grammar_.rules())
      if (rule.body < 0)
        return invalid_data("there is no rule '" + rule.name + "'", rule.where, "define it: " + rule.name + " ::= ...");
    const auto root = rules_.find("root");
    if (root == rules_.end())
      return invalid_data("the grammar has no rule 'root'", where_, "name the rule of a whole answer so: root ::= ...");
    grammar_.set_root(root->second);
    return std::move(grammar_);
  }

 private:
  std::string place(size_t offset) const {
    const std::string_view before = cursor_.text().substr(0, offset);
    return where_ + ":" + std::to_string(1 + std::count(before.begin(), before.end(), '\n'));
  }
  Error error(std::string what, std::string remedy = {}) const {
    return invalid_data(std::move(what), place(cursor_.offset()), std::move(remedy));
  }
  std::string next_shown() const {
    TextCursor ahead = cursor_;
    if (ahead.at_end()) return "the end";
    std::string shown;
    append_utf8(shown, ahead.take());
    return "'" + show_controls(shown) + "'";
  }

  void skip_space(bool lines) {
    while (!cursor_.at_end()) {
      const char c = cursor_.peek();
      if (c == '#') {
        while (!cursor_.at_end() && cursor_.peek() != '\n' && cursor_.peek() != '\r') cursor_.advance(1);
      } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
        cursor_.advance(1);
      } else {
        return;
      }
    }
  }

  std::string_view name() {
    const size_t begin = cursor_.offset();
    while (is_name(cursor_.peek())) cursor_.advance(1);
    return cursor_.text().substr(begin, cursor_.offset() - begin);
  }

  // The rule of a name; one that is not defined yet has no body.
  RuleId rule_named(std::string_view name, size_t offset) {
    const auto [found, is_new] = rules_.try_emplace(std::string(name), static_cast<RuleId>(grammar_.rules().size()));
    if (is_new) {
      grammar_.add_rule(std::string(name), place_of_rule(offset));
      grammar_.allow_inline(found->second);
    }
    return found->second;
  }
  // Lines are counted onwards from rule to rule, so that many rules take linear time.
  std::string place_of_rule(size_t offset) {
    const std::string_view between = cursor_.text().substr(counted_, offset - counted_);
    lines_ += std::count(between.begin(), between.end(), '\n');
    counted_ = offset;
    return where_ + ":" + std::to_string(lines_);
  }

  Status rule() {
    const size_t begin = cursor_.offset();
    const std::string_view rule_name = name();
    if (rule_name.empty())
      return error("a rule was expected, not " + next_shown(), "write NAME ::= ..., names of letters, digits and -");
    const RuleId rule = rule_named(rule_name, begin);
    if (grammar_.rule(rule).body >= 0)
      return error("the rule '" + std::string(rule_name) + "' is there twice", "join the two by |");
    skip_space(false);
    if (!cursor_.skip("::=")) return error("'::=' was expected after '" + std::string(rule_name) + "'");
    skip_space(true);
    MALMOI_ASSIGN(const ExprId body, alternatives(0));
    grammar_.define(rule, body);
    if (!cursor_.at_end() && cursor_.peek() != '\n' && cursor_.peek() != '\r')
      return error("unexpected " + next_shown() + " in the rule '" + std::string(rule_name) + "'");
    return {};
  }

  Result<ExprId> alternatives(int depth) {
    if (depth > kMaxNesting)
      return error("groups deeper than " + std::to_string(kMaxNesting), "give the inner ones names of their own");
    std::vector<ExprId> choices;
    do {
      skip_space(true);
      MALMOI_ASSIGN(const ExprId one, sequence(depth));
      choices.push_back(one);
    } while (next_alternative());
    return grammar_.choice(std::move(choices));
  }

  // Also at the beginning of another line.
  bool next_alternative() {
    const size_t end = cursor_.offset();
    skip_space(true);
    if (cursor_.skip("|")) return true;
    cursor_.set_offset(end);
    return false;
  }

  Result<ExprId> sequence(int depth) {
    std::vector<ExprId> parts;
    for (;;) {
      MALMOI_ASSIGN(const bool found, part(depth, parts));
      if (!found) break;
      skip_space(depth > 0);
      MALMOI_TRY(repeats(depth, parts));
    }
    return parts.empty() ? grammar_.empty() : grammar_.sequence(std::move(parts));
  }

  // Appends one literal, class, group or name; false where none stands there.
  Result<bool> part(int depth, std::vector<ExprId>& parts) {
    const char c = cursor_.peek();
    if (c == '"') {
      MALMOI_ASSIGN(const ExprId made, literal());
      parts.push_back(made);
    } else if (c == '[') {
      MALMOI_ASSIGN(const ExprId made, char_class());
      parts.push_back(made);
    } else if (c == '.') {
      cursor_.advance(1);
      parts.push_back(grammar_.chars(CodePointSet::all()));
    } else if (c == '(') {
      cursor_.advance(1);
      skip_space(true);
      MALMOI_ASSIGN(const ExprId made, alternatives(depth + 1));
      skip_space(true);
      if (!cursor_.skip(")")) return error("')' was expected, not " + next_shown());
      parts.push_back(made);
    } else if (is_name(c)) {
      const size_t begin = cursor_.offset();
      const std::string_view rule_name = name();
      if (begins_rule())
        return error("the rule '" + std::string(rule_name) + "' begins within another", "begin a new line for it");
      parts.push_back(grammar_.call(rule_named(rule_name, begin)));
    } else if (c == '<' || (c == '!' && cursor_.peek(1) == '<')) {
      return unsupported("tokens by name (<...>) are not read", place(cursor_.offset()),
                         "write the text of the token in quotes");
    } else {
      return false;
    }
    return true;
  }

  bool begins_rule() const {
    TextCursor ahead = cursor_;
    while (ahead.peek() == ' ' || ahead.peek() == '\t') ahead.advance(1);
    return ahead.starts_with("::=");
  }

  Status repeats(int depth, std::vector<ExprId>& parts) {
    constexpr int kMaxStacked = 4;  // each is one more level that the compiler recurses into
    for (int count = 0;; skip_space(depth > 0)) {
      Bounds bounds{};
      if (cursor_.skip("*")) bounds = {0, kUnbounded};
      else if (cursor_.skip("+")) bounds = {1, kUnbounded};
      else if (cursor_.skip("?")) bounds = {0, 1};
      else if (cursor_.peek() == '{') MALMOI_TRY(braces(bounds));
      else return {};
      if (++count > kMaxStacked) return error("too many repetitions of a repetition");
      parts.back() = grammar_.repeat(parts.back(), bounds.min, bounds.max);
    }
  }

  Status braces(Bounds& bounds) {
    cursor_.advance(1);
    skip_space(true);
    const std::optional<int32_t> min = cursor_.take_number();
    skip_space(true);
    if (cursor_.skip(",")) {
      skip_space(true);
      const std::optional<int32_t> max = cursor_.take_number();
      if (!min && !max) return error("a number was expected between the braces, not " + next_shown());
      bounds = {min.value_or(0), max.value_or(kUnbounded)};
    } else {
      if (!min) return error("a number was expected between the braces, not " + next_shown());
      bounds = {*min, *min};
    }
    skip_space(true);
    if (!cursor_.skip("}")) return error("'}' was expected, not " + next_shown());
    if (std::max(bounds.min, bounds.max) > kMaxRepeat)
      return error("a repetition above " + std::to_string(kMaxRepeat), "leave its upper end open");
    if (bounds.max != kUnbounded && bounds.max < bounds.min)
      return error("a repetition of at least " + std::to_string(bounds.min) + " and at most " +
                   std::to_string(bounds.max));
    return {};
  }

  Result<char32_t> character() {
    if (cursor_.peek() != '\\') return cursor_.take();
    cursor_.advance(1);
    const char kind = cursor_.peek();
    cursor_.advance(1);
    const int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (digits > 0) {
      const std::optional<char32_t> value = cursor_.take_hex(digits);
      if (!value) return error(std::string("\\") + kind + " takes " + std::to_string(digits) + " hexadecimal digits");
      if (*value > kLastCodePoint || (*value >= 0xD800 && *value <= 0xDFFF))
        return error("an escape that is no Unicode character");
      return *value;
    }
    switch (kind) {
      case 'n': return U'\n';
      case 'r': return U'\r';
      case 't': return U'\t';
      case '\\':
      case '"':
      case '[':
      case ']': return static_cast<char32_t>(kind);
      default: return error("an unknown escape after '\\'", "known are \\n \\r \\t \\\\ \\\" \\[ \\] \\x \\u \\U");
    }
  }

  Result<ExprId> literal() {
    const size_t begin = cursor_.offset();
    cursor_.advance(1);
    std::string bytes;
    while (!cursor_.skip("\"")) {
      if (cursor_.at_end()) return invalid_data("a literal without its closing quote", place(begin));
      MALMOI_ASSIGN(const char32_t code_point, character());
      append_utf8(bytes, code_point);
    }
    return grammar_.literal(std::move(bytes));
  }

  Result<ExprId> char_class() {
    const size_t begin = cursor_.offset();
    cursor_.advance(1);
    const bool negated = cursor_.skip("^");
    std::vector<CodePointRange> ranges;
    while (!cursor_.skip("]")) {
      if (cursor_.at_end()) return invalid_data("a class without its closing bracket", place(begin));
      MALMOI_ASSIGN(const char32_t first, character());
      char32_t last = first;
      if (cursor_.peek() == '-' && cursor_.peek(1) != ']' && cursor_.peek(1) != '\0') {
        cursor_.advance(1);
        MALMOI_ASSIGN(last, character());
      }
      if (last < first) return error("a range that ends before it begins");
      ranges.push_back({first, last});
    }
    CodePointSet set(std::move(ranges));
    return grammar_.chars(negated ? set.complement() : std::move(set));
  }

  TextCursor cursor_;
  std::string where_;
  Grammar grammar_;
  std::unordered_map<std::string, RuleId> rules_;
  size_t counted_ = 0;
  int64_t lines_ = 1;
};

}  // namespace

Result<Grammar> parse_gbnf(std::string_view text, std::string where) {
  if (text.size() > kMaxText)
    return invalid_data("a grammar of more than " + std::to_string(kMaxText) + " bytes", std::move(where),
                        "make it smaller");
  if (!is_valid_utf8(text)) return invalid_data("the grammar is not UTF-8", std::move(where), "save it as UTF-8");
  return GbnfParser(text, std::move(where)).run();
}

}  // namespace malmoi::grammar
