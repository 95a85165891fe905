// Regular expressions of ECMAScript, as JSON Schema's `pattern` has them: those that a reader from left to right can follow.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "grammar/grammar.h"

namespace malmoi::grammar {

enum class RegexKind : uint8_t { kChars, kSequence, kChoice, kRepeat, kStart, kEnd };

/// One part of an expression. kStart and kEnd: the anchors ^ and $.
struct RegexNode {
  RegexKind kind = RegexKind::kSequence;
  CodePointSet set;
  int32_t min = 0, max = 0;    // of kRepeat; kUnbounded
  std::vector<int32_t> parts;  // indexes of nodes
};

/// How many characters a text of an expression has; max: kUnbounded.
struct TextLengths {
  int64_t min = 0, max = 0;
};

/// A read expression. Immutable.
class Regex {
 public:
  /// Characters, `.` (no line end), classes, \d \D \w \W \s \S, \t \n \v \f \r \0 \cX \xHH \uHHHH \u{H...}, escaped
  /// punctuation, groups (...), (?:...), (?<name>...), `|`, `* + ? {n} {m,} {m,n}` (with `?` behind it, which changes no
  /// language), ^ and $ at the ends. Errors name the place `where, character N`: look-around, back-references, \b and \p by
  /// their names; anchors elsewhere; limits as of grammars.
  static Result<Regex> parse(std::string_view text, std::string where = "regex");

  /// Spells a set of characters in a grammar.
  using Spell = std::function<ExprId(Grammar&, const CodePointSet&)>;
  /// As they stand.
  static ExprId plain(Grammar& grammar, const CodePointSet& set) { return grammar.chars(set); }
  /// The texts that are the expression from end to end.
  ExprId whole(Grammar& grammar, const Spell& spell) const;
  /// The texts that have it somewhere in them, as a search would find it: ^ and $ hold it to the ends.
  ExprId within(Grammar& grammar, const Spell& spell) const;
  /// A grammar of plain characters whose texts are those of whole(), or of within(); `where` stands in its errors.
  Grammar whole_grammar(std::string where) const;
  Grammar within_grammar(std::string where) const;

  /// Of whole().
  TextLengths lengths() const;
  /// Whether ^ and $ hold every text of it to both ends, so that whole() and within() are the same.
  bool is_anchored() const;
  /// Whether it is a repeated set between anchors or without: then `min` and `max` of that repeat, else null.
  const RegexNode* single_repeat() const;
  const std::vector<RegexNode>& nodes() const { return nodes_; }

 private:
  friend class RegexParser;
  friend class RegexSpeller;

  std::vector<RegexNode> nodes_;
  int32_t root_ = -1;
};

}  // namespace malmoi::grammar
