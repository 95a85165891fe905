#include "app/train/data.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "app/train/texts.h"
#include "base/hash.h"
#include "base/log.h"
#include "data/token_file.h"
#include "data/tokenize.h"
#include "tokenizer/coverage.h"
#include "train/array_source.h"
#include "train/token_data.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

// Goes up when the same texts and tokenizer give other ids than before.
constexpr int kTokenisingVersion = 5;

// Names, sizes and times of every input file, and the tokenizer: what the ids are a function of.
std::string fingerprint(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer) {
  std::string all = fmt::format("{}|{}|{}|", kTokenisingVersion, config.data.valid_fraction, tokenizer.vocab_size());
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) all += tokenizer.piece(id) + "\n";
  data::DocumentMarks marks = data::document_marks(tokenizer);
  all += fmt::format("{}|{}|", fmt::join(marks.before, ","), marks.after.value_or(-1));
  for (const auto* list : {&config.data.train, &config.data.valid}) {
    for (const std::string& name : *list) {
      auto files = list_files(name);
      if (!files.ok()) continue;
      for (const Path& file : *files) {
        std::error_code error;
        all += fmt::format("{}|{}|{}\n", file.string(), std::filesystem::file_size(file, error),
                           std::filesystem::last_write_time(file, error).time_since_epoch().count());
      }
    }
    all += "||";
  }
  return to_hex(hash128(all));
}

struct TokenizedFiles {
  Path train, valid;
  bool has_valid = false;
  uint64_t valid_bytes = 0;
  uint64_t documents = 0;
};

// What of the held-out text no token stands for: it is not learned, so it must not lower the bits a byte.
struct Unspelled {
  uint64_t bytes = 0, characters = 0, all_characters = 0;
  std::string examples;

  void add(const tokenizer::Tokenizer& tokenizer, const std::string& text) {
    const tokenizer::Coverage covered = tokenizer::cover(tokenizer, text);
    const uint64_t spelled = std::accumulate(covered.bytes.begin(), covered.bytes.end(), uint64_t{0});
    bytes += text.size() - std::min<uint64_t>(spelled, text.size());
    characters += covered.unknown;
    all_characters += covered.characters;
    if (examples.empty()) examples = covered.examples;
  }
  void warn(const Job& job) const {
    if (characters == 0) return;
    job.warn(fmt::format("{} of {} characters of the held-out text are not in the tokenizer's vocabulary ({} ...)",
                         characters, all_characters, dump_json(examples)));
  }
};

// One part of the texts on its way into a file.
struct Part {
  static Result<Part> create(const Path& path, const tokenizer::Tokenizer& tokenizer) {
    MALMOI_ASSIGN(data::TokenWriter made, data::TokenWriter::create(path, tokenizer.vocab_size()));
    auto writer = std::make_unique<data::TokenWriter>(std::move(made));
    data::DocumentEncoder encoder(tokenizer, data::document_marks(tokenizer), *writer);
    return Part{std::move(writer), std::move(encoder)};
  }
  std::unique_ptr<data::TokenWriter> writer;  // where the encoder points to
  data::DocumentEncoder encoder;
};

Status write_prepared(const Path& file, const std::string& fingerprint, const Part& train, const Part& valid,
                      uint64_t valid_bytes) {
  Json done = {{"fingerprint", fingerprint},
               {"train_tokens", train.writer->tokens()},
               {"train_documents", train.writer->documents()},
               {"train_bytes", train.encoder.bytes()},
               {"valid_tokens", valid.writer->tokens()},
               {"valid_documents", valid.writer->documents()},
               {"valid_bytes", valid_bytes}};
  return write_file(file, dump_json(done, 2) + "\n");
}

// What an earlier call wrote for the same texts and tokenizer, if anything.
std::optional<TokenizedFiles> tokenized_before(const TrainConfig& config, const std::string& wanted) {
  const Path folder = Path(config.out) / "data";
  auto done = read_json((folder / "prepared.json").string());
  if (!done.ok() || json_string(*done, "fingerprint") != wanted) return {};
  for (const char* key : {"train_documents", "valid_documents", "valid_tokens", "valid_bytes"}) {
    if (!done->contains(key) || !(*done)[key].is_number_unsigned()) return {};  // damaged: made again
  }
  const auto number = [&](const char* key) { return (*done)[key].get<uint64_t>(); };
  return TokenizedFiles{.train = folder / "train.bin",
                        .valid = folder / "valid.bin",
                        .has_valid = number("valid_tokens") > 0,
                        .valid_bytes = number("valid_bytes"),
                        .documents = number("train_documents") + number("valid_documents")};
}

