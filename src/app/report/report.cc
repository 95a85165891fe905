#include "app/report/report.h"

#include <iterator>
#include <vector>

#include "app/report/evaluations.h"
#include "app/report/page.h"
#include "app/report/report_curves.h"
#include "base/json_read.h"
#include "base/utf8.h"
#include "formats/zstd_stream.h"

namespace malmoi::embedded {
extern const std::string_view report_page, report_figures, report_figure_words;
}

namespace malmoi::app {
namespace {

constexpr int64_t kMaxSamples = 100;
constexpr size_t kMaxSampleBytes = 4000;
constexpr uint64_t kMaxTextFile = 1 << 20;

Result<size_t> count_lines(const Path& path) {
  MALMOI_ASSIGN(formats::LineReader reader, formats::LineReader::open(path));
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(line));
    if (!more) return static_cast<size_t>(reader.line_number());
  }
}

// Calls `each` with every object of a .jsonl file; a last line that was cut short is left out.
template <typename Each>
Status for_each_object(const Path& path, size_t lines, const Each& each) {
  MALMOI_ASSIGN(formats::LineReader reader, formats::LineReader::open(path));
  std::string_view text;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(text));
    if (!more) return {};
    if (text.empty()) continue;
    Result<Json> line = parse_json(text, reader.where());
    if (!line.ok() && reader.line_number() == lines) return {};
    if (!line.ok()) return line.error();
    if (!line->is_object()) return invalid_data("an object was expected", reader.where());
    each(*line);
  }
}

Result<Json> read_curves(const Path& metrics) {
  MALMOI_ASSIGN(size_t lines, count_lines(metrics));
  ReportCurves curves(lines);
  MALMOI_TRY(for_each_object(metrics, lines, [&](const Json& line) { curves.add(line); }));
  return curves.finish();
}

Json shown_sample(const Json& line) {
  Json sample = line;
  std::string text = json_string(line, "text");
  if (text.size() <= kMaxSampleBytes) return sample;
  text.resize(kMaxSampleBytes);
  text.resize(complete_utf8_prefix(text));
  sample["text"] = text + "…";
  return sample;
}

// The newest, and those from before the first step, which they are compared with.
Result<Json> read_samples(const Path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Json::array();
  MALMOI_ASSIGN(size_t lines, count_lines(path));
  std::vector<Json> before, samples;
  MALMOI_TRY(for_each_object(path, lines, [&](const Json& line) {
    if (json_count(line, "step") == 0 && std::ssize(before) < kMaxSamples) before.push_back(shown_sample(line));
    else samples.push_back(shown_sample(line));
    if (std::ssize(samples) == 2 * kMaxSamples) samples.erase(samples.begin(), samples.begin() + kMaxSamples);
  }));
  if (std::ssize(samples) > kMaxSamples) samples.erase(samples.begin(), samples.end() - kMaxSamples);
  before.insert(before.end(), samples.begin(), samples.end());
  return Json(before);
}

}  // namespace

Status write_report(const Path& run_folder) {
  Json data;
  std::error_code ignored;
  Path absolute = std::filesystem::weakly_canonical(run_folder, ignored);
  data["title"] = (absolute.has_filename() ? absolute : absolute.parent_path()).filename().string();
  MALMOI_ASSIGN(data["curves"], read_curves(run_folder / "metrics.jsonl"));
  MALMOI_ASSIGN(data["samples"], read_samples(run_folder / "samples.jsonl"));
  data["config"] = "";
  if (Result<std::string> config = read_file(run_folder / "config.yaml", kMaxTextFile); config.ok())
    data["config"] = *config;
  data["run"] = Json::object();
  if (Result<Json> run = read_json((run_folder / "run.json").string(), kMaxTextFile); run.ok() && run->is_object())
    data["run"] = *run;
  data["evaluations"] = to_json(read_evaluations(run_folder, data["run"]));

  const std::string script = std::string(embedded::report_figure_words) + std::string(embedded::report_figures);
  MALMOI_ASSIGN(std::string html, fill_page(embedded::report_page, data, script));
  return write_file(run_folder / "report.html", html);
}

}  // namespace malmoi::app
