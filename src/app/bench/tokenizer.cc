#include "app/bench/tokenizer.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>
#include <vector>

#include "app/bench/hard_texts.h"
#include "app/tokenizer/open.h"
#include "base/file.h"
#include "base/parallel.h"

namespace malmoi::app {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double cpu_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<std::string_view> documents_of(std::string_view text, bool whole) {
  if (whole) return {text};
  std::vector<std::string_view> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find("\n\n", at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  return out;
}

uint64_t encode_all(const tokenizer::Tokenizer& tokenizer, const std::vector<std::string_view>& documents) {
  std::atomic<uint64_t> tokens{0};
  parallel_for(static_cast<int64_t>(documents.size()), 16, [&](int64_t begin, int64_t end) {
    uint64_t n = 0;
    for (int64_t i = begin; i < end; ++i) n += tokenizer.encode(documents[static_cast<size_t>(i)]).size();
    tokens += n;
  });
  return tokens;
}

// Processor time of this thread to encode the documents, a byte; the best of three after one that is not counted.
double seconds_a_byte(const tokenizer::Tokenizer& tokenizer, const std::vector<std::string_view>& documents) {
  double best = 1e30;
  size_t bytes = 0;
  for (std::string_view document : documents) bytes += document.size();
  for (int run = 0; run < 4; ++run) {
    const double start = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    for (std::string_view document : documents) (void)tokenizer.encode(document);
    if (run > 0) best = std::min(best, cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - start);
  }
  return best / static_cast<double>(bytes);
}

TokenizerFigures::Hard measure_hard(const tokenizer::Tokenizer& tokenizer,
                                    const std::vector<std::string_view>& documents) {
  constexpr size_t kBytes = 1'000'000;
  const double easy = seconds_a_byte(tokenizer, documents);
  TokenizerFigures::Hard hard{.file_mb_per_cpu_second = 1e-6 / easy};
  for (const HardText& text : hard_texts(kBytes)) {
    hard.times.emplace_back(text.name, seconds_a_byte(tokenizer, {text.text}) / easy);
    if (hard.times.back().second > hard.times[hard.hardest].second) hard.hardest = hard.times.size() - 1;
  }
  return hard;
}

}  // namespace

double TokenizerFigures::bytes_per_token() const {
  return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(tokens, 1));
}

Json to_json(const TokenizerFigures& figures) {
  Json json = {{"encode_mb_per_second", to_json(figures.encode_mb_per_second)},
               {"encode_mb_per_cpu_second", to_json(figures.encode_mb_per_cpu_second)},
               {"first_mb_per_cpu_second", figures.first_mb_per_cpu_second},
               {"tokens", figures.tokens},
               {"documents", figures.documents},
               {"bytes", figures.bytes},
               {"bytes_per_token", figures.bytes_per_token()},
               {"load_seconds", figures.load_seconds},
               {"threads", figures.threads}};
  if (!figures.hard) return json;
  const auto& [text, times] = figures.hard->times.at(figures.hard->hardest);
  json["file_mb_per_cpu_second"] = figures.hard->file_mb_per_cpu_second;
  json["hardest"] = {{"text", text}, {"times", times}};
  json["hard"] = Json::object();
  for (const auto& [name, value] : figures.hard->times) json["hard"][name] = value;
  return json;
}

Result<TokenizerFigures> bench_tokenizer(const BenchTokenizerOptions& options) {
  auto start = std::chrono::steady_clock::now();
  MALMOI_ASSIGN(tokenizer::Tokenizer tokenizer, open_tokenizer(options.tokenizer));
  double load_seconds = seconds_since(start);
  MALMOI_ASSIGN(std::string text, read_file(options.file));
  std::vector<std::string_view> documents = documents_of(text, options.whole);
  uint64_t bytes = 0, tokens = 0;
  for (std::string_view document : documents) bytes += document.size();
  if (bytes == 0) return invalid_data("no text to encode", options.file, "give a file with text");
  std::vector<double> speeds, cpu_speeds;
  double first_cpu_speed = 0;
  for (int run = 0; run <= options.repeat; ++run) {
    start = std::chrono::steady_clock::now();
    const double cpu_start = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    tokens = encode_all(tokenizer, documents);
    const double cpu_speed = static_cast<double>(bytes) / 1e6 / (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start);
    if (run == 0) {
      first_cpu_speed = cpu_speed;
      continue;
    }
    speeds.push_back(static_cast<double>(bytes) / 1e6 / seconds_since(start));
    cpu_speeds.push_back(cpu_speed);
  }
  TokenizerFigures figures{.encode_mb_per_second = spread(std::move(speeds)),
                           .encode_mb_per_cpu_second = spread(std::move(cpu_speeds)),
                           .first_mb_per_cpu_second = first_cpu_speed,
                           .tokens = tokens,
                           .documents = documents.size(),
                           .bytes = bytes,
                           .load_seconds = load_seconds,
                           .threads = num_threads()};
  if (options.hard) figures.hard = measure_hard(tokenizer, documents);
  return figures;
}

}  // namespace malmoi::app