Result<TokenizedFiles> tokenize(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer, const Job& job) {
  std::string wanted = fingerprint(config, tokenizer);
  if (auto before = tokenized_before(config, wanted)) return *std::move(before);
  Path folder = Path(config.out) / "data";
  TokenizedFiles files{.train = folder / "train.bin", .valid = folder / "valid.bin"};
  Unspelled unspelled;
  MALMOI_TRY(make_folder(folder));
  MALMOI_ASSIGN(Part train, Part::create(files.train, tokenizer));
  MALMOI_ASSIGN(Part valid, Part::create(files.valid, tokenizer));
  MALMOI_TRY(for_each_text(config.data, [&](std::string&& text, bool held_out) -> Status {
    MALMOI_TRY(job.stop.check("", "run it again", "stopped while tokenising"));
    if (held_out) unspelled.add(tokenizer, text);
    MALMOI_TRY((held_out ? valid : train).encoder.add(std::move(text)));
    if (job.progress.due())
      job.progress(fmt::format("tokenising: {} read",
                               format_bytes(static_cast<double>(train.encoder.bytes() + valid.encoder.bytes()))));
    return {};
  }));
  MALMOI_TRY(train.encoder.flush());
  MALMOI_TRY(valid.encoder.flush());
  MALMOI_TRY(train.writer->commit());
  files.has_valid = valid.writer->tokens() > 0;
  files.valid_bytes = valid.encoder.bytes() - unspelled.bytes;
  files.documents = train.writer->documents() + valid.writer->documents();
  unspelled.warn(job);
  if (files.has_valid) MALMOI_TRY(valid.writer->commit());
  MALMOI_TRY(write_prepared(folder / "prepared.json", wanted, train, valid, files.valid_bytes));
  job.message(fmt::format("tokenised {} documents: {} tokens to train, {} held out", files.documents,
                          format_count(static_cast<double>(train.writer->tokens())),
                          format_count(static_cast<double>(valid.writer->tokens()))));
  return files;
}

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
          .split_documents = config.data.split_documents};
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
  options.to_the_end = true;
  MALMOI_ASSIGN(train::TokenData data, train::TokenData::open(std::move(files), {}, options));
  return std::make_unique<train::TokenData>(std::move(data));
}

Result<PreparedData> open_arrays(const TrainConfig& config, const model::Model& model) {
  const train::ArrayFormat& format = train::objective_entry(config.objective.name).arrays;
  const train::ArrayLimits limits = train::array_limits(model);
  PreparedData prepared;
  MALMOI_ASSIGN(prepared.train, train::ArraySource::open(config.data.train[0], format, limits,
                                                         {.shuffled = config.data.shuffled, .seed = config.seed}));
  if (config.data.valid.empty()) return prepared;
  MALMOI_ASSIGN(prepared.valid, train::ArraySource::open(config.data.valid[0], format, limits, {}));
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

Result<PreparedData> open_tokenized(const TokenizedFiles& files, const TrainConfig& config, int64_t vocab_size) {
  PreparedData prepared;
  MALMOI_ASSIGN(prepared.train, open_training({files.train}, config, vocab_size));
  if (!files.has_valid) return prepared;
  MALMOI_ASSIGN(prepared.valid, open_validation({files.valid}, config, vocab_size));
  prepared.valid_bytes = files.valid_bytes;
  return prepared;
}

// Said where what was asked for leaves nothing to evaluate on: early stopping would never stop.
Status check_held_out(const TrainConfig& config, const PreparedData& prepared, uint64_t documents, const Job& job) {
  const bool asked = config.data.valid_fraction > 0 || !config.data.valid.empty();
  if (prepared.valid || (!asked && !config.early_stopping)) return {};
  const std::string what =
      config.data.valid_fraction > 0
          ? fmt::format(
                "none of the {} documents is held out: each goes by a hash of its text, and {} of them came to none",
                documents, config.data.valid_fraction)
          : std::string("nothing is held out");
  if (config.early_stopping)
    return usage_error(what + ", so early stopping has nothing to go by", "train.early_stopping",
                       "raise data.valid_fraction, or name data.valid");
  job.warn(what + ": there is no validation loss, and no best model");
  return {};
}

// Tokens of the training part, about: a first stretch is encoded, the rest counted in bytes.
Result<uint64_t> estimate_tokens(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer) {
  constexpr uint64_t kEncoded = 4 << 20;
  const data::DocumentMarks marks = data::document_marks(tokenizer);
  uint64_t bytes = 0, documents = 0, encoded_bytes = 0, encoded = 0;
  MALMOI_TRY(for_each_text(config.data, [&](std::string&& text, bool held_out) -> Status {
    if (held_out) return {};
    ++documents;
    bytes += text.size();
    if (encoded_bytes >= kEncoded) return {};
    text.resize(std::min<size_t>(text.size(), kEncoded));
    encoded_bytes += text.size();
    encoded += tokenizer.encode(text, {.add_special = false, .parse_special = false}).size();
    return {};
  }));
  const double a_byte = static_cast<double>(encoded) / static_cast<double>(std::max<uint64_t>(encoded_bytes, 1));
  return static_cast<uint64_t>(a_byte * static_cast<double>(bytes)) +
         documents * (marks.before.size() + (marks.after ? 1 : 0));
}

Result<tokenizer::Tokenizer> tokenizer_of_characters(const TrainConfig& config) {
  std::string all;
  MALMOI_TRY(for_each_text(config.data, [&](std::string&& text, bool held_out) -> Status {
    if (!held_out) all += text;
    return {};
  }));
  return tokenizer::Tokenizer::characters(all);
}

}  // namespace

