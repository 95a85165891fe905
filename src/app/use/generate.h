// `malmoi generate`: text from a model, and the raw continuation of ids.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "chat/sampling.h"
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

/// The folder of a model: a path, or a name in $MALMOI_HOME (default ~/.cache/malmoi). Of a training run, that of its best
/// model, or of its last where nothing was held out; `message` is told so.
Result<Path> find_model(const std::string& name, const Message& message = {});
/// Warns where model and tokenizer do not seem to belong together.
Result<LoadedModel> load_for_generation(const std::string& name, DType dtype, const Job& job);
/// For who gives ids and takes ids: the tokenizer is null where the folder has none.
Result<LoadedModel> load_for_ids(const std::string& name, DType dtype, const Job& job);

struct GenerateOptions {
  std::string prompt;
  int64_t max_tokens = 128;
  chat::SamplingOptions sampling;
  std::vector<std::string> stop;
  bool ignore_eos = false;
  bool parse_special = true;  // special tokens written in the prompt are recognised
  bool trim_start = false;    // white space at the answer's beginning is left out
  int64_t top_probabilities = 0;
};

/// Warns of characters of a prompt that the vocabulary cannot spell.
void warn_of_unknown(const tokenizer::Tokenizer& tokenizer, const std::string& prompt, const Warn& warn);

/// A token with what the model gave it.
struct TokenChance {
  int32_t id = 0;
  std::string bytes;  // that it stands for
  double logprob = 0;
  double probability() const;
};

struct Generated {
  struct Token : TokenChance {
    std::vector<TokenChance> alternatives;  // the most probable ones, in order
  };
  std::string text;
  std::string finish_reason;  // stop, length or cancelled
  int64_t prompt_tokens = 0, generated_tokens = 0;
  double seconds = 0;
  std::optional<std::vector<Token>> tokens;  // where top_probabilities asks for them
  double tokens_per_second() const { return seconds > 0 ? static_cast<double>(generated_tokens) / seconds : 0; }
};
Json to_json(const Generated& generated);

/// Streams the answer to `on_text` (may be null) until it ends or a stop is requested, which is no error.
Result<Generated> generate(const LoadedModel& loaded, const GenerateOptions& options,
                           const std::function<void(const std::string&)>& on_text, const StopToken& stop);

/// What may follow a prompt, the most probable first.
struct NextReport {
  std::string prompt;
  std::vector<TokenChance> tokens;
  std::vector<infer::NextWord> words;
};
Json to_json(const NextReport& report);
Result<NextReport> next_probabilities(const LoadedModel& loaded, const std::string& prompt, int64_t count);

struct GenerateIdsOptions {
  Path model, ids, out;
  std::optional<Path> mask;
  int64_t max_tokens = 16;
  chat::SamplingOptions sampling;
  bool ignore_eos = false;
  DType dtype = DType::kF32;
  Warn warn = {};
};
/// Raw: ids [B, T] in, [B, T + N] out, of an encoder-decoder [B, 1 + N]; after the end of a row (unless ignored) its last id
/// is repeated.
Status generate_ids(const GenerateIdsOptions& options);

}  // namespace malmoi::app
