#include "app/bench/tokenizer.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>
#include <vector>

#include "app/bench/figures.h"
#include "app/bench/hard_texts.h"
#include "base/file.h"
#include "base/parallel.h"
#include "tokenizer/tokenizer.h"

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

void measure_hard(const tokenizer::Tokenizer& tokenizer, const std::vector<std::string_view>& documents, Json& report) {
  constexpr size_t kBytes = 1'000'000;
  const double easy = seconds_a_byte(tokenizer, documents);
  Json times = Json::object();
  std::string hardest;
  for (const HardText& hard : hard_texts(kBytes)) {
    times[hard.name] = seconds_a_byte(tokenizer, {hard.text}) / easy;
    if (hardest.empty() || times[hard.name] > times[hardest]) hardest = hard.name;
  }
  report["file_mb_per_cpu_second"] = 1e-6 / easy;
  report["hardest"] = {{"text", hardest}, {"times", times[hardest]}};
  report["hard"] = std::move(times);
}

}  // namespace

Result<Json> bench_tokenizer(const BenchTokenizerOptions& options) {
  auto start = std::chrono::steady_clock::now();
  MALMOI_ASSIGN(tokenizer::Tokenizer tokenizer, tokenizer::Tokenizer::load(options.tokenizer));
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
  Json report{{"encode_mb_per_second", spread(std::move(speeds))},
              {"encode_mb_per_cpu_second", spread(std::move(cpu_speeds))},
              {"first_mb_per_cpu_second", first_cpu_speed},
              {"tokens", tokens},
              {"documents", documents.size()},
              {"bytes", bytes},
              {"bytes_per_token", static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(tokens, 1))},
              {"load_seconds", load_seconds},
              {"threads", num_threads()}};
  if (options.hard) measure_hard(tokenizer, documents, report);
  return report;
}

}  // namespace malmoi::app
