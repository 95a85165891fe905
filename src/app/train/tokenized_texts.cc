#include "app/train/tokenized_texts.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "app/train/texts.h"
#include "base/counted.h"
#include "base/hash.h"
#include "base/json_read.h"
#include "base/log.h"
#include "data/token_file.h"
#include "data/tokenize.h"
#include "tokenizer/coverage.h"

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

// What of the held-out text no token stands for: it is not learned, so it must not lower the bits per byte.
struct Unspelled {
  uint64_t bytes = 0, characters = 0, all_characters = 0;
  std::string examples;

  void add(const tokenizer::Tokenizer& tokenizer, const std::string& text) {
    if (tokenizer::spells_every_byte(tokenizer)) return;  // most of them: a text need not be looked at twice
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

}  // namespace

std::optional<TokenizedTexts> tokenized_before(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer,
                                               const char* name) {
  const Path folder = Path(config.out) / name;
  auto done = read_json((folder / "prepared.json").string());
  if (!done.ok() || json_string(*done, "fingerprint") != fingerprint(config, tokenizer)) return {};
  const auto train = json_count(*done, "train_documents"), valid = json_count(*done, "valid_documents"),
             tokens = json_count(*done, "valid_tokens"), bytes = json_count(*done, "valid_bytes");
  if (!train || !valid || !tokens || !bytes) return {};  // damaged: made again
  return TokenizedTexts{.train = folder / "train.bin",
                        .valid = folder / "valid.bin",
                        .has_valid = *tokens > 0,
                        .valid_bytes = static_cast<uint64_t>(*bytes),
                        .documents = static_cast<uint64_t>(*train) + static_cast<uint64_t>(*valid)};
}

Result<TokenizedTexts> tokenize_texts(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer, const Job& job,
                                      const char* name) {
  if (auto before = tokenized_before(config, tokenizer, name)) return *std::move(before);
  const std::string wanted = fingerprint(config, tokenizer);  // of the files as they are before they are read
  const Path folder = Path(config.out) / name;
  TokenizedTexts files{.train = folder / "train.bin", .valid = folder / "valid.bin"};
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
  job.message(fmt::format("tokenised {}: {} tokens to train, {} held out", counted(files.documents, "document"),
                          format_count(static_cast<double>(train.writer->tokens())),
                          format_count(static_cast<double>(valid.writer->tokens()))));
  return files;
}

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

}  // namespace malmoi::app
