// `malmoi generate`: text from a model, and the raw continuation of ids.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "infer/engine.h"
#include "infer/next_words.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

/// A model with its tokenizer and what its folder says of generation.
struct LoadedModel {
  std::unique_ptr<model::Model> model;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer;
  std::vector<int32_t> stop_ids;  // end-of-text ids of generation_config.json, config.json or the tokenizer
  Path folder;
};

/// The folder of a model: a path, or a name in $MALMOI_HOME (default ~/.cache/malmoi).
Result<Path> find_model(const std::string& name);
Result<LoadedModel> load_for_generation(const std::string& name, DType dtype);

struct GenerateOptions {
  std::string prompt;
  int64_t max_tokens = 128;
  infer::SamplingOptions sampling;
  std::vector<std::string> stop;
  bool ignore_eos = false;
  bool parse_special = true;  // special tokens written in the prompt are recognised
  int64_t top_probabilities = 0;
};

/// The ids of a prompt: with what the tokenizer adds, or, where that gives none, the end-of-text token that separates
/// documents in training.
Result<std::vector<int32_t>> prompt_ids(const LoadedModel& loaded, const std::string& prompt,
                                        bool parse_special = true);

/// Streams the answer until it ends or a stop is requested (Ctrl-C; `finish_reason` is then `cancelled`). The result has
/// `text`, `finish_reason`, `prompt_tokens`, `generated_tokens`, `tokens_per_second` and, where asked, `tokens` with their
/// alternatives.
Result<Json> generate(const LoadedModel& loaded, const GenerateOptions& options,
                      const std::function<void(const std::string&)>& on_text);

/// What may follow a prompt: `tokens` and `words`, each with probabilities.
Result<Json> next_probabilities(const LoadedModel& loaded, const std::string& prompt, int64_t count);

struct GenerateIdsOptions {
  Path model, ids, out;
  std::optional<Path> mask;
  int64_t max_tokens = 16;
  infer::SamplingOptions sampling;
  bool ignore_eos = false;
  DType dtype = DType::kF32;
};
/// Raw: ids [B, T] in, [B, T + N] out; after the end of a row (unless ignored) its last id is repeated.
Status generate_ids(const GenerateIdsOptions& options);

}  // namespace malmoi::app
