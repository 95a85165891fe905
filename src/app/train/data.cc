#include "app/train/data.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/train/texts.h"
#include "base/hash.h"
#include "base/log.h"
#include "data/token_file.h"
#include "data/tokenize.h"
#include "train/array_source.h"
#include "train/token_data.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

// Goes up when the same texts and tokenizer give other ids than before.
constexpr int kTokenisingVersion = 4;

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

Status write_prepared(const Path& file, const std::string& fingerprint, const Part& train, const Part& valid) {
  Json done = {{"fingerprint", fingerprint},
               {"train_tokens", train.writer->tokens()},
               {"train_documents", train.writer->documents()},
               {"train_bytes", train.encoder.bytes()},
               {"valid_tokens", valid.writer->tokens()},
               {"valid_documents", valid.writer->documents()},
               {"valid_bytes", valid.encoder.bytes()}};
  return write_file(file, dump_json(done, 2) + "\n");
}

// Whether the files are those of a fingerprint, which an earlier call wrote.
bool read_prepared(const Path& file, const std::string& fingerprint, TokenizedFiles& files) {
  auto done = read_json(file.string());
  if (!done.ok() || json_string(*done, "fingerprint") != fingerprint) return false;
  const Json tokens = (*done)["valid_tokens"], bytes = (*done)["valid_bytes"];
  if (!tokens.is_number_unsigned() || !bytes.is_number_unsigned()) return false;  // damaged: made again
  files.has_valid = tokens.get<uint64_t>() > 0;
  files.valid_bytes = bytes.get<uint64_t>();
  return true;
}

Result<TokenizedFiles> tokenize(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer, const Job& job) {
  Path folder = Path(config.out) / "data";
  TokenizedFiles files{folder / "train.bin", folder / "valid.bin"};
  std::string wanted = fingerprint(config, tokenizer);
  if (read_prepared(folder / "prepared.json", wanted, files)) return files;
  MALMOI_TRY(make_folder(folder));
  MALMOI_ASSIGN(Part train, Part::create(files.train, tokenizer));
  MALMOI_ASSIGN(Part valid, Part::create(files.valid, tokenizer));
  MALMOI_TRY(for_each_text(config.data, [&](std::string&& text, bool held_out) -> Status {
    MALMOI_TRY(job.stop.check("", "run it again", "stopped while tokenising"));
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
  files.valid_bytes = valid.encoder.bytes();
  if (files.has_valid) MALMOI_TRY(valid.writer->commit());
  MALMOI_TRY(write_prepared(folder / "prepared.json", wanted, train, valid));
  job.message(fmt::format("tokenised {} documents: {} tokens to train, {} held out",
                          train.writer->documents() + valid.writer->documents(),
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
  if (config.data.format == train::DataFormat::kArrays) return open_arrays(config, model);
  PreparedData prepared;
  const int64_t vocab_size = model.vocab_size();
  const std::vector<std::string>&train = config.data.train, &valid = config.data.valid;
  if (config.data.format == train::DataFormat::kIds) {
    MALMOI_ASSIGN(prepared.train, open_training({train.begin(), train.end()}, config, vocab_size));
    if (valid.empty()) return prepared;
    MALMOI_ASSIGN(prepared.valid, open_validation({valid.begin(), valid.end()}, config, vocab_size));
    return prepared;
  }
  MALMOI_ASSIGN(TokenizedFiles files, tokenize(config, *tokenizer, job));
  MALMOI_ASSIGN(prepared.train, open_training({files.train}, config, vocab_size));
  if (!files.has_valid) return prepared;
  MALMOI_ASSIGN(prepared.valid, open_validation({files.valid}, config, vocab_size));
  prepared.valid_bytes = files.valid_bytes;
  return prepared;
}

}  // namespace malmoi::app
