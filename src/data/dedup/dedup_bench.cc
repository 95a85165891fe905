// How fast text goes through sketches, filters and the search for personal data: bytes per second, one thread.
// MALMOI_BENCH_TEXTS names a .jsonl file whose texts are used instead of invented ones; bench/text_stages.py sets it.
#include <cstdlib>

#include <benchmark/benchmark.h>

#include "base/config.h"
#include "base/rng.h"
#include "data/corpus.h"
#include "data/dedup/sketch.h"
#include "data/filter.h"
#include "data/pii/pii.h"

namespace malmoi::data {
namespace {

std::vector<std::string> documents_of(const char* path) {
  std::vector<std::string> out;
  auto stream = open_documents({path}, "");
  Document document;
  while (stream.ok()) {
    auto more = (*stream)->next(document);
    if (!more.ok() || !*more) break;
    out.push_back(document.text);
  }
  return out;
}

// Half Korean, half English prose of invented words with a real distribution of lengths, in documents of about 3 kB.
std::vector<std::string> documents() {
  if (const char* path = std::getenv("MALMOI_BENCH_TEXTS")) return documents_of(path);
  Rng rng(1);
  std::vector<std::string> words[2], out;
  for (int i = 0; i < 5000; ++i) {
    std::string latin, hangul;
    for (uint64_t n = 1 + rng.below(9); n > 0; --n) latin += static_cast<char>('a' + rng.below(26));
    for (uint64_t n = 1 + rng.below(5); n > 0; --n) {
      auto c = static_cast<uint32_t>(0xAC00 + rng.below(11172));
      hangul += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                 static_cast<char>(0x80 | (c & 63))};
    }
    words[0].push_back(latin);
    words[1].push_back(hangul);
  }
  for (int d = 0; d < 400; ++d) {
    std::string text;
    while (text.size() < 3000) {
      double u = rng.uniform();
      text += words[d % 2][static_cast<size_t>(5000 * u * u * u)];
      text += rng.below(14) == 0 ? ".\n" : " ";
    }
    out.push_back(std::move(text));
  }
  return out;
}

template <typename Visit>
void over_documents(benchmark::State& state, const Visit& visit) {
  static const std::vector<std::string> kDocuments = documents();
  int64_t bytes = 0;
  for (auto _ : state)
    for (const std::string& text : kDocuments) visit(text), bytes += static_cast<int64_t>(text.size());
  state.SetBytesProcessed(bytes);
}

void sketch(benchmark::State& state) {
  Sketcher sketcher{NearOptions{}};
  Sketch out;
  over_documents(
      state, [&](const std::string& text) { sketcher.sketch(text, out), benchmark::DoNotOptimize(out.bands.data()); });
}
BENCHMARK(sketch);

void pii(benchmark::State& state) {
  over_documents(state, [&](const std::string& text) { benchmark::DoNotOptimize(find_pii(text)); });
}
BENCHMARK(pii);

std::unique_ptr<Filter> make(const std::string& name) {
  auto document = parse_config("{}", "bench");
  ConfigReader reader(*document);
  auto made = make_filter(name, reader);
  return made.ok() ? *std::move(made) : nullptr;
}

// What a usual recipe does to every document: four sets of quality rules and the sketch.
void rules_and_sketch(benchmark::State& state) {
  std::vector<std::unique_ptr<Filter>> filters;
  for (const char* name : {"gopher_repetition", "gopher_quality", "c4", "fineweb"}) filters.push_back(make(name));
  Sketcher sketcher{NearOptions{}};
  Sketch out;
  over_documents(state, [&](const std::string& text) {
    for (const auto& filter : filters) {
      Document d{.text = text};
      benchmark::DoNotOptimize(filter->apply(d));
    }
    sketcher.sketch(text, out);
  });
}
BENCHMARK(rules_and_sketch);

void filter(benchmark::State& state, const std::string& name) {
  auto made = make(name);
  over_documents(state, [&](const std::string& text) {
    Document d{.text = text};
    benchmark::DoNotOptimize(made->apply(d));
  });
}
BENCHMARK_CAPTURE(filter, repair, std::string("repair"));
BENCHMARK_CAPTURE(filter, language, std::string("language"));
BENCHMARK_CAPTURE(filter, gopher_quality, std::string("gopher_quality"));
BENCHMARK_CAPTURE(filter, gopher_repetition, std::string("gopher_repetition"));
BENCHMARK_CAPTURE(filter, c4, std::string("c4"));
BENCHMARK_CAPTURE(filter, fineweb, std::string("fineweb"));
BENCHMARK_CAPTURE(filter, korean, std::string("korean"));

}  // namespace
}  // namespace malmoi::data
