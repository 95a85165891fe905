#include "grammar/language.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "grammar/limits.h"
#include "grammar/local_automaton.h"

namespace malmoi::grammar {
namespace {

std::string bytes_of(const CodePointSet& set) {
  return std::string(reinterpret_cast<const char*>(set.ranges().data()), set.ranges().size() * sizeof(CodePointRange));
}

Error too_large(const std::string& where) {
  return unsupported("patterns, lengths and 'not' that must hold of one text make more than " +
                         std::to_string(kMaxLanguageStates) + " states, or take too much",
                     where, "write one pattern that says all, or ask for less");
}

}  // namespace

/// Makes the product of the parts, state by state.
class LanguageWriter {
 public:
  LanguageWriter(const Language& language, Grammar& grammar, const Regex::Spell& spell, ExprId end, int64_t& steps)
      : language_(language), grammar_(grammar), spell_(spell), end_(end), steps_(steps) {}

  Result<ExprId> run() {
    for (const Language::Part& part : language_.parts_)
      readers_.push_back(std::make_unique<LocalAutomaton>(*part.automaton));
    MALMOI_TRY(find_classes());
    State start;
    for (size_t i = 0; i < readers_.size(); ++i) {
      readers_[i]->begin();
      start.push_back(readers_[i]->enter(language_.parts_[i].automaton->start(), 0));
      if (start.back() == LocalAutomaton::kExceeded || readers_[i]->met_limit()) return too_large(language_.where_);
    }
    start.push_back(0);  // characters so far
    const RuleId root = rule_of(std::move(start));
    for (size_t i = 0; i < open_.size(); ++i) MALMOI_TRY(define(*open_[i].state, open_[i].rule));
    return grammar_.call(root);
  }

 private:
  using State = std::vector<int32_t>;  // of each part the set of its readings, then the length

  struct Open {
    const State* state;  // a key of rules_
    RuleId rule;
  };
  struct Class {
    CodePointSet characters;
    std::string one;  // of them, in UTF-8
  };

  // Characters that no part tells apart are one class.
  Status find_classes() {
    std::vector<CodePointSet> sets;
    std::map<std::string, bool> known;
    for (const CodePointSet& set : language_.sets_)
      if (known.emplace(bytes_of(set), true).second) sets.push_back(set);
    std::vector<char32_t> cuts{0, kLastCodePoint + 1};
    for (const CodePointSet& set : sets)
      for (const CodePointRange& range : set.ranges()) {
        cuts.push_back(range.first);
        cuts.push_back(range.last + 1);
      }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    steps_ += static_cast<int64_t>(cuts.size() * (sets.size() + 1));
    if (steps_ > kMaxLanguageSteps) return too_large(language_.where_);
    std::map<std::string, std::vector<CodePointRange>> alike;  // by the sets that they belong to
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      std::string belongs;
      for (const CodePointSet& set : sets) belongs += set.contains(cuts[i]) ? '1' : '0';
      alike[belongs].push_back({cuts[i], cuts[i + 1] - 1});
    }
    for (auto& [belongs, ranges] : alike) {
      CodePointSet characters(std::move(ranges));
      if (characters.empty()) continue;  // surrogates
      std::string one;
      append_utf8(one, characters.ranges()[0].first);
      classes_.push_back({std::move(characters), std::move(one)});
    }
    return {};
  }

  RuleId rule_of(State state) {
    const auto [found, is_new] = rules_.try_emplace(std::move(state), -1);
    if (is_new) {
      found->second = grammar_.add_rule("text", language_.where_);
      open_.push_back({&found->first, found->second});
    }
    return found->second;
  }

  Status define(const State& state, RuleId rule) {
    std::map<RuleId, std::vector<CodePointRange>> targets;
    for (const Class& one : classes_) {
      State next;
      MALMOI_ASSIGN(const bool lives, step(state, one.one, next));
      if (!lives) continue;
      if (static_cast<int32_t>(open_.size()) >= kMaxLanguageStates && !rules_.contains(next))
        return too_large(language_.where_);
      const std::vector<CodePointRange>& ranges = one.characters.ranges();
      std::vector<CodePointRange>& all = targets[rule_of(std::move(next))];
      all.insert(all.end(), ranges.begin(), ranges.end());
      steps_ += static_cast<int64_t>(ranges.size());
    }
    if (grammar_.exprs().size() > kMaxExpressions) return too_large(language_.where_);
    std::vector<ExprId> ways;
    for (auto& [target, ranges] : targets)
      ways.push_back(grammar_.sequence({spelled(CodePointSet(std::move(ranges))), grammar_.call(target)}));
    if (is_end(state)) ways.push_back(end_);
    grammar_.define(rule, grammar_.choice(std::move(ways)));
    return {};
  }