Result<std::unique_ptr<tokenizer::Tokenizer>> open_tokenizer(const TrainConfig& config) {
  std::unique_ptr<tokenizer::Tokenizer> none;
  if (config.character_tokenizer) {
    MALMOI_ASSIGN(tokenizer::Tokenizer made, tokenizer_of_characters(config));
    return std::make_unique<tokenizer::Tokenizer>(std::move(made));
  }
  Path folder = !config.tokenizer.empty() ? Path(config.tokenizer) : Path(config.init_from.value_or(""));
  if (folder.empty()) return none;
  if (config.tokenizer.empty() && !malmoi::exists(folder / "tokenizer.json")) {
    if (config.data.format != train::DataFormat::kText) return none;
    return not_found("the model has no tokenizer beside it", folder.string(), "name one with tokenizer: DIR");
  }
  MALMOI_ASSIGN(tokenizer::Tokenizer opened, tokenizer::Tokenizer::load(folder));
  return std::make_unique<tokenizer::Tokenizer>(std::move(opened));
}

Status measure_arrays(TrainConfig& config) {
  if (config.data.format != train::DataFormat::kArrays) return {};
  const train::ArrayFormat& format = train::objective_entry(config.objective.name).arrays;
  MALMOI_ASSIGN(config.data.sequence_length, train::ArraySource::longest(config.data.train[0], format));
  return {};
}

Result<PreparedData> prepare_data(const TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                                  const model::Model& model, const Job& job) {
  PreparedData prepared;
  uint64_t documents = 0;
  if (config.data.format == train::DataFormat::kArrays) {
    MALMOI_ASSIGN(prepared, open_arrays(config, model));
  } else if (config.data.format == train::DataFormat::kIds) {
    MALMOI_ASSIGN(prepared, open_ids(config, model.vocab_size()));
  } else {
    MALMOI_ASSIGN(TokenizedFiles files, tokenize(config, *tokenizer, job));
    MALMOI_ASSIGN(prepared, open_tokenized(files, config, model.vocab_size()));
    documents = files.documents;
  }
  MALMOI_TRY(check_held_out(config, prepared, documents, job));
  return prepared;
}

Result<uint64_t> examples_of_epoch(const TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                                   const model::Model& model) {
  PreparedData prepared;
  if (config.data.format == train::DataFormat::kArrays) {
    MALMOI_ASSIGN(prepared, open_arrays(config, model));
  } else if (config.data.format == train::DataFormat::kIds) {
    MALMOI_ASSIGN(prepared, open_ids(config, model.vocab_size()));
  } else if (auto before = tokenized_before(config, fingerprint(config, *tokenizer))) {
    MALMOI_ASSIGN(prepared, open_tokenized(*before, config, model.vocab_size()));
  } else {
    MALMOI_ASSIGN(uint64_t tokens, estimate_tokens(config, *tokenizer));
    return std::max<uint64_t>(tokens / static_cast<uint64_t>(config.data.sequence_length), 1);
  }
  return prepared.train->size();
}

}  // namespace malmoi::app
