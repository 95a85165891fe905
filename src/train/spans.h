// Corrupted spans (Raffel et al. 2020, section 3.1.4): runs of tokens are cut out of a text, and the model is to write them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/rng.h"
#include "train/examples.h"
#include "train/token_rules.h"

namespace malmoi::train {

struct SpanConfig {
  double noise_density = 0.15;  // of the tokens: cut out
  double mean_span = 3;         // tokens
  bool operator==(const SpanConfig&) const = default;
};
inline constexpr std::string_view kSpanOptions[] = {"noise_density", "mean_span"};
SpanConfig read_spans(ConfigReader& reader);

/// How many tokens of a text are cut out, in how many spans: at least one of either, and one token stays before each.
struct SpanCounts {
  int64_t noise = 0, spans = 0;
};
SpanCounts count_spans(int64_t length, const SpanConfig& config, int64_t sentinels);

/// The text with a sentinel in the place of each span, and the spans with their sentinels before them; the end of text stands
/// behind both.
struct CorruptedText {
  std::vector<int32_t> input, output;
};
/// Of at least two tokens. Draws from `rng` alone.
CorruptedText corrupt_spans(std::span<const int32_t> text, const SpanConfig& config, const TokenRules& rules, Rng& rng);

/// `sequences` with each of their documents as a text of its own: what its encoder and its decoder read follow from the
/// example's number and the seed alone. An example has `room` tokens on either side at most. Errors: a vocabulary without
/// sentinels or an end of text.
Result<std::unique_ptr<ExampleSource>> corrupt_sequences(std::unique_ptr<ExampleSource> sequences,
                                                         const TokenRules& rules, const SpanConfig& config,
                                                         uint64_t seed, int64_t room);

}  // namespace malmoi::train
