#include "grammar/automaton.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "grammar/limits.h"

namespace malmoi::grammar {
namespace {

// Repeats of one character or literal are copied up to so often; beyond, and of anything else, they are counted.
constexpr int32_t kMaxUnrolled = 16;
// Rules of so few expressions, with all that they call, are copied to where they are used: a set of readings then holds for
// more bytes, and the stack is asked less often which tokens may come.
constexpr int64_t kMaxInlined = 40;
// Copies are made until there are so many states; then rules are called.
constexpr size_t kInlineUpTo = 100'000;

}  // namespace

/// Builds from the end of a text to its beginning, so that what follows is always there.
class AutomatonCompiler {
 public:
  AutomatonCompiler(const Grammar& grammar, const Analysis& analysis)
      : grammar_(grammar), analysis_(analysis), inlined_(grammar.rules().size()) {}

  Result<Automaton> run() {
    const size_t rules = grammar_.rules().size();
    find_small_rules();
    result_.root_ = grammar_.root();
    bodies_.resize(rules);
    for (size_t rule = 0; rule < rules; ++rule) bodies_[rule] = grammar_.rules()[rule].body;
    // Loops within loops become rules of their own, behind these.
    for (size_t rule = 0; rule < bodies_.size(); ++rule) {
      const int32_t accept = add({.kind = StateKind::kAccept});
      result_.starts_.push_back(bodies_[rule] < 0 ? accept : build(bodies_[rule], accept, false));
      if (is_too_large())
        return unsupported("a grammar of more than " + std::to_string(kMaxStates) + " states",
                           grammar_.rule(grammar_.root()).where, "make it smaller");
    }
    return std::move(result_);
  }

 private:
  // Rules from those that call no others on, each once all that it calls are known; those in circles never are.
  void find_small_rules() {
    const size_t rules = grammar_.rules().size();
    std::vector<int64_t> size(rules, 0);
    std::vector<size_t> unknown(rules, 0);
    std::vector<std::vector<size_t>> callers(rules);
    std::vector<size_t> ready;
    for (size_t rule = 0; rule < rules; ++rule) {
      const Rule& one = grammar_.rules()[rule];
      if (!one.may_inline || one.body < 0) unknown[rule] = 1;  // never
      else size[rule] = own_size(one.body, rule, unknown, callers);
      if (unknown[rule] == 0) ready.push_back(rule);
    }
    while (!ready.empty()) {
      const size_t rule = ready.back();
      ready.pop_back();
      inlined_[rule] = size[rule] <= kMaxInlined;
      if (!inlined_[rule]) continue;
      for (size_t caller : callers[rule]) {
        size[caller] += size[rule];
        if (--unknown[caller] == 0) ready.push_back(caller);
      }
    }
  }

  // The expressions of a body, without what it calls; those are noted.
  int64_t own_size(ExprId body, size_t rule, std::vector<size_t>& unknown,
                   std::vector<std::vector<size_t>>& callers) const {
    int64_t size = 0;
    std::vector<ExprId> open{body};
    while (!open.empty()) {
      const Expr& expr = grammar_.expr(open.back());
      open.pop_back();
      size += 1 + static_cast<int64_t>(expr.bytes.size());
      if (expr.kind == ExprKind::kRule) {
        ++unknown[rule];
        callers[static_cast<size_t>(expr.rule)].push_back(rule);
      }
      open.insert(open.end(), expr.parts.begin(), expr.parts.end());
    }
    return size;
  }

  bool is_too_large() const { return result_.states_.size() > static_cast<size_t>(kMaxStates); }
  bool is_copied(RuleId rule) const {
    return inlined_[static_cast<size_t>(rule)] && result_.states_.size() < kInlineUpTo;
  }

  int32_t add(State state) {
    result_.states_.push_back(state);
    return static_cast<int32_t>(result_.states_.size() - 1);
  }
  State& at(int32_t id) { return result_.states_[static_cast<size_t>(id)]; }

