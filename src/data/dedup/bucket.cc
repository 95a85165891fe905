#include "data/dedup/bucket.h"

#include <algorithm>
#include <unordered_map>

namespace malmoi::data {
namespace {

constexpr uint32_t kTries = 32;

// Sets of documents of one bucket, in slots. One slot more than are kept is for the document at hand.
class Bucket {
 public:
  Bucket(std::span<const uint64_t> documents, const Groups& groups, const NearOptions& options, ShingleSets& sets,
         BucketResult& out)
      : documents_(documents),
        groups_(groups),
        options_(options),
        sets_(sets),
        out_(out),
        kept_(std::clamp<size_t>(options.max_comparisons, 1, documents.size())),
        slots_(kept_ + 1),
        rejected_(slots_.size() * slots_.size(), 0) {
    sets_.start(documents);
  }

  // The documents one by one, by their positions.
  Status add(size_t document) {
    uint64_t root = groups_.root(documents_[document]);
    auto known = slot_of_root_.find(root);
    size_t mine = known != slot_of_root_.end() ? known->second : take_slot(root);
    uint32_t compared = 0;
    for (size_t other = 0; other < kept_; ++other) {
      if (other == mine || slots_[other].members.empty()) continue;
      MALMOI_ASSIGN(bool alike, find_alike(document, mine, other, compared));
      if (alike) mine = merge(mine, other);
      if (compared == options_.max_comparisons) break;
    }
    bool full = mine == kept_;
    if (full) release(mine);  // more sets than can be compared need not be kept
    else keep_member(slots_[mine], document);
    out_.capped += full || compared == options_.max_comparisons;
    return {};
  }
  // After the last.
  void finish() {
    for (const Slot& slot : slots_)
      if (!slot.members.empty()) out_.firsts.push_back(documents_[slot.members.front()]);
  }

 private:
  struct Slot {
    std::vector<size_t> members;  // those to compare with: the first, and the latest
    std::vector<uint64_t> roots;  // in `groups`, of all that belong here; empty: the slot is free
  };

  uint32_t& rejected(size_t a, size_t b) { return rejected_[a * slots_.size() + b]; }

  size_t take_slot(uint64_t root) {
    size_t slot = 0;
    while (slot < kept_ && !slots_[slot].roots.empty()) ++slot;
    slots_[slot].roots = {root};
    slot_of_root_[root] = slot;
    return slot;
  }

  void release(size_t slot) {
    for (uint64_t root : slots_[slot].roots) slot_of_root_.erase(root);
    slots_[slot].roots.clear();
    slots_[slot].members.clear();
    for (size_t s = 0; s < slots_.size(); ++s) rejected(slot, s) = rejected(s, slot) = 0;
  }

  // Of copies made one after the other, the latest are the likeliest to be alike; of copies of one text, all are.
  Result<bool> find_alike(size_t document, size_t mine, size_t other, uint32_t& compared) {
    const std::vector<size_t>& members = slots_[other].members;
    for (size_t i = 0; i < members.size(); ++i) {
      if (rejected(mine, other) >= kTries || compared == options_.max_comparisons) return false;
      size_t member = i == 0 ? members[0] : members[members.size() - i];
      ++compared;
      ++out_.candidates;
      MALMOI_ASSIGN(double index, sets_.compare(member, document, options_.threshold));
      if (index >= options_.threshold) {
        out_.joined.push_back({documents_[member], documents_[document], index});
        return true;
      }
      ++out_.rejected;
      ++rejected(mine, other);
      ++rejected(other, mine);
    }
    return false;
  }

  // Makes one of two sets; the slot it is in then, never the last if the other is not.
  size_t merge(size_t a, size_t b) {
    if (a > b) std::swap(a, b);
    for (uint64_t root : slots_[b].roots) slot_of_root_[root] = a;
    slots_[a].roots.insert(slots_[a].roots.end(), slots_[b].roots.begin(), slots_[b].roots.end());
    for (size_t member : slots_[b].members) keep_member(slots_[a], member);
    for (size_t s = 0; s < slots_.size(); ++s) {
      rejected(a, s) += rejected(b, s);
      rejected(s, a) = rejected(a, s);
    }
    rejected(a, a) = 0;
    slots_[b].roots.clear();
    release(b);
    return a;
  }

  void keep_member(Slot& slot, size_t document) {
    if (slot.members.size() == kept_) slot.members.erase(slot.members.begin() + (kept_ > 1));
    slot.members.push_back(document);
  }

  std::span<const uint64_t> documents_;
  const Groups& groups_;
  const NearOptions& options_;
  ShingleSets& sets_;
  BucketResult& out_;
  size_t kept_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> rejected_;  // by two slots: pairs of their members that were not alike
  std::unordered_map<uint64_t, size_t> slot_of_root_;
};

}  // namespace

Status join_bucket(std::span<const uint64_t> documents, const Groups& groups, const NearOptions& options,
                   ShingleSets& sets, BucketResult& out) {
  auto known = [&](uint64_t document) { return groups.root(document) == groups.root(documents[0]); };
  if (std::all_of(documents.begin(), documents.end(), known)) {
    out.firsts.assign(1, documents[0]);
    return {};
  }
  Bucket bucket(documents, groups, options, sets, out);
  for (size_t i = 0; i < documents.size(); ++i) MALMOI_TRY(bucket.add(i));
  bucket.finish();
  return {};
}

}  // namespace malmoi::data
