// MinHash-LSH: documents that share a band are compared exactly, and those alike enough are joined.
#include <algorithm>
#include <map>

#include "data/dedup/dedup.h"
#include "data/dedup/groups.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {
namespace {

struct BandRecord {
  uint64_t key, document;
  auto operator<=>(const BandRecord&) const = default;
};

struct ExactRecord {
  uint64_t low, high, document;
  auto operator<=>(const ExactRecord&) const = default;
};

struct Place {
  uint64_t offset = 0;  // in the file of shingles, in shingles
  uint64_t count = 0;
};

}  // namespace

struct NearDeduper::State {
  NearOptions options;
  std::shared_ptr<ScratchFolder> folder;
  ScratchFile shingles;
  ExternalSorter<BandRecord> bands;
  ExternalSorter<ExactRecord> exact;
  std::vector<uint64_t> offsets;  // by document: where its shingles begin, preceded by their number
  std::vector<bool> equal;        // to a document of lower index, after normalisation
  Groups groups;
  Clusters out;
  std::map<uint64_t, std::vector<uint64_t>> cache;  // sets of the documents of one bucket

  State(const NearOptions& o, std::shared_ptr<ScratchFolder> f, ScratchFile file, uint64_t memory)
      : options(o),
        folder(f),
        shingles(std::move(file)),
        bands(f, "bands", memory / 4 * 3),
        exact(f, "exact", memory / 4) {}

  Status join_equal();
  Status join_bucket(std::vector<uint64_t>& documents);
  Result<const std::vector<uint64_t>*> set_of(uint64_t document);
  Result<bool> compare(uint64_t a, uint64_t b);
};

Result<NearDeduper> NearDeduper::create(const NearOptions& options, const Scratch& scratch) {
  MALMOI_TRY(check_options(options));
  MALMOI_ASSIGN(auto folder, ScratchFolder::create(scratch.folder));
  MALMOI_ASSIGN(ScratchFile file, ScratchFile::create(*folder, "shingles"));
  return NearDeduper(std::make_unique<State>(options, folder, std::move(file), scratch.memory_bytes));
}

NearDeduper::NearDeduper(std::unique_ptr<State> state) : state_(std::move(state)) {}
NearDeduper::NearDeduper(NearDeduper&&) noexcept = default;
NearDeduper& NearDeduper::operator=(NearDeduper&&) noexcept = default;
NearDeduper::~NearDeduper() = default;

Status NearDeduper::add(uint64_t index, const Sketch& sketch, double quality) {
  State& s = *state_;
  s.groups.add(index, quality);
  if (s.offsets.size() <= index) s.offsets.resize(index + 1, 0);
  s.offsets[index] = s.shingles.size();
  uint64_t count = sketch.shingles.size();
  MALMOI_TRY(s.shingles.append(&count, sizeof count));
  MALMOI_TRY(s.shingles.append(sketch.shingles.data(), count * sizeof(uint64_t)));
  MALMOI_TRY(s.exact.add({sketch.exact.low, sketch.exact.high, index}));
  for (uint64_t key : sketch.bands) MALMOI_TRY(s.bands.add({key, index}));
  return {};
}

// Texts equal after normalisation are joined first, so that buckets hold each text once.
Status NearDeduper::State::join_equal() {
  MALMOI_TRY(exact.finish());
  equal.assign(offsets.size(), false);
  ExactRecord record, first{};
  bool any = false;
  while (true) {
    MALMOI_ASSIGN(bool more, exact.next(record));
    if (!more) return {};
    bool same = any && record.low == first.low && record.high == first.high;
    if (same && groups.join(first.document, record.document)) {
      equal[record.document] = true;
      if (out.samples.size() < static_cast<size_t>(options.samples) / 4)
        out.samples.push_back({first.document, record.document, 1.0});
    }
    if (!same) first = record, any = true;
  }
}

