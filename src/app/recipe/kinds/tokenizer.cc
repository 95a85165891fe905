#include <fmt/format.h>

#include "app/recipe/kinds/kinds.h"
#include "app/tokenizer/train.h"
#include "base/counted.h"
#include "base/log.h"

namespace malmoi::app::kinds {
namespace {

using tokenizer::TrainOptions;

Result<TokenizerTraining> read_training(const StageCall& call) {
  ConfigReader reader(call.settings);
  TokenizerTraining training{.inputs = call.inputs, .out = call.out};
  TrainOptions& options = training.options;
  std::vector<std::string> names;
  for (const tokenizer::TrainKindName& entry : tokenizer::train_kinds()) names.emplace_back(entry.name);
  size_t kind = reader.choice("type", names, 0);
  options.kind = tokenizer::train_kinds()[kind].kind;
  options.vocab_size = static_cast<int32_t>(reader.integer("vocab_size", options.vocab_size, 2, 1 << 24));
  options.min_frequency = static_cast<uint64_t>(reader.integer("min_frequency", 0, 0));
  if (reader.has("limit_alphabet"))
    options.limit_alphabet = static_cast<uint32_t>(reader.integer("limit_alphabet", 0, 1, 1 << 24));
  options.pattern = reader.text("pattern", options.pattern);
  options.byte_level = reader.boolean("byte_level", options.byte_level);
  options.normalization = reader.text("normalization", options.normalization);
  if (reader.has("special_tokens")) options.special_tokens = reader.texts("special_tokens");
  if (reader.has("columns")) training.columns = reader.texts("columns");
  MALMOI_TRY(reader.finish());
  return training;
}

Status tokenizer_run(const StageCall& call) {
  MALMOI_ASSIGN(TokenizerTraining training, read_training(call));
  Job job = call.job;
  job.progress = {[&](const std::string& line) { call.job.progress("tokenizer: " + line); },
                  [&] { return call.job.progress.due(); }};
  MALMOI_ASSIGN(TokenizerTrained trained, train_tokenizer(training, job));
  if (trained.skipped > 0) job.warn(fmt::format("tokenizer: {} could not be read", counted(trained.skipped, "input")));
  job.message(fmt::format("tokenizer: {} entries from {}, {}", trained.vocab_size,
                          counted(trained.counts.texts, "text"),
                          format_bytes(static_cast<double>(trained.counts.bytes))));
  return {};
}

}  // namespace

const StageKind kTokenizer = {
    "tokenizer", "train a tokenizer on the training part of the inputs", 2, false, nullptr, tokenizer_run, nullptr,
    nullptr};

}  // namespace malmoi::app::kinds
