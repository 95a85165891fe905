#include <fmt/format.h>

#include "app/recipe/kinds/kinds.h"
#include "base/log.h"
#include "data/corpus.h"
#include "tokenizer/train.h"

namespace malmoi::app::kinds {
namespace {

using tokenizer::TrainOptions;

Result<TrainOptions> read_options(const ConfigDocument& settings) {
  ConfigReader reader(settings);
  TrainOptions options;
  std::vector<std::string> names;
  for (const tokenizer::TrainKindName& entry : tokenizer::train_kinds()) names.emplace_back(entry.name);
  size_t kind = reader.choice("type", names, 0);
  options.kind = tokenizer::train_kinds()[kind].kind;
  options.vocab_size = static_cast<int32_t>(reader.integer("vocab_size", options.vocab_size, 2, 1 << 24));
  options.min_frequency = static_cast<uint64_t>(reader.integer("min_frequency", 0, 0));
  options.pattern = reader.text("pattern", options.pattern);
  options.byte_level = reader.boolean("byte_level", options.byte_level);
  options.normalization = reader.text("normalization", options.normalization);
  if (reader.has("special_tokens")) options.special_tokens = reader.texts("special_tokens");
  MALMOI_TRY(reader.finish());
  return options;
}

Status run(const StageCall& call) {
  MALMOI_ASSIGN(TrainOptions options, read_options(call.settings));
  // Only the part for training: what is held out stays unseen by the tokenizer, too.
  MALMOI_ASSIGN(std::unique_ptr<data::DocumentStream> documents, data::open_documents(call.inputs, "train"));
  Status failed;
  auto next = [&](std::string& text) {
    data::Document document;
    Result<bool> more = documents->next(document);
    if (!more.ok()) failed = more.error();
    if (!more.ok() || !*more) return false;
    text = std::move(document.text);
    return true;
  };
  tokenizer::TrainReport report;
  Job job = call.job;
  job.progress = {[&](const std::string& line) { call.job.progress("tokenizer: " + line); },
                  [&] { return call.job.progress.due(); }};
  Result<tokenizer::Tokenizer> trained = tokenizer::train(next, options, job, &report);
  MALMOI_TRY(failed);
  if (!trained.ok()) return std::move(trained).error();
  job.message(fmt::format("tokenizer: {} entries from {} texts, {}", trained->vocab_size(), report.texts,
                          format_bytes(static_cast<double>(report.bytes))));
  MALMOI_TRY(make_folder(call.out));
  return trained->save(call.out);
}

}  // namespace

const StageKind kTokenizer = {
    "tokenizer", "train a tokenizer on the training part of the inputs", 1, false, nullptr, run, nullptr, nullptr};

}  // namespace malmoi::app::kinds
