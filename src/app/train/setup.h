// What a training run needs before its first step: tokenizer, flat ids, a model, memory that fits.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/train/train.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"
#include "train/stepper.h"
#include "train/token_data.h"

namespace malmoi::app {

struct PreparedData {
  std::unique_ptr<tokenizer::Tokenizer> tokenizer;  // null: format ids without one
  std::unique_ptr<train::TokenData> train, valid;   // valid null: none
  uint64_t valid_bytes = 0;                         // of the validation text; 0: not known
};

/// The tokenizer of a configuration, or null where it names none.
Result<std::unique_ptr<tokenizer::Tokenizer>> open_tokenizer(const train::TrainConfig& config);

/// Tokenises into OUT/data (once: what is there for the same inputs is used again) or opens flat ids. `vocab_size` is
/// the model's; every id is checked against it.
Result<PreparedData> prepare_data(const train::TrainConfig& config, std::unique_ptr<tokenizer::Tokenizer> tokenizer,
                                  int64_t vocab_size, const TrainEvents& events);

/// The model's published config: `model:` with what follows from tokenizer and data filled in, or that of init_from.
Result<std::unique_ptr<model::Model>> make_model(const ConfigDocument& document, const train::TrainConfig& config,
                                                 const tokenizer::Tokenizer* tokenizer);

/// Checkpointing level and batch that keep within memory_limit (and the machine's memory); batch_size and accumulation
/// are changed so that their product stays. Errors, before any allocation: what it needs, what there is, what would fit.
Result<train::MemoryPlan> fit_memory(const model::Model& model, train::TrainConfig& config,
                                     autograd::Checkpointing& level);

/// int8 needs a CPU that multiplies in 8 bits; `where` names the setting.
Status check_precision(Precision precision, std::string where);

}  // namespace malmoi::app
