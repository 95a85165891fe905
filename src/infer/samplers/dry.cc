// DRY, "don't repeat yourself" (p-e-w, text-generation-webui PR 5677, 2024; with breakers of several tokens as in koboldcpp
// PR 982 and llama.cpp). Where the end of the text, n tokens long, stood in it before, the token that followed it there
// would make the repetition longer: multiplier * base^(n - allowed_length) is taken from its logit if n >= allowed_length,
// with the largest n of all places. A breaker ends a repetition: no end of the text that is compared reaches into one, and
// a token that is a breaker by itself is never made less likely.
#include <cmath>
#include <limits>
#include <unordered_map>

#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

// Both count tokens backwards: text[0] is the last one.
using Backwards = std::vector<int32_t>;

// lengths[k]: how many tokens before place k, counted with it, are those before the end (the Z function, Gusfield 1997, in
// one pass of the text).
std::vector<size_t> common_lengths(const Backwards& text) {
  std::vector<size_t> lengths(text.size(), 0);
  size_t left = 0, right = 0;  // text[left, right) is the furthest stretch that is like the beginning
  for (size_t k = 1; k < text.size(); ++k) {
    size_t n = k < right ? std::min(right - k, lengths[k - left]) : 0;
    while (k + n < text.size() && text[n] == text[k + n]) ++n;
    lengths[k] = n;
    if (k + n > right) {
      left = k;
      right = k + n;
    }
  }
  return lengths;
}

// How many tokens of `tail` stand behind place `at`, if all of them do; -1: they do not.
int64_t tail_behind(const Backwards& text, size_t at, const std::vector<int32_t>& tail) {
  if (tail.size() > at) return -1;
  for (size_t i = 0; i < tail.size(); ++i) {
    if (text[at - 1 - i] != tail[i]) return -1;
  }
  return static_cast<int64_t>(tail.size());
}

class Dry : public CopyableStep<Dry> {
 public:
  explicit Dry(const SamplingOptions& options)
      : multiplier_(options.dry_multiplier),
        base_(options.dry_base),
        allowed_(static_cast<size_t>(options.dry_allowed_length)),
        last_n_(options.dry_penalty_last_n),
        breakers_(options.breakers) {}

  void observe(int32_t id, bool) override { text_.push_back(id); }

  void apply(Candidates& candidates) override {
    const size_t window = last_n_ < 0 ? text_.size() : std::min(text_.size(), static_cast<size_t>(last_n_));
    const Backwards text(text_.rbegin(), text_.rbegin() + static_cast<std::ptrdiff_t>(window));
    const size_t limit = unbroken(text);
    if (window <= allowed_ || limit < allowed_) return;
    for (const auto& [id, length] : repetitions(text, limit)) {
      const double exponent = static_cast<double>(length - allowed_);
      // Finite, so that a token that rules leave alone can still be drawn.
      constexpr double kMost = std::numeric_limits<float>::max();
      if (!breaks(id))
        candidates.logits()[static_cast<size_t>(id)] -=
            static_cast<float>(std::min(multiplier_ * std::pow(base_, exponent), kMost));
    }
  }

 private:
  const std::vector<std::vector<int32_t>>* tails_of(int32_t id) const {
    if (!breakers_) return nullptr;
    auto found = breakers_->find(id);
    return found == breakers_->end() ? nullptr : &found->second;
  }
  bool breaks(int32_t id) const {
    const auto* tails = tails_of(id);
    return tails && std::ranges::any_of(*tails, [](const auto& tail) { return tail.empty(); });
  }
  // How many tokens stand behind the last breaker.
  size_t unbroken(const Backwards& text) const {
    for (size_t at = 0; breakers_ && at < text.size(); ++at) {
      const auto* tails = tails_of(text[at]);
      if (!tails) continue;
      int64_t longest = -1;
      for (const auto& tail : *tails) longest = std::max(longest, tail_behind(text, at, tail));
      if (longest >= 0) return at - static_cast<size_t>(longest);
    }
    return text.size();
  }
  // The tokens that would go on with a repetition, and how long it is.
  std::unordered_map<int32_t, size_t> repetitions(const Backwards& text, size_t limit) const {
    std::unordered_map<int32_t, size_t> longest;
    const std::vector<size_t> lengths = common_lengths(text);
    for (size_t k = 1; k < text.size(); ++k) {
      const size_t n = std::min(lengths[k], limit);
      if (n < std::max<size_t>(allowed_, 1)) continue;
      size_t& known = longest[text[k - 1]];
      known = std::max(known, n);
    }
    return longest;
  }

  double multiplier_, base_;
  size_t allowed_;
  int64_t last_n_;
  std::shared_ptr<const chat::SequenceBreakers> breakers_;
  std::vector<int32_t> text_;
};

std::unique_ptr<SamplerStep> make_dry(const SamplingOptions& options) {
  if (options.dry_multiplier == 0 || options.dry_penalty_last_n == 0) return nullptr;
  return std::make_unique<Dry>(options);
}

}  // namespace

extern const SamplerEntry dry_sampler{.name = "dry", .make = make_dry};

}  // namespace malmoi::infer
