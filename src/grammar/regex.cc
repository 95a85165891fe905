#include "grammar/regex.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "grammar/limits.h"
#include "grammar/regex_parser.h"

namespace malmoi::grammar {

Result<Regex> Regex::parse(std::string_view text, std::string where) {
  if (text.size() > kMaxText)
    return invalid_data("an expression of more than " + std::to_string(kMaxText) + " bytes", std::move(where));
  if (!is_valid_utf8(text)) return invalid_data("the expression is not UTF-8", std::move(where), "save it as UTF-8");
  return RegexParser(text, std::move(where)).run();
}

/// Writes an expression into a grammar.
class RegexSpeller {
 public:
  RegexSpeller(Grammar& grammar, const Regex& regex, const Regex::Spell& spell, bool whole)
      : grammar_(grammar), regex_(regex), spell_(spell), whole_(whole) {}

  ExprId run() { return spell(regex_.root_, !whole_, !whole_); }

 private:
  const RegexNode& node(int32_t id) const { return regex_.nodes_[static_cast<size_t>(id)]; }

  // `left`, `right`: other characters may stand before or behind this part, unless it is held by an anchor.
  ExprId spell(int32_t id, bool left, bool right) {
    if (left && !has(id, RegexKind::kStart)) return grammar_.sequence({anything(), spell(id, false, right)});
    if (right && !has(id, RegexKind::kEnd)) return grammar_.sequence({spell(id, left, false), anything()});
    const RegexNode& one = node(id);
    std::vector<ExprId> parts;
    switch (one.kind) {
      case RegexKind::kChars: return spell_(grammar_, one.set);
      case RegexKind::kStart:
      case RegexKind::kEnd: return grammar_.empty();
      case RegexKind::kRepeat: return grammar_.repeat(spell(one.parts[0], false, false), one.min, one.max);
      case RegexKind::kChoice:
        for (int32_t part : one.parts) parts.push_back(spell(part, left, right));
        return grammar_.choice(std::move(parts));
      case RegexKind::kSequence:
        for (size_t i = 0; i < one.parts.size(); ++i)
          parts.push_back(spell(one.parts[i], left && i == 0, right && i + 1 == one.parts.size()));
        return parts.empty() ? grammar_.empty() : grammar_.sequence(std::move(parts));
    }
    return grammar_.empty();
  }

  ExprId anything() { return grammar_.repeat(spell_(grammar_, CodePointSet::all()), 0, kUnbounded); }

  bool has(int32_t id, RegexKind anchor) const {
    return (anchor == RegexKind::kStart ? starts_ : ends_)[static_cast<size_t>(id)];
  }

  // The nodes that are an anchor or have one in them; parts stand before what they are parts of.
  std::vector<bool> holders(RegexKind anchor) const {
    std::vector<bool> held(regex_.nodes_.size());
    for (size_t id = 0; id < held.size(); ++id) {
      const RegexNode& one = regex_.nodes_[id];
      held[id] = one.kind == anchor || std::any_of(one.parts.begin(), one.parts.end(),
                                                   [&](int32_t part) { return held[static_cast<size_t>(part)]; });
    }
    return held;
  }

