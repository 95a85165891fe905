#include "app/train/data.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/tokenizer/open.h"
#include "app/train/new_tokens.h"
#include "app/train/texts.h"
#include "app/train/tokenized_texts.h"
#include "app/use/adapter_run.h"
#include "base/log.h"
#include "data/token_file.h"
#include "model/load.h"
#include "train/array_source.h"
#include "train/replay.h"
#include "train/token_data.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

Result<std::vector<data::TokenFile>> open_files(const std::vector<Path>& paths, const TrainConfig& config,
                                                int64_t vocab_size) {
  MALMOI_ASSIGN(data::TokenType given, data::parse_token_type(config.data.token_dtype, "data.token_dtype"));
  std::vector<data::TokenFile> files;
  for (const Path& path : paths) {
    bool described = malmoi::exists(Path(path).replace_extension(".json"));
    MALMOI_ASSIGN(data::TokenFile file,
                  data::TokenFile::open(path, described ? std::optional<data::TokenType>{} : given, vocab_size));
    files.push_back(std::move(file));
  }
  return files;
}

train::TokenDataOptions read_options(const TrainConfig& config) {
  return {.sequence_length = config.data.sequence_length,
          .shuffled = config.data.shuffled,
          .seed = config.seed,
          .split_documents = config.data.split_documents,
          .streams = config.data.streams ? config.sequences_per_step() : 0,
          .same_windows = config.objective.distillation.samples > 0};
}

Result<std::unique_ptr<train::ExampleSource>> open_training(const std::vector<Path>& paths, const TrainConfig& config,
                                                            int64_t vocab_size) {
  MALMOI_ASSIGN(std::vector<data::TokenFile> files, open_files(paths, config, vocab_size));
  const std::vector<std::string>& masks = config.data.loss_mask;
  MALMOI_ASSIGN(train::TokenData data,
                train::TokenData::open(std::move(files), {masks.begin(), masks.end()}, read_options(config)));
  return std::make_unique<train::TokenData>(std::move(data));
}

// In order, without masks; a validation text may be shorter than a sequence.
Result<std::unique_ptr<train::ExampleSource>> open_validation(const std::vector<Path>& paths, const TrainConfig& config,
                                                              int64_t vocab_size) {
  MALMOI_ASSIGN(std::vector<data::TokenFile> files, open_files(paths, config, vocab_size));
  train::TokenDataOptions options = read_options(config);
  options.shuffled = false;
  options.streams = 0;  // evaluation makes its own
  options.to_the_end = true;
  MALMOI_ASSIGN(train::TokenData data, train::TokenData::open(std::move(files), {}, options));
  return std::make_unique<train::TokenData>(std::move(data));
}

Result<PreparedData> open_arrays(const TrainConfig& config, const model::Model& model) {
  const train::ArrayFormat& format = train::objective_entry(config.objective.name).arrays;
  const train::RowLimits limits = train::row_limits(model);
  PreparedData prepared;
  train::RowOrder order{.shuffled = config.data.shuffled, .seed = config.seed, .together = whole_groups(config)};
  MALMOI_ASSIGN(prepared.train, train::open_arrays(config.data.train[0], format, limits, order));
  if (config.data.valid.empty()) return prepared;
  order.shuffled = false;
  MALMOI_ASSIGN(prepared.valid, train::open_arrays(config.data.valid[0], format, limits, order));
  return prepared;
}

Result<PreparedData> open_ids(const TrainConfig& config, int64_t vocab_size) {
  const std::vector<std::string>&train = config.data.train, &valid = config.data.valid;
  PreparedData prepared;
  MALMOI_ASSIGN(prepared.train, open_training({train.begin(), train.end()}, config, vocab_size));
  if (valid.empty()) return prepared;
  MALMOI_ASSIGN(prepared.valid, open_validation({valid.begin(), valid.end()}, config, vocab_size));
  return prepared;
}

Result<PreparedData> open_tokenized(const TokenizedTexts& files, const TrainConfig& config, int64_t vocab_size) {
  PreparedData prepared;
  MALMOI_ASSIGN(prepared.train, open_training({files.train}, config, vocab_size));
  if (!files.has_valid) return prepared;
  MALMOI_ASSIGN(prepared.valid, open_validation({files.valid}, config, vocab_size));
  prepared.valid_bytes = files.valid_bytes;
  return prepared;
}

