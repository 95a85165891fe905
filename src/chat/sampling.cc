#include "chat/sampling.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

namespace malmoi::chat {
namespace {

using Options = SamplingOptions;

constexpr double kMostTokens = 1 << 30;
constexpr double kLongestRepetition = 1 << 20;

constexpr SamplingField kFields[] = {
    {"temperature", &Options::temperature, 0, 100, "0: always the most probable"},
    {"top_k", &Options::top_k, 0, kMostTokens, "keep the k most probable; 0: all"},
    {"top_p", &Options::top_p, 0, 1, "keep the fewest that reach this probability", true},
    {"min_p", &Options::min_p, 0, 1, "keep those of at least this share of the largest"},
    {"typical_p", &Options::typical_p, 0, 1, "keep the most typical that reach this probability; 1: all", true},
    {"top_n_sigma", &Options::top_n_sigma, -1, 100,
     "keep logits within so many standard deviations of the largest; 0: all"},
    {"xtc_probability", &Options::xtc_probability, 0, 1,
     "how often all but the least probable of those above the threshold are left out"},
    {"xtc_threshold", &Options::xtc_threshold, 0, 1,
     "the probability from which on tokens may be left out; above 0.5: off"},
    {"repetition_penalty", &Options::repetition_penalty, 0.01, 100,
     "above 1: tokens already in the text become less likely", false, "repeat_penalty"},
    {"presence_penalty", &Options::presence_penalty, -100, 100, "taken from tokens that were generated"},
    {"frequency_penalty", &Options::frequency_penalty, -100, 100, "taken from tokens each time they were generated"},
    {"penalty_last_n", &Options::penalty_last_n, -1, kMostTokens,
     "the three penalties look at so many last tokens; -1: all", false, "repeat_last_n"},
    {"dry_multiplier", &Options::dry_multiplier, 0, 100, "above 0: longer repetitions become less likely (DRY)"},
    {"dry_base", &Options::dry_base, 1, 100, "each further token of a repetition multiplies DRY's penalty by this"},
    {"dry_allowed_length", &Options::dry_allowed_length, 0, kLongestRepetition,
     "repetitions shorter than so many tokens cost nothing"},
    {"dry_penalty_last_n", &Options::dry_penalty_last_n, -1, kMostTokens,
     "DRY looks at so many last tokens; 0: off, -1: all"},
    {"mirostat", &Options::mirostat, 0, 2, "1 or 2: as many tokens stay as keep the surprise near tau; 0: off"},
    {"mirostat_tau", &Options::mirostat_tau, 0, 100, "the surprise that Mirostat keeps, in bits a token"},
    {"mirostat_eta", &Options::mirostat_eta, 0, 10, "how fast Mirostat follows it"},
};

std::string range_of(const SamplingField& field) {
  if (field.above_low) return fmt::format("above {}, at most {}", field.low, field.high);
  return fmt::format("{} to {}", field.low, field.high);
}

}  // namespace

std::span<const SamplingField> sampling_fields() { return kFields; }

Status SamplingOptions::check() const {
  for (const SamplingField& field : kFields) {
    const double value = std::visit([this](auto member) { return static_cast<double>(this->*member); }, field.member);
    const bool above = field.above_low ? value > field.low : value >= field.low;
    if (!(above && value <= field.high))
      return usage_error(std::string(field.name) + " is out of range", "sampling", "use " + range_of(field));
  }
  if (dry_sequence_breakers.size() > kMostBreakers)
    return usage_error("dry_sequence_breakers are too many", "sampling", fmt::format("use at most {}", kMostBreakers));
  auto wrong = [](const std::string& text) { return text.empty() || text.size() > kLongestBreaker; };
  if (std::ranges::any_of(dry_sequence_breakers, wrong))
    return usage_error("one of dry_sequence_breakers is empty or too long", "sampling",
                       fmt::format("use texts of 1 to {} bytes", kLongestBreaker));
  if (std::ranges::any_of(logit_bias, [](const auto& token) { return !std::isfinite(token.second); }))
    return usage_error("a value of logit_bias is not finite", "sampling", "use -100 for never and 100 for always");
  return {};
}

}  // namespace malmoi::chat