  Grammar& grammar_;
  const Regex& regex_;
  const Regex::Spell& spell_;
  bool whole_;
  std::vector<bool> starts_ = holders(RegexKind::kStart), ends_ = holders(RegexKind::kEnd);
};

ExprId Regex::whole(Grammar& grammar, const Spell& spell) const {
  return RegexSpeller(grammar, *this, spell, true).run();
}
ExprId Regex::within(Grammar& grammar, const Spell& spell) const {
  return RegexSpeller(grammar, *this, spell, false).run();
}

namespace {

Grammar grammar_of_root(std::string where, const std::function<ExprId(Grammar&)>& body) {
  Grammar grammar;
  const RuleId root = grammar.add_rule("regex", std::move(where));
  grammar.define(root, body(grammar));
  grammar.set_root(root);
  return grammar;
}

constexpr int64_t kMostCharacters = int64_t{1} << 40;  // counts above are all the same

int64_t times(int64_t count, int64_t length) {
  if (count == 0 || length == 0) return 0;
  return count > kMostCharacters / length ? kMostCharacters : count * length;
}

}  // namespace

Grammar Regex::whole_grammar(std::string where) const {
  return grammar_of_root(std::move(where), [&](Grammar& grammar) { return whole(grammar, plain); });
}
Grammar Regex::within_grammar(std::string where) const {
  return grammar_of_root(std::move(where), [&](Grammar& grammar) { return within(grammar, plain); });
}

TextLengths Regex::lengths() const {
  // Parts stand before what they are parts of.
  std::vector<TextLengths> lengths(nodes_.size());
  for (size_t id = 0; id < nodes_.size(); ++id) {
    const RegexNode& node = nodes_[id];
    TextLengths& sum = lengths[id];
    if (node.kind == RegexKind::kChars) sum = {1, 1};
    if (node.kind == RegexKind::kChoice) sum = {kMostCharacters, 0};
    for (int32_t part : node.parts) {
      const TextLengths& inner = lengths[static_cast<size_t>(part)];
      if (node.kind == RegexKind::kSequence) {
        sum.min = std::min(sum.min + inner.min, kMostCharacters);
        sum.max = inner.max == kUnbounded || sum.max == kUnbounded ? kUnbounded
                                                                   : std::min(sum.max + inner.max, kMostCharacters);
      } else if (node.kind == RegexKind::kChoice) {
        sum.min = std::min(sum.min, inner.min);
        sum.max = inner.max == kUnbounded || sum.max == kUnbounded ? kUnbounded : std::max(sum.max, inner.max);
      } else {
        sum.min = times(node.min, inner.min);
        const bool unbounded = inner.max == kUnbounded || (node.max == kUnbounded && inner.max > 0);
        sum.max = unbounded ? kUnbounded : times(std::max(node.max, 0), inner.max);
      }
    }
  }
  return lengths[static_cast<size_t>(root_)];
}

bool Regex::is_anchored() const {
  std::vector<bool> begins(nodes_.size()), ends(nodes_.size());
  for (size_t id = 0; id < nodes_.size(); ++id) {
    const RegexNode& node = nodes_[id];
    auto all = [&](const std::vector<bool>& held) {
      return std::all_of(node.parts.begin(), node.parts.end(),
                         [&](int32_t part) { return held[static_cast<size_t>(part)]; });
    };
    begins[id] = node.kind == RegexKind::kStart;
    ends[id] = node.kind == RegexKind::kEnd;
    if (node.parts.empty()) continue;
    if (node.kind == RegexKind::kChoice) {
      begins[id] = all(begins);
      ends[id] = all(ends);
    }
    if (node.kind == RegexKind::kSequence) {
      begins[id] = begins[static_cast<size_t>(node.parts.front())];
      ends[id] = ends[static_cast<size_t>(node.parts.back())];
    }
  }
  return begins[static_cast<size_t>(root_)] && ends[static_cast<size_t>(root_)];
}

const RegexNode* Regex::single_repeat() const {
  const RegexNode* found = &nodes_[static_cast<size_t>(root_)];
  if (found->kind == RegexKind::kSequence) {
    const RegexNode* inner = nullptr;
    for (int32_t part : found->parts) {
      const RegexNode& one = nodes_[static_cast<size_t>(part)];
      if (one.kind == RegexKind::kStart || one.kind == RegexKind::kEnd) continue;
      if (inner) return nullptr;
      inner = &one;
    }
    found = inner;
  }
  if (!found || found->kind != RegexKind::kRepeat) return nullptr;
  return nodes_[static_cast<size_t>(found->parts[0])].kind == RegexKind::kChars ? found : nullptr;
}

}  // namespace malmoi::grammar