// Text and ids.
Result<PreparedData> open_flat(const TrainConfig& config, const tokenizer::Tokenizer* tokenizer, int64_t vocab_size,
                               const char* folder, const Job& job) {
  if (config.data.format == train::DataFormat::kIds) return open_ids(config, vocab_size);
  MALMOI_ASSIGN(TokenizedTexts files, tokenize_texts(config, *tokenizer, job, folder));
  MALMOI_ASSIGN(PreparedData prepared, open_tokenized(files, config, vocab_size));
  prepared.documents = files.documents;
  return prepared;
}

// The corpus that is replayed, as if it were a run's own.
TrainConfig replay_config(const TrainConfig& config) {
  TrainConfig other = config;
  other.data.train = config.data.replay->train;
  other.data.valid = config.data.replay->valid;
  other.data.valid_fraction = 0;
  other.data.loss_mask.clear();
  other.data.replay.reset();
  return other;
}

// Joins what is replayed to what a run reads.
void add_replay(const TrainConfig& config, PreparedData&& replay, PreparedData& prepared) {
  prepared.train = std::make_unique<train::ReplaySource>(std::move(prepared.train), std::move(replay.train),
                                                         config.data.replay->share);
  prepared.replay_valid = std::move(replay.valid);
}

// Of an epoch with what is replayed in it.
uint64_t with_replay(const TrainConfig& config, uint64_t own) {
  const double share = config.data.replay ? config.data.replay->share : 0;
  return static_cast<uint64_t>(static_cast<double>(own) / (1 - share));
}

Result<tokenizer::Tokenizer> tokenizer_of_characters(const TrainConfig& config) {
  std::string all;
  MALMOI_TRY(for_each_text(config.data, [&](std::string&& text, bool held_out) -> Status {
    if (!held_out) all += text;
    return {};
  }));
  return tokenizer::Tokenizer::characters(all);
}

// Sequences as the objective reads them.
Status change_sequences(PreparedData& prepared, const TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                        const model::Model& model) {
  const train::ObjectiveEntry& objective = train::objective_entry(config.objective.name);
  if (!objective.of_tokens) return {};
  train::TokenRules rules = train::token_rules(tokenizer, model.vocab_size());
  rules.decoder_start_token_id = model.decoder_start_token_id;
  for (auto* source : {&prepared.train, &prepared.valid, &prepared.replay_valid}) {
    if (!*source) continue;
    MALMOI_ASSIGN(*source, objective.of_tokens(std::move(*source), rules, config.objective, config.seed,
                                               config.data.sequence_length));
  }
  return {};
}

}  // namespace

uint64_t whole_groups(const TrainConfig& config) {
  return static_cast<uint64_t>(std::max<int64_t>(train::rows_together(config.objective), 1));
}

Status check_targets(const TrainConfig& config, const PreparedData& prepared, const train::Objective& objective) {
  if (config.data.is_flat() || config.data.format == train::DataFormat::kPrompts) return {};
  train::Examples row;
  for (uint64_t n = 0; n < prepared.train->size(); ++n) {
    row.clear();
    prepared.train->append(n, row);
    if (objective.count(row).terms > 0) return {};
  }
  return invalid_data("none of its rows has what the objective " + config.objective.name + " learns from",
                      config.data.train[0], "add it (labels, targets, scores), or use another objective");
}

Status check_held_out(const TrainConfig& config, const PreparedData& prepared, const Job& job) {
  const bool asked = config.data.valid_fraction > 0 || !config.data.valid.empty();
  if (prepared.valid || prepared.measure || (!asked && !config.early_stopping)) return {};
  const std::string what =
      config.data.valid_fraction > 0
          ? fmt::format("none of the {} {} is held out: each goes by a hash of its text, and {} of them came to none",
                        prepared.documents, config.data.has_text_rows() ? "rows" : "documents",
                        config.data.valid_fraction)
          : std::string("nothing is held out");
  if (config.early_stopping)
    return usage_error(what + ", so early stopping has nothing to go by", "train.early_stopping",
                       "raise data.valid_fraction, or name data.valid");
  job.warn(what + ": there is no validation loss, and no best model");
  return {};
}

