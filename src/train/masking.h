// Masked sequences (Devlin et al. 2019): a share of the tokens is hidden, and the model is to say what stood there.
#pragma once

#include <cstdint>
#include <memory>

#include "base/config.h"
#include "base/error.h"
#include "train/examples.h"
#include "train/token_rules.h"

namespace malmoi::train {

struct MaskingConfig {
  double rate = 0.15;               // of the tokens, or of the words
  double mask = 0.8, random = 0.1;  // of those: become the mask, another token; the rest stay
  bool whole_words = false;         // all tokens of a word or none
  bool operator==(const MaskingConfig&) const = default;
};
inline constexpr std::string_view kMaskingOptions[] = {"rate", "mask", "random", "whole_words"};
MaskingConfig read_masking(ConfigReader& reader, const MaskingConfig& defaults = {});

/// `sequences` with what the tokenizer puts around a text around each of their documents, and masked: what is hidden in
/// example n follows from n and the seed alone. An example has `room` tokens at most. Errors: a vocabulary without a mask.
Result<std::unique_ptr<ExampleSource>> mask_tokens(std::unique_ptr<ExampleSource> sequences, const TokenRules& rules,
                                                   const MaskingConfig& config, uint64_t seed, int64_t room);

}  // namespace malmoi::train
