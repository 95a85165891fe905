#include "data/build/placement.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "data/build/mix.h"
#include "data/build/part_documents.h"

namespace malmoi::data {
namespace {

constexpr uint64_t kCopySeed = 0x6d6978;  // "mix": which documents get one copy more is another draw than their split

// One copy of a document in the order of the output.
struct OrderRecord {
  uint64_t split = 0, key = 0, ordinal = 0, copy = 0, bytes = 0;
  auto operator<=>(const OrderRecord&) const = default;
};

class Placer {
 public:
  Placer(const WorkFolder& work, uint64_t parts, const Recipe& recipe, const Decisions& decisions,
         const std::shared_ptr<ScratchFolder>& scratch, uint64_t memory_bytes)
      : work_(work), parts_(parts), recipe_(recipe), decisions_(decisions), order_(scratch, "order", memory_bytes / 2) {
    result_.in_order = std::make_unique<ExternalSorter<Placement>>(scratch, "placements", memory_bytes / 2);
  }

  Result<Placements> run() {
    MALMOI_TRY(measure());
    MALMOI_TRY(put_in_order());
    MALMOI_TRY(fill_shards());
    return std::move(result_);
  }

 private:
  Status each_kept_record(const std::function<Status(uint64_t ordinal, const PartRecord& record)>& visit) const {
    return for_each_record(work_, parts_, [&](uint64_t ordinal, const PartRecord& record) {
      return decisions_.fates[ordinal] == Fate::kKept ? visit(ordinal, record) : Status{};
    });
  }

  uint64_t left_of(uint64_t ordinal, const PartRecord& record) const {
    return record.bytes - std::min<uint64_t>(record.bytes, decisions_.removed_bytes[ordinal]);
  }

  uint64_t group_of(const PartRecord& record) const {
    return recipe_.exact || recipe_.group != GroupBy::kDocument ? record.group : record.text.low;
  }

  int split_for(const PartRecord& record) const {
    return is_held_out_forced_ && group_of(record) == nearest_ ? 1 : split_of(recipe_, group_of(record));
  }

  // How much there is to train on of each source, and whether anything is held out.
  Status measure() {
    double nearest_value = 2;
    uint64_t held_out = 0, documents = 0;
    std::vector<uint64_t> source_bytes(recipe_.sources.size(), 0);
    MALMOI_TRY(each_kept_record([&](uint64_t ordinal, const PartRecord& record) -> Status {
      int split = split_of(recipe_, group_of(record));
      if (split == 0) source_bytes[record.source] += left_of(ordinal, record);
      held_out += split == 1;
      ++documents;
      double value = mix_fraction(group_of(record), recipe_.seed);
      if (value < nearest_value) {
        nearest_value = value;
        nearest_ = group_of(record);
      }
      return {};
    }));
    // A corpus too small for its fraction still holds something out.
    is_held_out_forced_ = held_out == 0 && recipe_.valid_fraction > 0 && documents > 1;
    factors_ = mixing_factors(recipe_, source_bytes);
    return {};
  }

  uint64_t copies_of(const PartRecord& record, int split) const {
    double factor = split == 0 ? factors_[record.source] : 1;
    auto copies = static_cast<uint64_t>(factor);
    return copies + (mix_fraction(record.id, recipe_.seed ^ kCopySeed) < factor - static_cast<double>(copies));
  }

  Status put_in_order() {
    MALMOI_TRY(each_kept_record([&](uint64_t ordinal, const PartRecord& record) -> Status {
      int split = split_for(record);
      uint64_t bytes = left_of(ordinal, record), copies = copies_of(record, split);
      result_.left_out += copies == 0;
      for (uint64_t copy = 0; copy < copies; ++copy)
        MALMOI_TRY(
            order_.add({static_cast<uint64_t>(split), key_of(ordinal, record, bytes, copy), ordinal, copy, bytes}));
      return {};
    }));
    return order_.finish();
  }

  uint64_t key_of(uint64_t ordinal, const PartRecord& record, uint64_t bytes, uint64_t copy) const {
    uint64_t shuffled = mix_hash(record.id ^ (copy * 0x9E3779B97F4A7C15ull), recipe_.seed);
    if (recipe_.curriculum) {
      auto length_class = static_cast<uint64_t>(std::clamp(static_cast<int>(std::bit_width(bytes)) - 8, 0, 7));
      return length_class << 61 | shuffled >> 3;
    }
    return recipe_.shuffle ? shuffled : ordinal;
  }

  Status fill_shards() {
    std::vector<Placements::Shard>& shards = result_.shards;
    uint64_t position = 0, filled = 0;
    OrderRecord record;
    while (true) {
      MALMOI_ASSIGN(bool more, order_.next(record));
      if (!more) break;
      bool goes_on = !shards.empty() && record.split == shards.back().split;
      if (!goes_on || filled >= recipe_.shard_bytes) {
        shards.push_back({record.split, goes_on ? shards.back().number + 1 : 0});
        filled = 0;
      }
      filled += record.bytes;
      result_.bytes += record.bytes;
      MALMOI_TRY(result_.in_order->add({record.ordinal, record.copy, shards.size() - 1, position++}));
    }
    return result_.in_order->finish();
  }

  const WorkFolder& work_;
  uint64_t parts_;
  const Recipe& recipe_;
  const Decisions& decisions_;
  ExternalSorter<OrderRecord> order_;
  std::vector<double> factors_;  // by source
  uint64_t nearest_ = 0;         // the group that is held out where no other is
  bool is_held_out_forced_ = false;
  Placements result_;
};

}  // namespace

Result<Placements> place_documents(const WorkFolder& work, uint64_t parts, const Recipe& recipe,
                                   const Decisions& decisions, const std::shared_ptr<ScratchFolder>& scratch,
                                   uint64_t memory_bytes) {
  return Placer(work, parts, recipe, decisions, scratch, memory_bytes).run();
}

}  // namespace malmoi::data
