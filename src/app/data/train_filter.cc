#include "app/data/train_filter.h"

#include <functional>

#include <fmt/format.h>

#include "data/classifier/ngram_model.h"
#include "data/classifier/quality_model.h"
#include "data/corpus.h"
#include "data/filters/boilerplate.h"
#include "data/readers/convert.h"
#include "data/readers/input_stream.h"

namespace malmoi::app {
namespace {

using Visit = std::function<Status(uint64_t, const data::Document&)>;

Status for_each_of_corpus(const std::string& path, uint64_t& n, const Visit& visit, const Job& job) {
  MALMOI_ASSIGN(auto stream, data::open_documents({path}, ""));
  data::Document document;
  while (true) {
    MALMOI_TRY(job.stop.check("train-filter"));
    MALMOI_ASSIGN(bool more, stream->next(document));
    if (!more) return {};
    MALMOI_TRY(visit(n++, document));
  }
}

// Files of any format, as `data build` would read them; what cannot be read is said and passed over.
Status for_each_of_files(const std::string& path, uint64_t& n, const Visit& visit, const Job& job) {
  auto on_skip = [&job](const data::Skip& skip) {
    if (skip.failed) job.warn(skip.id + ": " + skip.rule + ": " + skip.detail);
  };
  MALMOI_ASSIGN(std::vector<Path> found, data::list_inputs(path, on_skip));
  std::vector<data::InputFile> files;
  for (Path& file : found) files.push_back({std::move(file), 0, UINT64_MAX, 0, 0});
  data::InputStream stream(std::move(files), {data::ReaderOptions{}}, on_skip);
  data::RawDocument raw;
  uint32_t source = 0;
  while (stream.next(raw, source)) {
    MALMOI_TRY(job.stop.check("train-filter"));
    data::Converted converted;
    data::Skip skip;
    bool kept = data::convert_document(std::move(raw), {}, converted, skip);
    for (const data::Skip& part : converted.missing) on_skip(part);
    if (kept) MALMOI_TRY(visit(n++, converted.document));
    else on_skip(skip);
  }
  return {};
}

Result<uint64_t> for_each(const std::vector<std::string>& paths, const Visit& visit, const Job& job) {
  uint64_t n = 0;
  for (const std::string& path : paths) {
    if (data::Corpus::is_corpus(path)) MALMOI_TRY(for_each_of_corpus(path, n, visit, job));
    else MALMOI_TRY(for_each_of_files(path, n, visit, job));
  }
  return n;
}

Result<TrainFilterReport> train_quality(const TrainFilterOptions& options, const Job& job) {
  constexpr size_t kMaxText = 100000;  // the model reads no more of a text
  std::vector<std::string> texts, held_out;
  std::vector<uint8_t> good, held_out_good;
  uint64_t bytes = 0;
  for (bool is_good : {true, false}) {
    MALMOI_ASSIGN([[maybe_unused]] uint64_t read,
                  for_each(
                      is_good ? options.good : options.bad,
                      [&](uint64_t n, const data::Document& d) -> Status {
                        bool apart = n % 10 == 9;
                        (apart ? held_out : texts).push_back(d.text.substr(0, kMaxText));
                        (apart ? held_out_good : good).push_back(is_good);
                        bytes += std::min(d.text.size(), kMaxText);
                        if (bytes > options.memory_bytes)
                          return out_of_memory(fmt::format("more than {} bytes of examples", options.memory_bytes),
                                               "train-filter", "give fewer examples, or raise --memory");
                        return {};
                      },
                      job));
  }
  MALMOI_ASSIGN(data::QualityModel model, data::QualityModel::train(texts, good, {}));
  size_t right = 0;
  for (size_t i = 0; i < held_out.size(); ++i) right += (model.score(held_out[i]) >= 0.5) == (held_out_good[i] != 0);
  MALMOI_TRY(model.save(options.out));
  QualityReport report{.trained_on = texts.size(), .held_out = held_out.size()};
  if (!held_out.empty()) report.held_out_accuracy = static_cast<double>(right) / static_cast<double>(held_out.size());
  return report;
}

Result<TrainFilterReport> train_ngram(const TrainFilterOptions& options, const Job& job) {
  data::NgramTrainer trainer({.order = static_cast<int>(options.order)});
  MALMOI_ASSIGN(uint64_t documents, for_each(
                                        options.good,
                                        [&](uint64_t, const data::Document& d) -> Status {
                                          trainer.add(d.text);
                                          return {};
                                        },
                                        job));
  MALMOI_TRY(trainer.save(options.out));
  return NgramReport{documents, trainer.full()};
}

Result<TrainFilterReport> train_boilerplate(const TrainFilterOptions& options, const Job& job) {
  if (options.min_documents < 2)
    return usage_error("a line must stand in two documents at least", "--min-documents", "e.g. 10");
  MALMOI_ASSIGN(auto builder,
                data::BoilerplateBuilder::create({.min_documents = static_cast<uint64_t>(options.min_documents)},
                                                 {options.scratch, options.memory_bytes}));
  MALMOI_ASSIGN(uint64_t documents,
                for_each(
                    options.good, [&](uint64_t n, const data::Document& d) { return builder.add(n, d.text); }, job));
  MALMOI_ASSIGN(uint64_t lines, builder.finish(options.out));
  return BoilerplateReport{documents, lines};
}

}  // namespace

Json to_json(const TrainFilterReport& report) {
  if (const auto* quality = std::get_if<QualityReport>(&report)) {
    Json json = {{"kind", "quality"}, {"trained_on", quality->trained_on}, {"held_out", quality->held_out}};
    if (quality->held_out_accuracy) json["held_out_accuracy"] = *quality->held_out_accuracy;
    return json;
  }
  if (const auto* ngram = std::get_if<NgramReport>(&report))
    return {{"kind", "ngram"}, {"documents", ngram->documents}, {"full", ngram->full}};
  const auto& lines = std::get<BoilerplateReport>(report);
  return {{"kind", "boilerplate"}, {"documents", lines.documents}, {"lines", lines.lines}};
}

Result<TrainFilterReport> train_filter(const TrainFilterOptions& options, const Job& job) {
  if (options.kind == "quality") return train_quality(options, job);
  if (options.kind == "ngram") return train_ngram(options, job);
  if (options.kind == "boilerplate") return train_boilerplate(options, job);
  return usage_error(fmt::format("unknown kind `{}`", options.kind), "train-filter", "quality, ngram or boilerplate");
}

}  // namespace malmoi::app
