// The rules of JSON itself, from which the grammar of a schema is put together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "grammar/grammar.h"

namespace malmoi::grammar {

/// Adds rules to a grammar as they are asked for, each once. White space is bounded, so that a model cannot write it for
/// ever: where JSON allows it after a bracket, a comma or a colon there may be a space, or one or two new lines and up to
/// kMaxIndent spaces or tabs. Numbers have few enough digits to be read back as f64 by everyone. One thread.
class JsonRules {
 public:
  explicit JsonRules(Grammar& grammar) : grammar_(grammar) {}

  static constexpr int32_t kMaxIndent = 64;
  static constexpr int32_t kMaxDigits = 16;         // before, and behind the point
  static constexpr int32_t kMaxExponentDigits = 2;  // 16 digits and e99 stay below the largest f64

  static constexpr size_t kMaxOtherNames = 20'000;  // bytes of names that others must differ from: each is a rule

  ExprId space();
  ExprId value();   // anything
  ExprId object();  // with any members
  ExprId array();   // of anything
  ExprId string();  // any
  ExprId number();
  ExprId integer();  // without a point and an exponent
  /// The regular expression of integer().
  static std::string integer_text();
  ExprId boolean();
  /// This very value, without white space.
  ExprId exactly(const Json& value) { return grammar_.literal(dump_json(value)); }

  /// One character of a string, in the shortest way that it can be written.
  static ExprId spelled(Grammar& grammar, const CodePointSet& set);
  /// Any character of a string, in any way: escaped, too. Half of a surrogate pair is none.
  ExprId character();
  /// `"key": ` with `value`.
  ExprId member(ExprId key, ExprId value);
  /// `open`, then `first` and any number of `more` behind commas, from `min` to `max` in all, then `close`.
  ExprId list(const char* open, ExprId item, int32_t min, int32_t max, const char* close);
  /// A string that is none of `names`. Up to where it differs from all of them only what must be is escaped.
  ExprId string_other_than(std::vector<std::string> names);

 private:
  ExprId regex(const std::string& text);
  ExprId escaped_but(const CodePointSet& some);
  /// What ends a string.
  ExprId rest_of_string();
  /// The rule of `slot`, made by `make` at the first time.
  template <typename Make>
  ExprId once(RuleId& slot, const char* name, const Make& make);

  Grammar& grammar_;
  RuleId new_line_ = -1, value_ = -1, object_ = -1, array_ = -1, string_ = -1, rest_ = -1, escaped_ = -1, number_ = -1,
         integer_ = -1;
};

}  // namespace malmoi::grammar
