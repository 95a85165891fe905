// What a training run reads: texts tokenised once into OUT/data, flat ids or arrays as they are.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"
#include "train/examples.h"
#include "train/loop.h"

namespace malmoi::app {

/// The tokenizer of a configuration, or null where it names none. One of characters is made of the training text alone:
/// what is held out must not be seen here either.
Result<std::unique_ptr<tokenizer::Tokenizer>> open_tokenizer(const train::TrainConfig& config);
/// The same before adapter.new_tokens are added.
Result<std::unique_ptr<tokenizer::Tokenizer>> open_base_tokenizer(const train::TrainConfig& config);

struct PreparedData {
  std::unique_ptr<train::ExampleSource> train, valid;       // valid null: none
  uint64_t valid_bytes = 0;                                 // of the validation text; 0: not known
  uint64_t documents = 0;                                   // texts or rows that valid_fraction chose from
  std::unique_ptr<train::ExampleSource> replay_valid = {};  // held out of data.replay; null: none
  /// Instead of `valid`: figures of answers to prompts that are held out.
  std::function<Result<std::vector<train::NamedFigure>>()> measure = {};
};

/// Rows that are read together, as the objective has them (train::rows_together): at least 1.
uint64_t whole_groups(const train::TrainConfig& config);

/// Errors: rows of which none has what the objective learns from.
Status check_targets(const train::TrainConfig& config, const PreparedData& prepared, const train::Objective& objective);

/// What asks for validation and leaves nothing for it is said, an error where early stopping is asked for.
Status check_held_out(const train::TrainConfig& config, const PreparedData& prepared, const Job& job);

/// Of arrays, sets data.sequence_length to the length of their longest rows.
Status measure_arrays(train::TrainConfig& config);

/// Tokenises by data/tokenize.h (once: what is there for the same inputs is used again) or opens flat ids or arrays. Every
/// value is checked against what the model can take. `tokenizer` may be null where the format is not text. Tables are
/// encode_tables' (tables.h), conversations prepare_chats' (chats.h).
Result<PreparedData> prepare_data(const train::TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                                  const model::Model& model, const Job& job);

/// Examples of an epoch, without writing anything: of texts that no run has tokenised yet, about so many.
Result<uint64_t> examples_of_epoch(const train::TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                                   const model::Model& model);

}  // namespace malmoi::app
