#include "grammar/regex_parser.h"

#include <algorithm>
#include <optional>

#include "base/shown.h"
#include "grammar/limits.h"

namespace malmoi::grammar {
namespace {

CodePointSet digits() { return CodePointSet({{'0', '9'}}); }
CodePointSet word_characters() { return CodePointSet({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}); }
// ECMA-262, WhiteSpace and LineTerminator.
CodePointSet space_characters() {
  return CodePointSet({{'\t', '\r'},
                       {' ', ' '},
                       {0xA0, 0xA0},
                       {0x1680, 0x1680},
                       {0x2000, 0x200A},
                       {0x2028, 0x2029},
                       {0x202F, 0x202F},
                       {0x205F, 0x205F},
                       {0x3000, 0x3000},
                       {0xFEFF, 0xFEFF}});
}
CodePointSet line_ends() { return CodePointSet({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}); }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_single(const CodePointSet& set) {
  return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last;
}

}  // namespace

std::string RegexParser::place() const {
  return where_ + ", character " +
         std::to_string(1 +
                        count_code_points(cursor_.text().substr(0, std::min(cursor_.offset(), cursor_.text().size()))));
}
Error RegexParser::error(std::string what, std::string remedy) const {
  return invalid_data(std::move(what), place(), std::move(remedy));
}
Error RegexParser::refusal(std::string what, std::string remedy) const {
  return unsupported(std::move(what), place(), std::move(remedy));
}

int32_t RegexParser::add(RegexNode node) {
  result_.nodes_.push_back(std::move(node));
  return static_cast<int32_t>(result_.nodes_.size() - 1);
}

Result<Regex> RegexParser::run() {
  MALMOI_ASSIGN(result_.root_, choice(0));
  if (!cursor_.at_end()) return error("a ')' that closes nothing", "write \\) for the character");
  MALMOI_TRY(check_anchors(result_.root_, true, true));
  return std::move(result_);
}

Result<int32_t> RegexParser::choice(int depth) {
  if (depth > kMaxNesting) return error("groups deeper than " + std::to_string(kMaxNesting));
  RegexNode node{.kind = RegexKind::kChoice};
  do {
    MALMOI_ASSIGN(const int32_t alternative, sequence(depth));
    node.parts.push_back(alternative);
  } while (cursor_.skip("|"));
  return node.parts.size() == 1 ? node.parts[0] : add(std::move(node));
}

Result<int32_t> RegexParser::sequence(int depth) {
  RegexNode node{.kind = RegexKind::kSequence};
  while (!cursor_.at_end() && cursor_.peek() != '|' && cursor_.peek() != ')') {
    MALMOI_ASSIGN(int32_t next, part(depth));
    MALMOI_ASSIGN(next, repeated(next));
    node.parts.push_back(next);
  }
  return node.parts.size() == 1 ? node.parts[0] : add(std::move(node));
}

Result<int32_t> RegexParser::part(int depth) {
  const char c = cursor_.peek();
  Bounds bounds{};
  switch (c) {
    case '(': return group(depth);
    case '[': {
      MALMOI_ASSIGN(CodePointSet set, char_class());
      return add_chars(std::move(set));
    }
    case '.': cursor_.advance(1); return add_chars(line_ends().complement());
    case '^': cursor_.advance(1); return add({.kind = RegexKind::kStart});
    case '$': cursor_.advance(1); return add({.kind = RegexKind::kEnd});
    case '\\': {
      MALMOI_ASSIGN(CodePointSet set, escape(false));
      return add_chars(std::move(set));
    }
    case '*':
    case '+':
    case '?': return error(std::string("nothing stands before '") + c + "' that could repeat");
    case '{':
      if (TextCursor ahead = cursor_; braces(bounds)) {
        cursor_ = ahead;
        return error("nothing stands before '{' that could repeat");
      }
      break;
    default: break;
  }
  return add_chars(CodePointSet::one(cursor_.take()));
}

Result<int32_t> RegexParser::group(int depth) {
  if (cursor_.starts_with("(?=") || cursor_.starts_with("(?!"))
    return refusal("look-ahead " + std::string(cursor_.text().substr(cursor_.offset(), 3)) + "...) is not supported",
                   "say what the text is, not what it is not");
  if (cursor_.starts_with("(?<=") || cursor_.starts_with("(?<!"))
    return refusal("look-behind " + std::string(cursor_.text().substr(cursor_.offset(), 4)) + "...) is not supported",
                   "say what the text is, not what it is not");
  const TextCursor begin = cursor_;
  if (cursor_.skip("(?<")) {
    while (!cursor_.at_end() && cursor_.peek() != '>') cursor_.advance(1);
    if (!cursor_.skip(">")) return error("a group's name without its '>'");
  } else if (!cursor_.skip("(?:")) {
    if (cursor_.starts_with("(?")) return refusal("groups with flags are not supported", "write classes, e.g. [aA]");
    cursor_.advance(1);
  }
  MALMOI_ASSIGN(const int32_t inner, choice(depth + 1));
  if (cursor_.skip(")")) return inner;
  cursor_ = begin;
  return error("a group without its ')'");
}

// {n}, {m,} or {m,n}; where it is none of them, the brace stands for itself and nothing is read.
bool RegexParser::braces(Bounds& bounds) {
  const TextCursor begin = cursor_;
  cursor_.advance(1);
  if (const std::optional<int32_t> min = cursor_.take_number()) {
    bounds = {*min, *min};
    if (cursor_.skip(",")) bounds.max = cursor_.take_number().value_or(kUnbounded);
    if (cursor_.skip("}")) return true;
  }
  cursor_ = begin;
  return false;
}

Result<int32_t> RegexParser::repeated(int32_t part) {
  Bounds bounds{};
  if (cursor_.skip("*")) bounds = {0, kUnbounded};
  else if (cursor_.skip("+")) bounds = {1, kUnbounded};
  else if (cursor_.skip("?")) bounds = {0, 1};
  else if (cursor_.peek() != '{' || !braces(bounds)) return part;
  cursor_.skip("?");  // the fewest first: the same texts
  if (std::max(bounds.min, bounds.max) > kMaxRepeat) return error("a repetition above " + std::to_string(kMaxRepeat));
  if (bounds.max != kUnbounded && bounds.max < bounds.min) return error("a repetition that ends before it begins");
  TextCursor ahead = cursor_;
  const char next = cursor_.peek();
  Bounds ignored{};
  if (next == '*' || next == '+' || next == '?' || (next == '{' && braces(ignored))) {
    cursor_ = ahead;
    return error("a repetition of a repetition", "put the inner one into a group");
  }
  return add({.kind = RegexKind::kRepeat, .min = bounds.min, .max = bounds.max, .parts = {part}});
}

Result<CodePointSet> RegexParser::escape(bool in_class) {
  cursor_.advance(1);
  if (cursor_.at_end()) return error("a '\\' at the end", "write \\\\ for the character");
  const char kind = cursor_.peek();
  switch (kind) {
    case 'd': cursor_.advance(1); return digits();
    case 'D': cursor_.advance(1); return digits().complement();
    case 'w': cursor_.advance(1); return word_characters();
    case 'W': cursor_.advance(1); return word_characters().complement();
    case 's': cursor_.advance(1); return space_characters();
    case 'S': cursor_.advance(1); return space_characters().complement();
    case 'p':
    case 'P': return refusal("Unicode properties (\\p) are not supported", "write a class of ranges, e.g. [가-힣]");
    case 'k': return refusal("back-references (\\k) are not supported", "write the text out");
    case 'B': return refusal("word boundaries (\\B) are not supported", "write what stands there");
    case 'b':
      if (!in_class) return refusal("word boundaries (\\b) are not supported", "write what stands there");
      cursor_.advance(1);
      return CodePointSet::one('\b');
    default: break;
  }
  if (kind >= '1' && kind <= '9')
    return refusal(std::string("back-references (\\") + kind + ") are not supported", "write the text out");
  MALMOI_ASSIGN(const char32_t code_point, character_escape(kind));
  return CodePointSet::one(code_point);
}

Result<char32_t> RegexParser::character_escape(char kind) {
  std::optional<char32_t> value;
  if (is_letter(kind) || kind == '0') cursor_.advance(1);
  switch (kind) {
    case 't': return U'\t';
    case 'n': return U'\n';
    case 'v': return U'\v';
    case 'f': return U'\f';
    case 'r': return U'\r';
    case '0': return U'\0';
    case 'c': {
      const char letter = cursor_.peek();
      if (!is_letter(letter)) return error("\\c takes a letter");
      cursor_.advance(1);
      return static_cast<char32_t>(letter % 32);
    }
    case 'x': value = cursor_.take_hex(2); break;
    case 'u':
      if (cursor_.skip("{")) {
        for (int digits = 6; digits > 0 && !value; --digits) value = cursor_.take_hex(digits);
        if (!cursor_.skip("}")) value.reset();
      } else {
        value = cursor_.take_hex(4);
        // Two escapes of surrogates are one character.
        if (value && *value >= 0xD800 && *value < 0xDC00 && cursor_.skip("\\u")) {
          const std::optional<char32_t> low = cursor_.take_hex(4);
          if (low && *low >= 0xDC00 && *low < 0xE000) value = 0x10000 + ((*value - 0xD800) << 10) + (*low - 0xDC00);
        }
      }
      break;
    default:
      if (is_letter(kind)) return error(std::string("an unknown escape \\") + kind);
      return cursor_.take();
  }
  if (!value || *value > kLastCodePoint || (*value >= 0xD800 && *value < 0xE000))
    return error(std::string("\\") + kind + " without the digits of a Unicode character");
  return *value;
}

Result<CodePointSet> RegexParser::char_class() {
  const TextCursor begin = cursor_;
  cursor_.advance(1);
  const bool negated = cursor_.skip("^");
  // Collected and sorted once: a class of many ranges takes no quadratic time.
  std::vector<CodePointRange> ranges;
  auto next = [&]() -> Result<CodePointSet> {
    if (cursor_.peek() == '\\') return escape(true);
    return CodePointSet::one(cursor_.take());
  };
  while (!cursor_.skip("]")) {
    if (cursor_.at_end()) {
      cursor_ = begin;
      return error("a class without its ']'");
    }
    MALMOI_ASSIGN(CodePointSet first, next());
    if (cursor_.peek() == '-' && cursor_.peek(1) != ']' && cursor_.peek(1) != '\0') {
      cursor_.advance(1);
      MALMOI_ASSIGN(const CodePointSet last, next());
      if (!is_single(first) || !is_single(last)) return error("a range whose end is a class");
      const CodePointRange range{first.ranges()[0].first, last.ranges()[0].first};
      if (range.last < range.first) return error("a range that ends before it begins");
      ranges.push_back(range);
    } else {
      ranges.insert(ranges.end(), first.ranges().begin(), first.ranges().end());
    }
  }
  CodePointSet set(std::move(ranges));
  return negated ? set.complement() : set;
}

Status RegexParser::check_anchors(int32_t id, bool left, bool right) const {
  const RegexNode& node = result_.nodes_[static_cast<size_t>(id)];
  if ((node.kind == RegexKind::kStart && !left) || (node.kind == RegexKind::kEnd && !right))
    return unsupported(
        std::string("an anchor ") + (node.kind == RegexKind::kStart ? "^" : "$") + " within the expression", where_,
        "anchors may stand at its ends only");
  for (size_t i = 0; i < node.parts.size(); ++i) {
    const bool sequence = node.kind == RegexKind::kSequence, repeat = node.kind == RegexKind::kRepeat;
    MALMOI_TRY(check_anchors(node.parts[i], left && !repeat && (!sequence || i == 0),
                             right && !repeat && (!sequence || i + 1 == node.parts.size())));
  }
  return {};
}

}  // namespace malmoi::grammar