  int32_t add_bytes(const std::vector<Edge>& edges) {
    const auto first = static_cast<int32_t>(result_.edges_.size());
    result_.edges_.insert(result_.edges_.end(), edges.begin(), edges.end());
    return add({.kind = StateKind::kBytes, .first = first, .count = static_cast<int32_t>(edges.size())});
  }
  void set_targets(int32_t id, const std::vector<int32_t>& targets) {
    at(id).first = static_cast<int32_t>(result_.targets_.size());
    at(id).count = static_cast<int32_t>(targets.size());
    result_.targets_.insert(result_.targets_.end(), targets.begin(), targets.end());
  }
  int32_t split(const std::vector<int32_t>& targets) {
    const int32_t id = add({.kind = StateKind::kSplit});
    set_targets(id, targets);
    return id;
  }

  // The first state of `id`, behind which comes `next`. `counting`: within a counted loop of this rule.
  int32_t build(ExprId id, int32_t next, bool counting) {
    const Expr& expr = grammar_.expr(id);
    if (is_too_large()) return next;  // run() says so
    switch (expr.kind) {
      case ExprKind::kLiteral:
        for (auto byte = expr.bytes.rbegin(); byte != expr.bytes.rend(); ++byte)
          next = add_bytes({{static_cast<uint8_t>(*byte), static_cast<uint8_t>(*byte), next}});
        return next;
      case ExprKind::kChars: return build_chars(expr.set, next);
      case ExprKind::kSequence:
        for (auto part = expr.parts.rbegin(); part != expr.parts.rend(); ++part) next = build(*part, next, counting);
        return next;
      case ExprKind::kChoice: return build_choice(expr, next, counting);
      case ExprKind::kRepeat: return build_repeat(id, expr, next, counting);
      case ExprKind::kRule:
        if (is_copied(expr.rule)) return build(grammar_.rule(expr.rule).body, next, counting);
        return add({.kind = StateKind::kCall, .next = next, .target = expr.rule});
    }
    return next;
  }

  bool productive(ExprId id) const { return analysis_.productive[static_cast<size_t>(id)]; }

  // Without what never comes to an end: no answer is led there. Literals share their beginnings, so that a list of thousands is
  // read in one way.
  int32_t build_choice(const Expr& expr, int32_t next, bool counting) {
    std::vector<int32_t> targets;
    std::vector<std::string_view> literals;
    for (ExprId part : expr.parts) {
      if (grammar_.expr(part).kind == ExprKind::kLiteral) literals.push_back(grammar_.expr(part).bytes);
      else if (productive(part)) targets.push_back(build(part, next, counting));
    }
    std::sort(literals.begin(), literals.end());
    literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
    if (!literals.empty()) targets.push_back(build_literals(literals, 0, next));
    return targets.size() == 1 ? targets[0] : split(targets);
  }

  // Sorted literals, each once, that share their first `begin` bytes.
  int32_t build_literals(std::span<const std::string_view> literals, size_t begin, int32_t next) {
    const std::string_view first = literals.front(), last = literals.back();
    size_t common = begin;
    while (common < first.size() && common < last.size() && first[common] == last[common]) ++common;
    const bool ends = first.size() == common;
    std::vector<Edge> edges;
    for (auto group = literals.begin() + (ends ? 1 : 0); group != literals.end();) {
      const char byte = (*group)[common];
      const auto after = std::find_if(group, literals.end(), [&](std::string_view one) { return one[common] != byte; });
      edges.push_back(
          {static_cast<uint8_t>(byte), static_cast<uint8_t>(byte), build_literals({group, after}, common + 1, next)});
      group = after;
    }
    int32_t start = next;
    if (!edges.empty()) {
      start = add_bytes(edges);
      if (ends) start = split({start, next});
    }
    for (size_t i = common; i-- > begin;)
      start = add_bytes({{static_cast<uint8_t>(first[i]), static_cast<uint8_t>(first[i]), start}});
    return start;
  }

