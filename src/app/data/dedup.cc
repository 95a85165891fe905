#include "app/data/dedup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/parallel.h"
#include "base/utf8.h"

namespace malmoi::app {
namespace {

constexpr size_t kSampleCharacters = 160;

// The input is read twice; what cannot be (a pipe) is first copied to a file that goes when this does.
class TwiceReadable {
 public:
  static Result<TwiceReadable> open(const DataDedupOptions& options) {
    TwiceReadable input;
    std::error_code code;
    bool file = options.input != "-" && std::filesystem::is_regular_file(options.input, code);
    input.path_ = options.input;
    if (file || (options.input != "-" && !exists(options.input))) return input;
    Path folder = options.scratch.empty() ? std::filesystem::temp_directory_path(code) : Path(options.scratch);
    std::string copy = (folder / fmt::format("malmoi-input-{}.jsonl", getpid())).string();
    MALMOI_ASSIGN(RawLines reader, RawLines::open(input.path_));
    input.path_ = input.copy_ = copy;
    MALMOI_ASSIGN(AtomicFile out, AtomicFile::create(copy));
    while (true) {
      std::string_view line;
      MALMOI_ASSIGN(bool more, reader.next(line));
      if (!more) break;
      MALMOI_TRY(out.write(line));
      MALMOI_TRY(out.write("\n"));
    }
    MALMOI_TRY(out.commit());
    return input;
  }
  TwiceReadable() = default;
  TwiceReadable(TwiceReadable&& other) noexcept
      : path_(std::move(other.path_)), copy_(std::exchange(other.copy_, {})) {}
  ~TwiceReadable() {
    std::error_code code;
    if (!copy_.empty()) std::filesystem::remove(copy_, code);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_, copy_;
};

Result<data::Clusters> find_clusters(const std::string& path, const data::NearOptions& near,
                                     const DataDedupOptions& options, const Job& job) {
  MALMOI_ASSIGN(auto deduper, data::NearDeduper::create(near, {options.scratch, options.memory_bytes}));
  data::Sketcher sketcher(near);
  MALMOI_ASSIGN(TextLines lines, TextLines::open(path, input_name(options.input), job.warn));
  std::vector<TextLine> batch;
  std::vector<data::Sketch> sketches;
  while (true) {
    MALMOI_TRY(job.stop.check(options.input));
    MALMOI_TRY(lines.next(batch));
    if (batch.empty()) return deduper.finish({}, job.stop);
    sketches.resize(std::max(sketches.size(), batch.size()));
    parallel_for(static_cast<int64_t>(batch.size()), 8, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        if (batch[i].ok) sketcher.sketch(batch[i].text(), sketches[i]);
    });
    for (size_t i = 0; i < batch.size(); ++i)
      if (batch[i].ok)
        MALMOI_TRY(deduper.add(batch[i].number - 1, sketches[i], static_cast<double>(batch[i].text().size())));
  }
}

std::string beginning(const std::string& text) {
  size_t at = 0;
  for (size_t n = 0; at < text.size() && n < kSampleCharacters; ++n) at += decode_utf8(text, at).length;
  return text.substr(0, at);
}

DedupReport report_of(const data::Clusters& c, const std::map<uint64_t, std::string>& texts, uint64_t skipped) {
  DedupReport report{.documents = c.documents,
                     .duplicates = c.duplicates,
                     .clusters = c.clusters,
                     .candidates = c.candidates,
                     .rejected = c.rejected,
                     .capped = c.capped,
                     .skipped = skipped};
  auto text = [&](uint64_t line) {
    auto found = texts.find(line);
    return found == texts.end() ? std::string() : found->second;
  };
  for (const auto& pair : c.samples)
    report.samples.push_back({pair.a, pair.b, pair.jaccard, text(pair.a), text(pair.b)});
  return report;
}

}  // namespace

Json to_json(const DedupReport& report) {
  Json samples = Json::array();
  for (const DedupReport::Sample& sample : report.samples)
    samples.push_back({{"lines", {sample.first, sample.second}},
                       {"jaccard", sample.jaccard},
                       {"texts", {sample.first_text, sample.second_text}}});
  return {{"documents", report.documents},   {"duplicates", report.duplicates}, {"clusters", report.clusters},
          {"candidates", report.candidates}, {"rejected", report.rejected},     {"capped", report.capped},
          {"skipped", report.skipped},       {"samples", std::move(samples)}};
}

Result<DedupReport> data_dedup(const DataDedupOptions& options, const LineSink& sink, const Job& job) {
  data::NearOptions near = data::near_options(options.threshold, options.ngram);
  near.workers = num_threads();
  MALMOI_TRY(data::check_options(near));
  MALMOI_ASSIGN(TwiceReadable input, TwiceReadable::open(options));
  MALMOI_ASSIGN(data::Clusters clusters, find_clusters(input.path(), near, options, job));
  std::map<uint64_t, std::string> texts;  // of the samples
  for (const auto& pair : clusters.samples) {
    texts[pair.a];
    texts[pair.b];
  }

  MALMOI_ASSIGN(TextLines lines, TextLines::open(input.path(), input_name(options.input), {}, 0));
  std::vector<TextLine> batch;
  while (true) {
    MALMOI_TRY(job.stop.check(options.input));
    MALMOI_TRY(lines.next(batch));
    if (batch.empty()) break;
    std::vector<std::string> out(batch.size());
    parallel_for(static_cast<int64_t>(batch.size()), 8, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
        if (!batch[i].ok) continue;
        batch[i].object["cluster"] = clusters.representative[batch[i].number - 1];
        out[i] = dump_json(batch[i].object);
      }
    });
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!batch[i].ok) continue;
      uint64_t index = batch[i].number - 1;
      if (auto it = texts.find(index); it != texts.end()) it->second = beginning(batch[i].text());
      if (!options.keep_best_only || clusters.representative[index] == index) MALMOI_TRY(sink(out[i]));
    }
  }
  MALMOI_TRY(skipped_lines(lines.skipped(), lines.name()));
  return report_of(clusters, texts, lines.skipped());
}

}  // namespace malmoi::app