Result<const std::vector<uint64_t>*> NearDeduper::State::set_of(uint64_t document) {
  auto [it, added] = cache.try_emplace(document);
  if (added) {
    uint64_t count = 0;
    MALMOI_TRY(shingles.read(offsets[document], &count, sizeof count));
    it->second.resize(count);
    MALMOI_TRY(shingles.read(offsets[document] + sizeof count, it->second.data(), count * sizeof(uint64_t)));
    make_set(it->second);
  }
  return &it->second;
}

Result<bool> NearDeduper::State::compare(uint64_t a, uint64_t b) {
  MALMOI_ASSIGN(const auto* set_a, set_of(a));
  MALMOI_ASSIGN(const auto* set_b, set_of(b));
  ++out.candidates;
  // The smaller set bounds the intersection: no need to count where the sizes are too far apart.
  double low = static_cast<double>(std::min(set_a->size(), set_b->size()));
  double high = static_cast<double>(std::max(set_a->size(), set_b->size()));
  double index = low < options.threshold * high ? 0.0 : jaccard(*set_a, *set_b);
  if (index < options.threshold) {
    ++out.rejected;
    return false;
  }
  if (out.samples.size() < static_cast<size_t>(options.samples))
    out.samples.push_back({std::min(a, b), std::max(a, b), index});
  return true;
}

// Compares each document with the members of the other sets met so far in the bucket, and joins where one is alike.
Status NearDeduper::State::join_bucket(std::vector<uint64_t>& documents) {
  constexpr size_t kCached = 4096;
  std::vector<std::vector<uint64_t>> parts;  // members of one set each
  for (uint64_t document : documents) {
    uint64_t root = groups.find(document);
    std::vector<uint64_t>* mine = nullptr;
    for (auto& part : parts)
      if (groups.find(part.front()) == root) mine = &part;
    uint32_t compared = 0;
    bool joined = false;
    for (auto& part : parts) {
      if (&part == mine) continue;
      for (uint64_t other : part) {
        if (compared == options.max_comparisons) {
          ++out.capped;
          break;
        }
        ++compared;
        MALMOI_ASSIGN(bool alike, compare(other, document));
        if (alike) {
          groups.join(other, document);
          joined = true;
          break;
        }
      }
      if (compared == options.max_comparisons) break;
    }
    // More parts or members than can be compared need not be kept.
    if (mine == nullptr && parts.size() < options.max_comparisons) parts.push_back({document});
    if (mine != nullptr && mine->size() < options.max_comparisons) mine->push_back(document);
    if (joined) {  // parts that became one set are one part
      std::map<uint64_t, std::vector<uint64_t>> merged;
      for (auto& part : parts) {
        auto& into = merged[groups.find(part.front())];
        into.insert(into.end(), part.begin(), part.end());
      }
      parts.clear();
      for (auto& [key, part] : merged) parts.push_back(std::move(part));
    }
    if (cache.size() > kCached) cache.clear();
  }
  cache.clear();
  return {};
}

Result<Clusters> NearDeduper::finish() {
  State& s = *state_;
  MALMOI_TRY(s.shingles.flush());
  MALMOI_TRY(s.join_equal());
  MALMOI_TRY(s.bands.finish());
  BandRecord record;
  uint64_t key = 0;
  std::vector<uint64_t> bucket;
  auto close_bucket = [&]() -> Status {
    if (bucket.size() > 1) MALMOI_TRY(s.join_bucket(bucket));
    bucket.clear();
    return {};
  };
  while (true) {
    MALMOI_ASSIGN(bool more, s.bands.next(record));
    if (!more) break;
    if (!bucket.empty() && record.key != key) MALMOI_TRY(close_bucket());
    key = record.key;
    if (!s.equal[record.document]) bucket.push_back(record.document);
  }
  MALMOI_TRY(close_bucket());
  s.groups.finish(s.out);
  return std::move(s.out);
}

}  // namespace malmoi::data