  int32_t build_repeat(ExprId id, const Expr& expr, int32_t next, bool counting) {
    const ExprId part = expr.parts[0];
    if (!productive(part)) return expr.min == 0 ? next : split({});
    if (expr.min == 0 && expr.max == 1) return split({build(part, next, counting), next});
    if (expr.max == kUnbounded && expr.min <= 1) {
      const int32_t loop = add({.kind = StateKind::kSplit});
      const int32_t body = build(part, loop, counting);
      set_targets(loop, {body, next});
      return expr.min == 0 ? loop : body;
    }
    const ExprKind kind = grammar_.expr(part).kind;
    const bool simple = kind == ExprKind::kChars || kind == ExprKind::kLiteral;
    if (simple && std::max(expr.min, expr.max) <= kMaxUnrolled) return unroll(part, expr.min, expr.max, next);
    if (!counting) return build_loop(expr, next);
    bodies_.push_back(id);
    return add({.kind = StateKind::kCall, .next = next, .target = static_cast<int32_t>(bodies_.size() - 1)});
  }

  int32_t unroll(ExprId part, int32_t min, int32_t max, int32_t next) {
    if (max == kUnbounded) {
      const int32_t loop = add({.kind = StateKind::kSplit});
      set_targets(loop, {build(part, loop, false), next});
      next = loop;
    }
    const int32_t end = next;
    for (int32_t i = min; i < max; ++i) next = split({build(part, next, false), end});
    for (int32_t i = 0; i < min; ++i) next = build(part, next, false);
    return next;
  }

  int32_t build_loop(const Expr& expr, int32_t next) {
    const ExprId part = expr.parts[0];
    // Of what may be empty any number of times may be, too: then only those count that are not, and none is asked for.
    const int32_t min = analysis_.nullable[static_cast<size_t>(part)] ? 0 : expr.min;
    const int32_t head = add({.kind = StateKind::kHead, .next = next, .min = min, .max = expr.max});
    const int32_t back = add({.kind = StateKind::kBack, .next = head});
    const int32_t body = build(part, back, true);
    at(head).target = body;
    return add({.kind = StateKind::kEnter, .next = head});
  }

  // The states of one character: sequences with the same first bytes share them, and so do those with the same last ones.
  int32_t build_chars(const CodePointSet& set, int32_t next) {
    const std::vector<ByteRanges> sequences = utf8_ranges(set);
    std::map<std::string, int32_t> tails;
    return build_bytes(sequences.data(), sequences.data() + sequences.size(), 0, next, tails);
  }

  int32_t build_bytes(const ByteRanges* begin, const ByteRanges* end, int depth, int32_t next,
                      std::map<std::string, int32_t>& tails) {
    std::string key(1, static_cast<char>(depth == 0));
    for (const ByteRanges* sequence = begin; sequence != end; ++sequence)
      for (int i = depth; i < sequence->length; ++i) {
        const ByteRange range = sequence->bytes[static_cast<size_t>(i)];
        key += {static_cast<char>(range.first), static_cast<char>(range.last)};
      }
    if (depth > 0)
      if (auto known = tails.find(key); known != tails.end()) return known->second;
    std::vector<Edge> edges;
    for (const ByteRanges* group = begin; group != end;) {
      const ByteRange range = group->bytes[static_cast<size_t>(depth)];
      const ByteRanges* after = group;
      while (after != end && after->bytes[static_cast<size_t>(depth)].first == range.first) ++after;
      const bool last = group->length == depth + 1;
      edges.push_back({range.first, range.last, last ? next : build_bytes(group, after, depth + 1, next, tails)});
      group = after;
    }
    const int32_t made = add_bytes(edges);
    if (depth > 0) tails.emplace(std::move(key), made);
    return made;
  }

  const Grammar& grammar_;
  const Analysis& analysis_;
  std::vector<bool> inlined_;
  std::vector<ExprId> bodies_;  // of rules, then of loops within loops
  Automaton result_;
};

Result<Automaton> Automaton::compile(const Grammar& grammar) {
  MALMOI_ASSIGN(const Analysis analysis, grammar.analyse());
  return AutomatonCompiler(grammar, analysis).run();
}

}  // namespace malmoi::grammar
