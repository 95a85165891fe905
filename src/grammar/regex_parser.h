// Reads the text of a regular expression.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grammar/regex.h"
#include "grammar/text_cursor.h"

namespace malmoi::grammar {

/// One text. For Regex::parse().
class RegexParser {
 public:
  RegexParser(std::string_view text, std::string where) : cursor_(text), where_(std::move(where)) {}
  Result<Regex> run();

 private:
  Error error(std::string what, std::string remedy = {}) const;
  Error refusal(std::string what, std::string remedy) const;
  std::string place() const;
  int32_t add(RegexNode node);
  int32_t add_chars(CodePointSet set) { return add({.kind = RegexKind::kChars, .set = std::move(set)}); }

  Result<int32_t> choice(int depth);
  Result<int32_t> sequence(int depth);
  Result<int32_t> part(int depth);
  Result<int32_t> group(int depth);
  Result<int32_t> repeated(int32_t part);
  bool braces(Bounds& bounds);
  Result<CodePointSet> escape(bool in_class);
  Result<char32_t> character_escape(char kind);
  Result<CodePointSet> char_class();
  Status check_anchors(int32_t node, bool left, bool right) const;

  TextCursor cursor_;
  std::string where_;
  Regex result_;
};

}  // namespace malmoi::grammar
