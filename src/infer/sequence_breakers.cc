#include "infer/sequence_breakers.h"

#include <algorithm>

#include "base/utf8.h"

namespace malmoi::infer {
namespace {

constexpr size_t kLongestTail = 20;  // tokens; it bounds what each draw compares

// A breaker with, for each way to cut it in two, the tokens of what is behind the cut.
struct Breaker {
  std::string text;
  std::vector<std::vector<int32_t>> tails;  // by the length of what is before the cut; none within a character
};

Breaker breaker_of(const tokenizer::Tokenizer& tokenizer, const std::string& text) {
  Breaker breaker{text, std::vector<std::vector<int32_t>>(text.size())};
  for (size_t cut = 1; cut < text.size(); ++cut) {
    if (is_utf8_continuation(text[cut])) continue;
    breaker.tails[cut] = tokenizer.encode(std::string_view(text).substr(cut), {.parse_special = false});
    if (breaker.tails[cut].size() > kLongestTail) breaker.tails[cut].resize(kLongestTail);
  }
  return breaker;
}

void add_tails(const Breaker& breaker, std::string_view token, std::vector<std::vector<int32_t>>& tails) {
  auto add = [&](const std::vector<int32_t>& tail) {
    if (std::ranges::find(tails, tail) == tails.end()) tails.push_back(tail);
  };
  const std::string_view text = breaker.text;
  if (token.find(text) != std::string_view::npos) return add({});
  for (size_t cut = 1; cut < text.size(); ++cut) {
    if (!breaker.tails[cut].empty() && token.ends_with(text.substr(0, cut))) add(breaker.tails[cut]);
  }
}

chat::SequenceBreakers find(const tokenizer::Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  std::vector<Breaker> breakers;
  for (const std::string& text : texts) breakers.push_back(breaker_of(tokenizer, text));
  chat::SequenceBreakers found;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string token = tokenizer.token_bytes(id);
    std::vector<std::vector<int32_t>> tails;
    for (const Breaker& breaker : breakers) add_tails(breaker, token, tails);
    if (!tails.empty()) found.emplace(id, std::move(tails));
  }
  return found;
}

}  // namespace

void SequenceBreakerFinder::fill(chat::SamplingOptions& sampling) const {
  if (sampling.dry_multiplier == 0 || sampling.dry_sequence_breakers.empty() || sampling.breakers) return;
  {
    std::lock_guard lock(mutex_);
    if (last_ && texts_ == sampling.dry_sequence_breakers) {
      sampling.breakers = last_;
      return;
    }
  }
  auto found = std::make_shared<const chat::SequenceBreakers>(find(*tokenizer_, sampling.dry_sequence_breakers));
  std::lock_guard lock(mutex_);
  texts_ = sampling.dry_sequence_breakers;
  last_ = found;
  sampling.breakers = std::move(found);
}

}  // namespace malmoi::infer
