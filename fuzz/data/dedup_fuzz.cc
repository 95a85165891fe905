// Fuzzes the text handling of deduplication and the filters: normalisation is stable, ranges keep characters whole,
// sketches read back, damaged sketches are errors, and no filter fails on any text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/config.h"
#include "base/utf8.h"
#include "data/decontaminate/decontaminate.h"
#include "data/dedup/near.h"
#include "data/dedup/substring.h"
#include "data/dedup/words.h"
#include "data/filter.h"

namespace {

using namespace malmoi;
using namespace malmoi::data;

void check(bool good) {
  if (!good) std::abort();
}

void check_substrings(std::string_view text) {
  std::string_view half = text.substr(0, text.size() / 2);
  auto deduper =
      SubstringDeduper::create({.min_bytes = 8}, {.folder = {}, .memory_bytes = text.size() % 2 == 0 ? 1u : 1u << 20});
  check(deduper.ok() && deduper->add(0, text).ok() && deduper->add(1, half).ok());
  auto removals = deduper->finish();
  check(removals.ok());
  std::vector<Removal> ranges;
  for (uint64_t i = 0; i < 2; ++i) {
    std::string_view whole = i == 0 ? text : half;
    check(removals->of(i, ranges).ok());
    for (const Removal& r : ranges) check(r.begin < r.end && r.end <= whole.size());
    if (is_valid_utf8(whole)) check(is_valid_utf8(remove_ranges(whole, ranges)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string normal = normalize_for_dedup(text);
  if (is_valid_utf8(text)) check(is_valid_utf8(normal));
  static const Sketcher sketcher{NearOptions{}};
  Sketch sketch = sketcher.sketch(text);
  std::string bytes;
  append_sketch(bytes, sketch);
  size_t offset = 0;
  auto back = parse_sketch(bytes, offset);
  check(back.ok() && back->exact == sketch.exact && back->shingles == sketch.shingles && back->bands == sketch.bands);
  offset = 0;
  (void)parse_sketch(text, offset);
  if (size < 4096) check_substrings(text);

  static const std::vector<std::unique_ptr<Filter>>* const filters = [] {
    auto* made = new std::vector<std::unique_ptr<Filter>>;
    for (const FilterEntry& entry : filter_table()) {
      auto document = parse_config("{}", "fuzz");
      ConfigReader reader(*document);
      if (auto filter = make_filter(entry.name, reader); filter.ok()) made->push_back(*std::move(filter));
    }
    return made;
  }();
  for (const auto& filter : *filters) {
    Document document{.text = std::string(text)};
    filter->apply(document);
    if (is_valid_utf8(text)) check(is_valid_utf8(document.text));
  }
  Decontaminator index({.ngram = 3, .min_words = 2});
  index.add("set", "item", text.substr(0, size / 3));
  index.build();
  for (const auto& hit : index.find(text)) check(hit.begin < hit.end && hit.end <= size);
  return 0;
}
