// Documents of one hash, found by sorting.
#include "data/dedup/exact.h"

#include "data/dedup/groups.h"

namespace malmoi::data {
namespace {

struct Record {
  uint64_t low, high, document;
  auto operator<=>(const Record&) const = default;
};

}  // namespace

struct ExactDeduper::State {
  ExternalSorter<Record> records;
  Groups groups;
};

Result<ExactDeduper> ExactDeduper::create(const Scratch& scratch) {
  MALMOI_ASSIGN(auto folder, ScratchFolder::create(scratch.folder));
  return ExactDeduper(
      std::make_unique<State>(State{ExternalSorter<Record>(folder, "exact", scratch.memory_bytes), {}}));
}

ExactDeduper::ExactDeduper(std::unique_ptr<State> state) : state_(std::move(state)) {}
ExactDeduper::ExactDeduper(ExactDeduper&&) noexcept = default;
ExactDeduper& ExactDeduper::operator=(ExactDeduper&&) noexcept = default;
ExactDeduper::~ExactDeduper() = default;

Status ExactDeduper::add(uint64_t index, const Hash128& hash, double quality) {
  state_->groups.add(index, quality);
  return state_->records.add({hash.low, hash.high, index});
}

Result<Clusters> ExactDeduper::finish() {
  MALMOI_TRY(state_->records.finish());
  Clusters out;
  Record record, first{};
  bool any = false;
  while (true) {
    MALMOI_ASSIGN(bool more, state_->records.next(record));
    if (!more) break;
    bool same = any && record.low == first.low && record.high == first.high;
    if (same && state_->groups.join(first.document, record.document) && out.samples.size() < 20)
      out.samples.push_back({first.document, record.document, 1.0});
    if (!same) {
      first = record;
      any = true;
    }
  }
  state_->groups.finish(out);
  return out;
}

}  // namespace malmoi::data
