#include "app/report/report.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "app/report/page.h"
#include "base/json_read.h"
#include "base/utf8.h"
#include "formats/zstd_stream.h"

namespace malmoi::embedded {
extern const std::string_view report_page;
}

namespace malmoi::app {
namespace {

constexpr size_t kMaxPoints = 2000;
constexpr size_t kMaxSamples = 100;
constexpr size_t kMaxSampleBytes = 4000;
constexpr uint64_t kMaxTextFile = 1 << 20;
constexpr const char* kSeries[] = {"loss", "grad_norm", "lr", "tokens_per_second"};
constexpr size_t kSeriesCount = std::size(kSeries);

// Curves as columns; `x` is the step in the middle of what was averaged.
class ReportCurves {
 public:
  explicit ReportCurves(size_t lines) : stride_((lines + kMaxPoints - 1) / kMaxPoints) {}

  void add(const Json& line) {
    double step = number(line, "step");
    for (size_t i = 0; i < kSeriesCount; ++i) {
      double value = number(line, kSeries[i]);
      if (std::isfinite(value)) {
        sums_[i] += value;
        ++counts_[i];
      }
    }
    if (double valid = number(line, "valid_loss"); std::isfinite(valid)) {
      valid_steps_.push_back(step);
      valid_.push_back(valid);
    }
    if (in_bucket_ == 0) first_ = step;
    last_ = step;
    if (++in_bucket_ == stride_) close();
    ++lines_;
    if (double tokens = number(line, "tokens"); std::isfinite(tokens)) tokens_ += tokens;
  }

  Json finish() {
    if (in_bucket_ > 0) close();
    Json out = {{"step", steps_}, {"averaged", stride_}, {"lines", lines_}, {"tokens", tokens_}};
    for (size_t i = 0; i < kSeriesCount; ++i) out[kSeries[i]] = columns_[i];
    out["valid_step"] = valid_steps_;
    out["valid_loss"] = valid_;
    return out;
  }

 private:
  static double number(const Json& line, const char* key) { return json_number(line, key).value_or(NAN); }
  void close() {
    steps_.push_back(std::floor((first_ + last_) / 2));
    for (size_t i = 0; i < kSeriesCount; ++i) {
      columns_[i].push_back(counts_[i] ? sums_[i] / static_cast<double>(counts_[i]) : NAN);  // NaN prints as null
      sums_[i] = 0;
      counts_[i] = 0;
    }
    in_bucket_ = 0;
  }

  size_t stride_, in_bucket_ = 0, lines_ = 0;
  double first_ = 0, last_ = 0, tokens_ = 0;
  std::array<double, kSeriesCount> sums_{};
  std::array<size_t, kSeriesCount> counts_{};
  std::array<std::vector<double>, kSeriesCount> columns_;
  std::vector<double> steps_, valid_steps_, valid_;
};

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
  ReportCurves curves(std::max<size_t>(lines, 1));
  MALMOI_TRY(for_each_object(metrics, lines, [&](const Json& line) { curves.add(line); }));
  return curves.finish();
}

Result<Json> read_samples(const Path& path) {
  Json samples = Json::array();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return samples;
  MALMOI_ASSIGN(size_t lines, count_lines(path));
  MALMOI_TRY(for_each_object(path, lines, [&](const Json& line) {
    Json sample = line;
    std::string text = json_string(line, "text");
    if (text.size() > kMaxSampleBytes) {
      text.resize(kMaxSampleBytes);
      text.resize(complete_utf8_prefix(text));
      sample["text"] = text + "…";
    }
    samples.push_back(std::move(sample));
  }));
  if (samples.size() > kMaxSamples)  // the newest
    samples.erase(samples.begin(), samples.end() - static_cast<std::ptrdiff_t>(kMaxSamples));
  return samples;
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

  MALMOI_ASSIGN(std::string html, fill_page(embedded::report_page, data));
  return write_file(run_folder / "report.html", html);
}

}  // namespace malmoi::app