namespace {

// An adapter that is gone on from may have more tokens than its base.
Path tokenizer_of_base(const TrainConfig& config) {
  if (!config.adapter || !config.adapter->init_from) return *config.init_from;
  const auto base = model::load_config(*config.init_from);  // what is wrong with it is told when it is opened
  if (!base.ok()) return *config.init_from;
  return tokenizer_of_adapter(adapter_at(*config.adapter->init_from), **base).value_or(*config.init_from);
}

}  // namespace

Result<std::unique_ptr<tokenizer::Tokenizer>> open_base_tokenizer(const TrainConfig& config) {
  std::unique_ptr<tokenizer::Tokenizer> none;
  if (config.character_tokenizer) {
    MALMOI_ASSIGN(tokenizer::Tokenizer made, tokenizer_of_characters(config));
    return std::make_unique<tokenizer::Tokenizer>(std::move(made));
  }
  if (config.tokenizer.empty() && !config.init_from) return none;
  auto opened = config.tokenizer.empty() ? tokenizer::Tokenizer::load(tokenizer_of_base(config))
                                         : open_tokenizer(Path(config.tokenizer));
  const bool is_alone = config.tokenizer.empty() && !opened.ok() && opened.error().code == ErrorCode::kNotFound;
  const bool reads_texts = config.data.reads_texts();
  if (is_alone && !reads_texts) return none;
  if (is_alone)
    return not_found("the model has no tokenizer beside it", *config.init_from, "name one with tokenizer: DIR");
  if (!opened.ok()) return opened.error();
  return std::make_unique<tokenizer::Tokenizer>(*std::move(opened));
}

Result<std::unique_ptr<tokenizer::Tokenizer>> open_tokenizer(const TrainConfig& config) {
  MALMOI_ASSIGN(auto base, open_base_tokenizer(config));
  if (!base) return base;
  MALMOI_ASSIGN(tokenizer::Tokenizer extended, with_new_tokens(config, std::move(*base)));
  return std::make_unique<tokenizer::Tokenizer>(std::move(extended));
}

Status measure_arrays(TrainConfig& config) {
  if (config.data.format != train::DataFormat::kArrays) return {};
  const train::ArrayFormat& format = train::objective_entry(config.objective.name).arrays;
  MALMOI_ASSIGN(config.data.sequence_length, train::longest_array_row(config.data.train[0], format));
  return {};
}

Result<PreparedData> prepare_data(const TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                                  const model::Model& model, const Job& job) {
  PreparedData prepared;
  if (config.data.format == train::DataFormat::kArrays) return open_arrays(config, model);
  MALMOI_ASSIGN(prepared, open_flat(config, tokenizer, model.vocab_size(), kOwnTexts, job));
  if (config.data.replay) {
    MALMOI_ASSIGN(PreparedData replay,
                  open_flat(replay_config(config), tokenizer, model.vocab_size(), kReplayedTexts, job));
    add_replay(config, std::move(replay), prepared);
  }
  MALMOI_TRY(change_sequences(prepared, config, tokenizer, model));
  return prepared;
}

Result<uint64_t> examples_of_epoch(const TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                                   const model::Model& model) {
  PreparedData prepared;
  if (config.data.format == train::DataFormat::kArrays) {
    MALMOI_ASSIGN(prepared, open_arrays(config, model));
  } else if (config.data.format == train::DataFormat::kIds) {
    MALMOI_ASSIGN(prepared, open_ids(config, model.vocab_size()));
  } else if (auto before = tokenized_before(config, *tokenizer)) {
    MALMOI_ASSIGN(prepared, open_tokenized(*before, config, model.vocab_size()));
  } else {
    MALMOI_ASSIGN(uint64_t tokens, estimate_tokens(config, *tokenizer));
    return with_replay(config, std::max<uint64_t>(tokens / static_cast<uint64_t>(config.data.sequence_length), 1));
  }
  return with_replay(config, prepared.train->size());
}

}  // namespace malmoi::app
