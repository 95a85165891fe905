// Lines and paragraphs repeated across documents, found by sorting their hashes.
#include "data/dedup/lines.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "data/dedup/removal_file.h"
#include "data/dedup/words.h"

namespace malmoi::data {
namespace {

struct UnitRecord {
  uint64_t low, high, document, begin, end;
  auto operator<=>(const UnitRecord&) const = default;
};

// Where the unit at `begin` ends: after the line break, or after the empty lines that close a paragraph.
size_t line_unit_end(std::string_view text, size_t begin, LineOptions::Unit unit) {
  size_t at = begin;
  while (true) {
    size_t line = text.find('\n', at);
    if (line == std::string_view::npos) return text.size();
    at = line + 1;
    if (unit == LineOptions::Unit::kLine) return at;
    size_t blank = at;
    while (blank < text.size() && (text[blank] == ' ' || text[blank] == '\t' || text[blank] == '\r')) ++blank;
    if (blank >= text.size() || text[blank] != '\n') continue;
    while (blank < text.size() &&
           (text[blank] == '\n' || text[blank] == ' ' || text[blank] == '\t' || text[blank] == '\r')) {
      ++blank;
      if (text[blank - 1] == '\n') at = blank;
    }
    return at;
  }
}

}  // namespace

struct LineDeduper::State {
  LineOptions options;
  std::shared_ptr<ScratchFolder> folder;
  ExternalSorter<UnitRecord> units;
  ExternalSorter<Removal> removals;
  std::string normal;
  std::vector<uint32_t> ends;

  State(const LineOptions& o, std::shared_ptr<ScratchFolder> f, uint64_t memory)
      : options(o), folder(f), units(f, "units", memory / 3 * 2), removals(f, "ranges", memory / 3) {}
};

Result<LineDeduper> LineDeduper::create(const LineOptions& options, const Scratch& scratch) {
  if (options.keep == 0) return usage_error("keep must be at least 1", "keep", "1 keeps the first occurrence");
  MALMOI_ASSIGN(auto folder, ScratchFolder::create(scratch.folder));
  return LineDeduper(std::make_unique<State>(options, folder, scratch.memory_bytes));
}

LineDeduper::LineDeduper(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineDeduper::LineDeduper(LineDeduper&&) noexcept = default;
LineDeduper& LineDeduper::operator=(LineDeduper&&) noexcept = default;
LineDeduper::~LineDeduper() = default;

Status LineDeduper::add(uint64_t index, std::string_view text) {
  State& s = *state_;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = line_unit_end(text, begin, s.options.unit);
    normalize_words(text.substr(begin, end - begin), s.normal, s.ends);
    if (!s.normal.empty() && count_code_points(s.normal) >= s.options.min_length) {
      Hash128 hash = hash128(s.normal);
      MALMOI_TRY(s.units.add({hash.low, hash.high, index, begin, end}));
    }
    begin = end;
  }
  return {};
}

Result<Removals> LineDeduper::finish() {
  State& s = *state_;
  MALMOI_TRY(s.units.finish());
  std::vector<UnitRecord> group;  // with `all`: a unit's occurrences until it proves too frequent
  UnitRecord unit, first{};
  uint64_t seen = 0, documents = 0, last_document = 0;
  bool everywhere = false;
  while (true) {
    MALMOI_ASSIGN(bool more, s.units.next(unit));
    if (!more) break;
    bool same = seen != 0 && unit.low == first.low && unit.high == first.high;
    if (!same) {
      first = unit;
      seen = 0;
      documents = 0;
      everywhere = false;
      group.clear();
    }
    if (documents == 0 || unit.document != last_document) {
      ++documents;
      last_document = unit.document;
    }
    ++seen;
    if (!s.options.all) {
      if (seen > s.options.keep) MALMOI_TRY(s.removals.add({unit.document, unit.begin, unit.end}));
      continue;
    }
    if (!everywhere) group.push_back(unit);
    if (!everywhere && documents > s.options.keep) {
      everywhere = true;
      for (const UnitRecord& u : group) MALMOI_TRY(s.removals.add({u.document, u.begin, u.end}));
      group.clear();
    } else if (everywhere) {
      MALMOI_TRY(s.removals.add({unit.document, unit.begin, unit.end}));
    }
  }
  MALMOI_TRY(s.removals.finish());
  MALMOI_ASSIGN(auto state, Removals::State::create(s.folder));
  Removal removal;
  while (true) {
    MALMOI_ASSIGN(bool more, s.removals.next(removal));
    if (!more) break;
    MALMOI_TRY(state->append(removal));
  }
  return Removals(std::move(state));
}

}  // namespace malmoi::data
