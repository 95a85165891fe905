#include "app/tokenizer/train.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "app/data/documents.h"
#include "app/tokenizer/open.h"
#include "data/table.h"
#include "tokenizer/export/export.h"
#include "tokenizer/export/json_check.h"
#include "tokenizer/parts.h"

namespace malmoi::app {

using tokenizer::Tokenizer;

namespace {

// Of the texts, this much is encoded again to report the fertility.
constexpr size_t kSampleBytes = 2 << 20;

// The last name of a path, which may end in a slash.
std::string last_name_of(const Path& path) {
  return (path.filename().empty() ? path.parent_path() : path).filename().string();
}

Json counts_of(const tokenizer::TrainReport& report) {
  Json json = {{"texts", report.texts},
               {"bytes", report.bytes},
               {"words", report.words},
               {"distinct_words", report.distinct_words},
               {"alphabet", report.alphabet},
               {"spilled_runs", report.spilled_runs},
               {"dropped_words", report.dropped_words},
               {"least_count", report.least_count},
               {"counting_seconds", report.counting_seconds},
               {"learning_seconds", report.learning_seconds},
               {"cpu_seconds", report.cpu_seconds}};
  if (report.log_likelihood != 0) json["log_likelihood"] = report.log_likelihood;
  return json;
}

// Plain text comes in parts: what is counted together is bounded, and a file may be larger than a document may be.
data::ReaderOptions reader_options(const TokenizerTraining& training) {
  data::ReaderOptions reader;
  reader.text_part_bytes = size_t{256} << 10;
  reader.text_lines = training.lines;
  return reader;
}

// A folder that will be written at the end: made, and found writable, before hours of learning; one that was not there
// before goes again where nothing came of it.
class NewFolder {
 public:
  static Result<NewFolder> make(const Path& path) {
    const bool fresh = !malmoi::exists(path);
    MALMOI_TRY(make_folder(path));
    if (::access(path.c_str(), W_OK) != 0) return io_error("cannot write there", path.string(), errno);
    return NewFolder(fresh ? path : Path());
  }
  NewFolder(NewFolder&& other) noexcept : path_(std::exchange(other.path_, Path())) {}
  ~NewFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);  // where it is empty
  }
  void keep() { path_.clear(); }

 private:
  explicit NewFolder(Path path) : path_(std::move(path)) {}
  Path path_;
};

// The texts that a vocabulary is learned from, one by one.
class VocabularyTexts {
 public:
  static Result<VocabularyTexts> open(const TokenizerTraining& training, const Job& job) {
    VocabularyTexts texts;
    if (!training.columns.empty()) {
      for (const Path& table : training.inputs) MALMOI_TRY(texts.read_cells(table, training.columns));
      return texts;
    }
    // Of a built corpus the training part alone: what is held out stays unseen by the tokenizer, too.
    MALMOI_ASSIGN(Documents documents, Documents::open(training.inputs, "train", reader_options(training), job.warn));
    texts.documents_.emplace(std::move(documents));
    return texts;
  }

  /// False: there are no more.
  Result<bool> next(std::string& text) {
    if (!documents_) {
      if (at_ == cells_.size()) return false;
      text = std::move(cells_[at_++]);
      return true;
    }
    data::Document document;
    MALMOI_ASSIGN(bool more, documents_->next(document));
    text = std::move(document.text);
    return more;
  }

  uint64_t skipped() const { return documents_ ? documents_->skipped() : 0; }
  std::string first_problem() const { return skipped() > 0 ? documents_->first_problem() : "give files with text"; }

 private:
  Status read_cells(const Path& table, const std::vector<std::string>& columns) {
    std::vector<bool> there(columns.size(), false);
    MALMOI_TRY(data::for_each_table_row(table, columns[0], [&](data::TableRow&& row) -> Status {
      for (size_t c = 0; c < columns.size(); ++c) {
        there[c] = there[c] || row.cells.contains(columns[c]);
        const Json* cell = row.find(columns[c]);
        if (cell && cell->is_string()) cells_.push_back(cell->get<std::string>());
      }
      return {};
    }));
    for (size_t c = 0; c < columns.size(); ++c) {
      if (!there[c])
        return invalid_data("no row has the column '" + columns[c] + "'", table.string(), "name one that is there");
    }
    return {};
  }

  std::optional<Documents> documents_;
  std::vector<std::string> cells_;
  size_t at_ = 0;
};

}  // namespace

Json to_json(const TokenizerTrained& trained) {
  Json json = counts_of(trained.counts);
  json["skipped"] = trained.skipped;
  json["vocab_size"] = trained.vocab_size;
  json["fertility"] = to_json(trained.fertility);
  return json;
}

