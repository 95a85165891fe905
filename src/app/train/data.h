// The ids that a training run reads: texts tokenised once into OUT/data, or flat files as they are.
#pragma once

#include <memory>

#include "base/error.h"
#include "base/job.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"
#include "train/token_data.h"

namespace malmoi::app {

/// The tokenizer of a configuration, or null where it names none. One of characters is made of the training text alone:
/// what is held out must not be seen here either.
Result<std::unique_ptr<tokenizer::Tokenizer>> open_tokenizer(const train::TrainConfig& config);

struct PreparedData {
  std::unique_ptr<train::TokenData> train, valid;  // valid null: none
  uint64_t valid_bytes = 0;                        // of the validation text; 0: not known
};

/// Tokenises by data/tokenize.h (once: what is there for the same inputs is used again) or opens flat ids. `vocab_size`
/// is the model's; every id is checked against it. `tokenizer` may be null where the format is ids.
Result<PreparedData> prepare_data(const train::TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                                  int64_t vocab_size, const Job& job);

}  // namespace malmoi::app
