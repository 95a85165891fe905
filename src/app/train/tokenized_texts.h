// The texts of a training configuration as ids in its out folder, tokenised once by data/tokenize.h.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"

namespace malmoi::app {

struct TokenizedTexts {
  Path train, valid;  // flat ids
  bool has_valid = false;
  uint64_t valid_bytes = 0;  // that the tokens of the held-out text stand for
  uint64_t documents = 0;
};

/// Where a run's own texts go, and those that it replays.
inline constexpr const char* kOwnTexts = "data";
inline constexpr const char* kReplayedTexts = "replay";

/// What an earlier call wrote for the same texts and tokenizer, if anything.
std::optional<TokenizedTexts> tokenized_before(const train::TrainConfig& config, const tokenizer::Tokenizer& tokenizer,
                                               const char* folder = kOwnTexts);

/// Tokenises; what is there for the same texts and tokenizer is used again.
Result<TokenizedTexts> tokenize_texts(const train::TrainConfig& config, const tokenizer::Tokenizer& tokenizer,
                                      const Job& job, const char* folder = kOwnTexts);

/// Tokens of the training part, about, without writing any: a first stretch is encoded, the rest counted in bytes.
Result<uint64_t> estimate_tokens(const train::TrainConfig& config, const tokenizer::Tokenizer& tokenizer);

}  // namespace malmoi::app
