#include "infer/constraints.h"

#include <algorithm>

#include "grammar/constraint.h"

namespace malmoi::infer {
namespace {

// What a server is asked for again and again. Most hold less than a megabyte of masks, a hostile one some 128
// (grammar/limits.h).
constexpr size_t kMostRemembered = 8;

}  // namespace

// Read from the tokenizer when it is first wanted.
std::shared_ptr<const grammar::Vocabulary> Constraints::vocabulary() {
  std::call_once(made_, [this] { vocabulary_ = grammar::Vocabulary::make(*tokenizer_); });
  return vocabulary_;
}

Result<std::shared_ptr<const grammar::CompiledGrammar>> Constraints::compile(const chat::Constraint& constraint) {
  {
    std::lock_guard lock(mutex_);
    auto known = std::ranges::find(last_, constraint, [](const auto& entry) { return entry.first; });
    if (known != last_.end()) {
      std::rotate(last_.begin(), known, known + 1);
      return last_.front().second;
    }
  }
  MALMOI_ASSIGN(Compiled compiled, grammar::compile(constraint, vocabulary()));  // beside others, which need not wait
  std::lock_guard lock(mutex_);
  auto same = std::ranges::find(last_, constraint, [](const auto& entry) { return entry.first; });
  if (same != last_.end()) return same->second;  // another thread was as quick
  last_.emplace_front(constraint, compiled);
  if (last_.size() > kMostRemembered) last_.pop_back();
  return compiled;
}

}  // namespace malmoi::infer