Result<TokenizerTrained> train_tokenizer(const TokenizerTraining& training, const Job& job) {
  MALMOI_ASSIGN(VocabularyTexts texts, VocabularyTexts::open(training, job));
  std::optional<Error> failed;
  std::string sample;
  auto source = [&](std::string& text) {
    Result<bool> more = texts.next(text);
    if (!more.ok()) failed = more.error();
    if (!more.ok() || !*more) return false;
    if (sample.size() < kSampleBytes) sample.append(text, 0, kSampleBytes).append("\n\n");
    return true;
  };
  MALMOI_ASSIGN(NewFolder folder, NewFolder::make(training.out));
  TokenizerTrained report;
  Result<Tokenizer> trained = tokenizer::train(source, training.options, job, &report.counts);
  if (failed) return *failed;
  if (!trained.ok() && report.counts.bytes == 0 && trained.error().code == ErrorCode::kInvalidData)
    return invalid_data("there is no text to learn from", training.inputs[0].string(), texts.first_problem());
  if (!trained.ok()) return trained.error();
  report.skipped = texts.skipped();
  report.vocab_size = trained->vocab_size();
  report.fertility = compare_one(*trained, last_name_of(training.out), sample);
  MALMOI_TRY(trained->save(training.out));
  MALMOI_TRY(write_file(training.out / "training.json", dump_json(to_json(report), 1) + "\n"));
  folder.keep();
  return report;
}

Json to_json(const TokenizerWritten& written) {
  Json json{{"from", written.from}};
  if (!written.origin.empty()) json["origin"] = written.origin;
  if (!written.format.empty()) json["format"] = written.format;
  json["vocab_size"] = written.vocab_size;
  json["out"] = written.out;
  if (!written.note.empty()) json["note"] = written.note;
  return json;
}

Result<TokenizerWritten> import_tokenizer(const Path& from, tokenizer::Compat compat, const Path& out, bool nearest) {
  MALMOI_ASSIGN(Tokenizer opened, open_tokenizer(from, compat));
  TokenizerWritten written{
      .from = from.string(), .out = out.string(), .origin = opened.parts().origin, .vocab_size = opened.vocab_size()};
  if (written.origin == "sentencepiece" && !nearest) {
    MALMOI_ASSIGN(std::string rare, tokenizer::check_exact_json(opened));
    if (!rare.empty())
      written.note = fmt::format(
          "tokenizer.json is exact but for rare texts (compatibility characters with combining marks, marks or jamo "
          "out of "
          "their order, names of byte tokens), such as {}; the original file opens here too",
          dump_json(Json(rare)));
  } else if (written.origin == "sentencepiece" || written.origin == "llama.cpp") {
    written.note = fmt::format(
        "tokenizer.json cannot say all rules of {}: rare texts and decoding may differ; the original file opens here "
        "too, exactly",
        written.origin);
  }
  MALMOI_TRY(make_folder(out));
  MALMOI_TRY(opened.save(out));
  return written;
}

Result<TokenizerWritten> export_tokenizer(const Path& from, tokenizer::Compat compat, const std::string& format,
                                          const Path& out) {
  if (format == "json") return import_tokenizer(from, compat, out);
  MALMOI_ASSIGN(Tokenizer opened, open_tokenizer(from, compat));
  if (format == "sentencepiece") {
    if (from.extension() == ".model") {
      MALMOI_ASSIGN(std::string same, read_file(from));
      MALMOI_TRY(write_file(out, same));
    } else {
      MALMOI_ASSIGN(std::string model, tokenizer::export_sentencepiece(opened));
      MALMOI_TRY(write_file(out, model));
    }
  } else if (format == "tiktoken") {
    MALMOI_ASSIGN(tokenizer::TiktokenFiles files, tokenizer::export_tiktoken(opened));
    MALMOI_TRY(make_folder(out));
    MALMOI_TRY(write_file(out / (last_name_of(out) + ".tiktoken"), files.ranks));
    MALMOI_TRY(write_file(out / "pattern.json", files.pattern_json));
  } else {
    return usage_error(fmt::format("there is no format \"{}\"", format), "--to",
                       "one of: json, tiktoken, sentencepiece");
  }
  return TokenizerWritten{
      .from = from.string(), .out = out.string(), .format = format, .vocab_size = opened.vocab_size()};
}

Json to_json(const TokensAdded& report) {
  Json json{{"from", report.from},
            {"out", report.out},
            {"vocab_size_before", report.vocab_size_before},
            {"vocab_size", report.vocab_size},
            {"added", Json::object()}};
  for (const auto& [token, id] : report.added) json["added"][token] = id;
  return json;
}

Result<TokensAdded> add_to_tokenizer(const Path& from, tokenizer::Compat compat,
                                     const std::vector<std::string>& specials, const std::vector<std::string>& tokens,
                                     const Path& out) {
  if (specials.empty() && tokens.empty())
    return usage_error("no token to add was given", "--special, --token", "give at least one");
  MALMOI_ASSIGN(Tokenizer opened, open_tokenizer(from, compat));
  TokensAdded added{.from = from.string(), .out = out.string(), .vocab_size_before = opened.vocab_size()};
  if (!specials.empty()) {
    MALMOI_ASSIGN(opened, tokenizer::with_added_tokens(opened, specials, true));
  }
  if (!tokens.empty()) {
    MALMOI_ASSIGN(opened, tokenizer::with_added_tokens(opened, tokens, false));
  }
  MALMOI_TRY(make_folder(out));
  MALMOI_TRY(opened.save(out));
  added.vocab_size = opened.vocab_size();
  for (const auto& list : {specials, tokens})
    for (const std::string& token : list) added.added.emplace_back(token, opened.id_of(token).value_or(-1));
  return added;
}

}  // namespace malmoi::app
