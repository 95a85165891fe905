#include "app/reward/preference_pairs.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <string_view>

#include "base/ascii.h"
#include "chat/jinja/text_methods.h"

namespace malmoi::app {
namespace {

// A text that begins as JSON does could be read as a list of messages: it becomes one.
Json cell_of_text(const char* role, const std::string& text) {
  const std::string_view begin = ascii_trim(text);
  if (!begin.starts_with('[') && !begin.starts_with('{')) return text;
  return Json::array({Json{{"role", role}, {"content", text}}});
}

bool all_equal(std::span<const JudgedAnswer> answers, double least_difference) {
  bool any = false;
  double low = 0, high = 0;
  for (const JudgedAnswer& answer : answers) {
    if (answer.failed()) continue;
    low = any ? std::min(low, answer.reward) : answer.reward;
    high = any ? std::max(high, answer.reward) : answer.reward;
    any = true;
  }
  return any && high - low <= least_difference;
}

// Those that can be learned from, each text once, the best first.
std::vector<size_t> ranked(std::span<const JudgedAnswer> answers) {
  std::vector<size_t> order;
  std::set<std::string_view> texts;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].failed() && !answers[i].blank() && texts.insert(answers[i].text).second) order.push_back(i);
  }
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](size_t i) { return answers[i].reward; });
  return order;
}

}  // namespace

bool JudgedAnswer::blank() const { return chat::jinja::stripped(text, nullptr, true, true).empty(); }

PromptPairs choose_pairs(std::span<const JudgedAnswer> answers, const PairRules& rules) {
  PromptPairs made{.pairs = {}, .tie = all_equal(answers, rules.least_difference)};
  const std::vector<size_t> worst_last = ranked(answers);
  std::vector<size_t> best;
  std::ranges::copy_if(worst_last, std::back_inserter(best), [&](size_t i) { return !answers[i].cut; });
  for (size_t n = 0; n < best.size() && n < static_cast<size_t>(std::max<int64_t>(rules.pairs, 0)); ++n) {
    const size_t chosen = best[n], rejected = worst_last[worst_last.size() - 1 - n];
    if (!(answers[chosen].reward - answers[rejected].reward > rules.least_difference)) break;
    made.pairs.emplace_back(chosen, rejected);
  }
  return made;
}

Json preference_row(const Json& prompt, const JudgedAnswer& chosen, const JudgedAnswer& rejected) {
  return {{"prompt", prompt.is_string() ? cell_of_text("user", prompt.get<std::string>()) : prompt},
          {"chosen", cell_of_text("assistant", chosen.text)},
          {"rejected", cell_of_text("assistant", rejected.text)},
          {"chosen_reward", chosen.reward},
          {"rejected_reward", rejected.reward}};
}

}  // namespace malmoi::app
