#include "app/bench_tokenizer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/parallel.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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
  std::vector<double> speeds;
  for (int run = 0; run <= options.repeat; ++run) {
    start = std::chrono::steady_clock::now();
    tokens = encode_all(tokenizer, documents);
    if (run > 0) speeds.push_back(static_cast<double>(bytes) / 1e6 / seconds_since(start));
  }
  std::sort(speeds.begin(), speeds.end());
  return Json{{"encode_mb_per_second",
               {{"min", speeds.front()}, {"median", speeds[speeds.size() / 2]}, {"max", speeds.back()}}},
              {"tokens", tokens},
              {"documents", documents.size()},
              {"bytes", bytes},
              {"bytes_per_token", static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(tokens, 1))},
              {"load_seconds", load_seconds},
              {"threads", num_threads()}};
}

}  // namespace malmoi::app