  // False: no text goes on there.
  Result<bool> step(const State& state, std::string_view character, State& next) {
    const int32_t length = state.back(), max = language_.max_length_;
    if (max != kUnbounded && length == max) return false;
    for (size_t i = 0; i < readers_.size(); ++i) {
      if (++steps_ > kMaxLanguageSteps) return too_large(language_.where_);
      LocalAutomaton& reader = *readers_[i];
      const int64_t before = reader.work();
      const size_t held = reader.bytes();
      reader.begin();
      int32_t set = state[i];
      for (size_t byte = 0; byte < character.size() && set >= 0; ++byte)
        set = reader.step(set, static_cast<uint8_t>(character[byte]));
      steps_ += reader.work() - before;
      bytes_ += reader.bytes() - held;
      // Where it gave up it would be taken for a text that is not of the part.
      if (set == LocalAutomaton::kExceeded || reader.met_limit() || bytes_ > kMaxLanguageBytes)
        return too_large(language_.where_);
      if (set < 0 && language_.parts_[i].wanted) return false;
      next.push_back(set);
    }
    // Without an upper end, what is above the lower one is all the same.
    next.push_back(max == kUnbounded ? std::min(length + 1, language_.min_length_) : length + 1);
    return true;
  }

  bool is_end(const State& state) const {
    for (size_t i = 0; i < readers_.size(); ++i) {
      const bool is_of_it = state[i] >= 0 && readers_[i]->returns(state[i]);
      if (is_of_it != language_.parts_[i].wanted) return false;
    }
    return state.back() >= language_.min_length_;
  }

  ExprId spelled(const CodePointSet& characters) {
    const auto [found, is_new] = spelled_.try_emplace(bytes_of(characters), -1);
    if (is_new) found->second = spell_(grammar_, characters);
    return found->second;
  }

  const Language& language_;
  Grammar& grammar_;
  const Regex::Spell& spell_;
  const ExprId end_;
  std::vector<std::unique_ptr<LocalAutomaton>> readers_;
  std::vector<Class> classes_;
  std::map<State, RuleId> rules_;
  std::vector<Open> open_;  // all of them, in the order in which they were found
  std::map<std::string, ExprId> spelled_;
  int64_t& steps_;
  size_t bytes_ = 0;  // of the readers' sets
};

Status Language::add(const Regex& regex, Reach reach, bool wanted) {
  const Grammar grammar = reach == Reach::kWhole ? regex.whole_grammar(where_) : regex.within_grammar(where_);
  auto automaton = Automaton::compile(grammar);
  if (!automaton.ok()) return std::move(automaton).error();
  parts_.push_back({std::make_unique<const Automaton>(*std::move(automaton)), wanted});
  for (const RegexNode& node : regex.nodes())
    if (node.kind == RegexKind::kChars) sets_.push_back(node.set);
  return {};
}

Status Language::exclude(const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  Grammar grammar;
  std::vector<ExprId> ways;
  for (const std::string& text : texts) {
    ways.push_back(grammar.literal(text));
    for (size_t at = 0; at < text.size();) {
      const Utf8Char character = decode_utf8(text, at);
      sets_.push_back(CodePointSet::one(character.code_point));
      at += character.length;
    }
  }
  const RuleId root = grammar.add_rule("texts", where_);
  grammar.define(root, grammar.choice(std::move(ways)));
  grammar.set_root(root);
  MALMOI_ASSIGN(Automaton automaton, Automaton::compile(grammar));
  parts_.push_back({std::make_unique<const Automaton>(std::move(automaton)), false});
  return {};
}

void Language::set_length(int32_t min, int32_t max) {
  min_length_ = min;
  max_length_ = max;
}

Result<ExprId> Language::write(Grammar& grammar, const Regex::Spell& spell, ExprId end, int64_t& steps) const {
  return LanguageWriter(*this, grammar, spell, end, steps).run();
}

}  // namespace malmoi::grammar
