#include "grammar/grammar.h"

#include <algorithm>
#include <utility>

namespace malmoi::grammar {
namespace {

size_t at(int32_t id) { return static_cast<size_t>(id); }

/// The least solution of "an expression holds if enough of its parts do", for all expressions at once.
class Fixpoint {
 public:
  explicit Fixpoint(const Grammar& grammar) : grammar_(grammar), needed_(grammar.exprs().size()) {
    users_.resize(grammar.exprs().size());
    callers_.resize(grammar.rules().size());
    bodies_.resize(grammar.exprs().size());
  }

  /// `leaf`: whether a literal or a set holds by itself.
  template <typename Leaf>
  std::vector<bool> solve(const Leaf& leaf) {
    std::vector<bool> holds(grammar_.exprs().size());
    std::vector<ExprId> ready;
    for (size_t id = 0; id < grammar_.exprs().size(); ++id) {
      const Expr& expr = grammar_.exprs()[id];
      needed_[id] = register_expr(expr, static_cast<ExprId>(id), leaf);
      if (needed_[id] == 0) ready.push_back(static_cast<ExprId>(id));
    }
    for (size_t rule = 0; rule < grammar_.rules().size(); ++rule)
      if (grammar_.rules()[rule].body >= 0)
        bodies_[at(grammar_.rules()[rule].body)].push_back(static_cast<RuleId>(rule));
    while (!ready.empty()) {
      const ExprId id = ready.back();
      ready.pop_back();
      if (holds[at(id)]) continue;
      holds[at(id)] = true;
      for (ExprId user : users_[at(id)]) satisfy(user, ready);
      for (RuleId rule : bodies_[at(id)])
        for (ExprId caller : callers_[at(rule)]) satisfy(caller, ready);
    }
    return holds;
  }

 private:
  static constexpr int64_t kNever = INT64_MAX;

  template <typename Leaf>
  int64_t register_expr(const Expr& expr, ExprId id, const Leaf& leaf) {
    for (ExprId part : expr.parts) users_[at(part)].push_back(id);
    switch (expr.kind) {
      case ExprKind::kLiteral:
      case ExprKind::kChars: return leaf(expr) ? 0 : kNever;
      case ExprKind::kSequence: return static_cast<int64_t>(expr.parts.size());
      case ExprKind::kChoice: return 1;
      case ExprKind::kRepeat: return expr.min == 0 ? 0 : 1;
      case ExprKind::kRule: callers_[at(expr.rule)].push_back(id); return 1;
    }
    return kNever;
  }

  void satisfy(ExprId id, std::vector<ExprId>& ready) {
    int64_t& needed = needed_[at(id)];
    if (needed != kNever && needed > 0 && --needed == 0) ready.push_back(id);
  }

  const Grammar& grammar_;
  std::vector<int64_t> needed_;
  std::vector<std::vector<ExprId>> users_, callers_;
  std::vector<std::vector<RuleId>> bodies_;
};

// The rules that a text of `body` may begin with, before any byte is read.
std::vector<RuleId> first_rules(const Grammar& grammar, const std::vector<bool>& nullable, ExprId body) {
  std::vector<RuleId> first;
  std::vector<ExprId> open{body};
  while (!open.empty()) {
    const Expr& expr = grammar.expr(open.back());
    open.pop_back();
    if (expr.kind == ExprKind::kRule) first.push_back(expr.rule);
    for (ExprId part : expr.parts) {
      open.push_back(part);
      if (expr.kind == ExprKind::kSequence && !nullable[at(part)]) break;
    }
  }
  return first;
}

// Walks along first rules, depth first; a rule that is met within itself is left-recursive.
Status check_left_recursion(const Grammar& grammar, const std::vector<bool>& nullable) {
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  struct Step {
    RuleId rule;
    std::vector<RuleId> first;
    size_t next = 0;
  };
  std::vector<Mark> marks(grammar.rules().size(), Mark::kNew);
  std::vector<Step> path;
  auto enter = [&](RuleId rule) {
    marks[at(rule)] = Mark::kOpen;
    path.push_back({rule, first_rules(grammar, nullable, grammar.rule(rule).body)});
  };
  for (size_t start = 0; start < grammar.rules().size(); ++start) {
    if (marks[start] != Mark::kNew || grammar.rules()[start].body < 0) continue;
    enter(static_cast<RuleId>(start));
    while (!path.empty()) {
      Step& step = path.back();
      if (step.next == step.first.size()) {
        marks[at(step.rule)] = Mark::kDone;
        path.pop_back();
        continue;
      }
      const RuleId next = step.first[step.next++];
      if (marks[at(next)] == Mark::kNew) enter(next);
      else if (marks[at(next)] == Mark::kOpen)
        return unsupported("the rule '" + grammar.rule(next).name + "' begins with itself (left recursion)",
                           grammar.rule(next).where, "write it as a repetition, or with the recursion at its end");
    }
  }
  return {};
}

}  // namespace

ExprId Grammar::add(Expr expr) {
  exprs_.push_back(std::move(expr));
  return static_cast<ExprId>(exprs_.size() - 1);
}

ExprId Grammar::literal(std::string bytes) { return add({.kind = ExprKind::kLiteral, .bytes = std::move(bytes)}); }
ExprId Grammar::chars(CodePointSet set) { return add({.kind = ExprKind::kChars, .set = std::move(set)}); }
ExprId Grammar::call(RuleId rule) { return add({.kind = ExprKind::kRule, .rule = rule}); }

ExprId Grammar::sequence(std::vector<ExprId> parts) {
  if (parts.size() == 1) return parts[0];
  return add({.kind = ExprKind::kSequence, .parts = std::move(parts)});
}

ExprId Grammar::choice(std::vector<ExprId> parts) {
  if (parts.size() == 1) return parts[0];
  if (parts.empty()) return nothing();
  return add({.kind = ExprKind::kChoice, .parts = std::move(parts)});
}

ExprId Grammar::repeat(ExprId part, int32_t min, int32_t max) {
  if (min == 1 && max == 1) return part;
  if (max == 0) return empty();
  return add({.kind = ExprKind::kRepeat, .min = min, .max = max, .parts = {part}});
}

RuleId Grammar::add_rule(std::string name, std::string where) {
  rules_.push_back({.name = std::move(name), .where = std::move(where)});
  return static_cast<RuleId>(rules_.size() - 1);
}

Result<Analysis> Grammar::analyse() const {
  Analysis found;
  found.nullable =
      Fixpoint(*this).solve([](const Expr& expr) { return expr.kind == ExprKind::kLiteral && expr.bytes.empty(); });
  found.productive =
      Fixpoint(*this).solve([](const Expr& expr) { return expr.kind == ExprKind::kLiteral || !expr.set.empty(); });
  MALMOI_TRY(check_left_recursion(*this, found.nullable));
  const Rule& root = rule(root_);
  if (!found.productive[at(root.body)])
    return invalid_data("no text is a '" + root.name + "'", root.where,
                        "it contradicts itself, or its recursion has no way out");
  return found;
}

}  // namespace malmoi::grammar
