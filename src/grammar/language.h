// Texts that are of several expressions at once, of a length, and not of others: one deterministic automaton over characters.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "grammar/automaton.h"
#include "grammar/grammar.h"
#include "grammar/regex.h"

namespace malmoi::grammar {

/// Conditions that must all hold. Their product is made of the states that some text leads to, so that what is written of it is
/// read in one way. Time and memory are bounded: kMaxLanguageStates, kMaxLanguageSteps, kMaxLanguageBytes. One thread.
class Language {
 public:
  explicit Language(std::string where) : where_(std::move(where)) {}

  /// The whole text is of the expression, or it is found in it; with `wanted` false, it is not.
  enum class Reach : uint8_t { kWhole, kWithin };
  Status add(const Regex& regex, Reach reach, bool wanted);
  /// The text is none of these.
  Status exclude(const std::vector<std::string>& texts);
  /// Characters of the text; `max`: kUnbounded.
  void set_length(int32_t min, int32_t max);

  /// Rules of the texts, with `end` behind each. `steps` counts on, over all that one schema writes. Errors: kUnsupported, where it
  /// takes too many states, or steps.
  Result<ExprId> write(Grammar& grammar, const Regex::Spell& spell, ExprId end, int64_t& steps) const;

 private:
  friend class LanguageWriter;

  struct Part {
    std::unique_ptr<const Automaton> automaton;
    bool wanted;
  };

  std::string where_;
  std::vector<Part> parts_;
  std::vector<CodePointSet> sets_;  // that some part tells from others
  int32_t min_length_ = 0, max_length_ = kUnbounded;
};

}  // namespace malmoi::grammar
