// How the next token is drawn: what a request may ask for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace malmoi::chat {

/// Texts at which a repetition ends, in ids: the first token of each way to write one, to what must follow it.
using SequenceBreakers = std::unordered_map<int32_t, std::vector<std::vector<int32_t>>>;

/// Applied to the logits l of a step in this order; the formula and the source of each stand in its file in infer/samplers/.
///
/// What changes logits, of all tokens: repetition penalty, presence and frequency penalty, logit bias, DRY.
///
/// Top-n-sigma, which is about logits, and keeps the same tokens at any temperature.
///
/// Temperature t (l / t; 0: the largest, the lowest id on ties; nothing below has anything left to do then). It comes before
/// what follows, as in transformers, for whose models generation_config.json is written: llama.cpp and Ollama have it last.
///
/// What keeps a part of the tokens, each a part of what the one before has kept: top-k, typical-p, top-p, min-p, XTC (as
/// llama.cpp orders them: XTC goes last, so that it takes tokens from those that were found good enough alone). Mirostat
/// decides how many stay by itself: with it this group and top-n-sigma are passed over.
///
/// Then one is drawn. A value in the fields' initialisers asks for nothing.
struct SamplingOptions {
  double temperature = 1.0;
  int64_t top_k = 0;  // 0: all
  double typical_p = 1.0;
  double top_p = 1.0;
  double min_p = 0.0;
  double top_n_sigma = 0.0;  // 0 or less: off
  double xtc_probability = 0.0, xtc_threshold = 0.1;
  double repetition_penalty = 1.0;
  double presence_penalty = 0.0, frequency_penalty = 0.0;
  int64_t penalty_last_n = -1;  // the three penalties look at so many last tokens of the text; -1: all
  double dry_multiplier = 0.0, dry_base = 1.75;
  int64_t dry_allowed_length = 2;
  int64_t dry_penalty_last_n = -1;  // DRY looks at so many last tokens; -1: all
  std::vector<std::string> dry_sequence_breakers = {"\n", ":", "\"", "*"};
  int64_t mirostat = 0;  // 1 and 2: the version; 0: off
  double mirostat_tau = 5.0, mirostat_eta = 0.1;
  uint64_t seed = 0;
  std::vector<std::pair<int32_t, float>> logit_bias;  // added
  std::shared_ptr<const SequenceBreakers> breakers;   // the same in ids, by who has the tokenizer; null: none

  /// Whether every value is in its range; names the one that is not.
  Status check() const;
};

/// A number among the options: how requests, recipes and (with '-' for '_') the command line spell it, and its range.
struct SamplingField {
  std::string_view name;
  std::variant<double SamplingOptions::*, int64_t SamplingOptions::*> member;
  double low = 0, high = 0;
  const char* help = "";
  bool above_low = false;       // `low` itself is out of range
  std::string_view alias = {};  // as llama.cpp spells it
};
/// All of them but the seed, in the order of --help.
std::span<const SamplingField> sampling_fields();

constexpr size_t kMostBreakers = 32;    // texts of dry_sequence_breakers
constexpr size_t kLongestBreaker = 40;  // bytes, as in llama.cpp

}  // namespace malmoi::chat
