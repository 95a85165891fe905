// The one form that all front ends build: rules whose bodies are expressions over characters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "grammar/code_points.h"

namespace malmoi::grammar {

using ExprId = int32_t;
using RuleId = int32_t;

enum class ExprKind : uint8_t { kLiteral, kChars, kSequence, kChoice, kRepeat, kRule };

/// An expression. kLiteral: these bytes. kChars: one character of the set. kSequence, kChoice: of the parts.
/// kRepeat: parts[0], `min` to `max` times. kRule: what the rule stands for.
struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  int32_t min = 0, max = 0;
  RuleId rule = -1;
  std::string bytes;
  CodePointSet set;
  std::vector<ExprId> parts;
};

constexpr int32_t kUnbounded = -1;  // of Expr::max

struct Rule {
  std::string name;
  std::string where;  // of the source: for errors
  ExprId body = -1;
  bool may_inline = false;  // copied to where it is used, if it is small and does not lead to itself
};

/// What is known of every expression and rule once a grammar is whole.
struct Analysis {
  std::vector<bool> nullable;    // by ExprId: may be the empty text
  std::vector<bool> productive;  // by ExprId: some finite text is one
};

/// Building never fails; what cannot be used is told by analyse(). An expression may be used in several places. One thread.
class Grammar {
 public:
  ExprId literal(std::string bytes);
  ExprId chars(CodePointSet set);
  ExprId sequence(std::vector<ExprId> parts);
  ExprId choice(std::vector<ExprId> parts);
  ExprId repeat(ExprId part, int32_t min, int32_t max);
  ExprId optional(ExprId part) { return repeat(part, 0, 1); }
  ExprId call(RuleId rule);
  ExprId empty() { return literal({}); }
  /// What no text is.
  ExprId nothing() { return chars({}); }

  RuleId add_rule(std::string name, std::string where);
  void define(RuleId rule, ExprId body) { rules_[static_cast<size_t>(rule)].body = body; }
  void allow_inline(RuleId rule) { rules_[static_cast<size_t>(rule)].may_inline = true; }
  void set_root(RuleId rule) { root_ = rule; }

  const Expr& expr(ExprId id) const { return exprs_[static_cast<size_t>(id)]; }
  const Rule& rule(RuleId id) const { return rules_[static_cast<size_t>(id)]; }
  const std::vector<Expr>& exprs() const { return exprs_; }
  const std::vector<Rule>& rules() const { return rules_; }
  RuleId root() const { return root_; }

  /// Requires every rule that is called to be defined. Errors, with the rule and where it stands: it begins with itself
  /// (left recursion, which no reader from left to right ends); the root can never come to an end. Time and memory linear.
  Result<Analysis> analyse() const;

 private:
  ExprId add(Expr expr);

  std::vector<Expr> exprs_;
  std::vector<Rule> rules_;
  RuleId root_ = -1;
};

}  // namespace malmoi::grammar
