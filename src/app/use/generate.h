// `malmoi generate`: text from a model, and the raw continuation of ids.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/use/load_choice.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "chat/sampling.h"
#include "infer/beam_search.h"
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

/// The folder or GGUF file of a model: a path, or a name of the store (app/store/store.h). Of a folder with one GGUF file,
/// that; of a training run, the folder of its best model, or of its last where nothing was held out; `message` is told so.
Result<Path> find_model(const std::string& name, const Message& message = {});
/// What a file says of a model that was found by a name, so that it means the same from elsewhere: the name of the store, else the
/// absolute path of what was found.
std::string lasting_name(const std::string& name, const Path& found);
/// Whether a model answers a text, rather than to go on with it: an encoder-decoder.
bool answers_texts(const LoadedModel& loaded);
/// Warns where model and tokenizer do not seem to belong together. Of a run that trained an adapter, or such an adapter's folder:
/// the model that it names, with it.
Result<LoadedModel> load_for_generation(const std::string& name, const LoadChoice& choice, const Job& job);
/// For who gives ids and takes ids: the tokenizer is null where the folder has none.
Result<LoadedModel> load_for_ids(const std::string& name, const LoadChoice& choice, const Job& job);

/// How answers are found and what they may be made of, beside sampling.
struct AnswerOptions {
  int64_t beams = 1;   // above 1: a search (infer/beam_search.h) in place of drawing
  int64_t n_best = 1;  // answers that are told: of the beams, or drawn apart
  double length_penalty = 1;
  infer::EarlyStopping early_stopping = infer::EarlyStopping::kNo;
  bool renormalise = false;
  infer::AnswerRules rules;
  std::vector<int32_t> begin;  // what the decoder of an encoder-decoder begins with; empty: as the model says
};

struct GenerateOptions {
  std::string prompt;
  std::vector<int32_t> prompt_ids;   // in place of the prompt, where there are any
  std::vector<int32_t> end_ids;      // tokens that end an answer, beside the model's end of text
  std::vector<int32_t> spelled_ids;  // special tokens that print as they are spelled (infer::Request)
  int64_t max_tokens = 128;
  chat::SamplingOptions sampling;
  std::vector<std::string> token_biases;  // of sampling, as app/use/token_biases.h reads them
  AnswerOptions answers;
  std::vector<std::string> stop;
  std::optional<chat::Constraint> constraint;               // what the answer must be; not with beams
  std::shared_ptr<const grammar::CompiledGrammar> grammar;  // the same, compiled; null: it is compiled for each answer
  nn::KeyType keys = nn::KeyType::kModel;                   // what keys and values of what was read are kept as
  std::shared_ptr<infer::Drafter> drafter;                  // guesses ahead, not with beams; null: nothing does
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
  struct Answer {
    std::string text;
    std::string finish_reason;
    double score = 0;  // the sum of the tokens' logprobs over a power of their number: AnswerOptions::length_penalty
    int64_t tokens = 0;
  };
  std::string text;           // of the first answer
  std::string finish_reason;  // stop, length or cancelled
  int64_t prompt_tokens = 0, generated_tokens = 0;
  double seconds = 0, first_seconds = 0;     // until the end, until the first token
  std::optional<std::vector<Token>> tokens;  // where top_probabilities asks for them
  std::vector<Answer> answers;               // where there are beams, or more than one answer: the best first
  double tokens_per_second() const { return seconds > 0 ? static_cast<double>(generated_tokens) / seconds : 0; }
};
Json to_json(const Generated& generated);
/// `stop`, `length` ...
const char* finish_name(chat::FinishReason reason);

/// Streams the answer to `on_text` (may be null) until it ends or a stop is requested, which is no error.
Result<Generated> generate(const LoadedModel& loaded, const GenerateOptions& options,
                           const std::function<void(const std::string&)>& on_text, const StopToken& stop);
/// The same by a scheduler of the model that stays for the next text; nothing is searched by beams.
Result<Generated> generate(const LoadedModel& loaded, infer::Scheduler& scheduler, const GenerateOptions& options,
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
  AnswerOptions answers;
  bool ignore_eos = false;
  LoadChoice load = {.dtype = DType::kF32};
  Warn warn = {};
};
/// The scores of each row's answers; empty where they were drawn.
using AnswerScores = std::vector<std::vector<double>>;
/// Raw: ids [B, T] in, [B, T + N] out, of an encoder-decoder [B, 1 + N]; after the end of a row (unless ignored) its last id
/// is repeated. With beams [B n_best, ...]: a row's answers one below the other, the best first.
Result<AnswerScores> generate_ids(const GenerateIdsOptions& options);

}  // namespace malmoi::app
