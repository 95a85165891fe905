// MinHash-LSH: documents that share a band are compared exactly, and those alike enough are joined.
//
// Buckets are compared by many threads, a batch of them at a time: within a batch each sees the sets as they were before
// it, and what it joins is applied in the order of the buckets. So the result depends neither on the threads nor on the
// memory.
#include "data/dedup/near.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/parallel.h"
#include "data/dedup/bucket.h"
#include "data/dedup/groups.h"
#include "data/dedup/scratch.h"
#include "data/dedup/shingle_sets.h"

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

// Documents of many buckets, side by side. A bucket of very many is cut into parts; what is kept of each is compared with
// what is kept of the others later on (State::join_parts).
struct Batch {
  static constexpr size_t kBucketDocuments = 1024;
  static constexpr uint64_t kWhole = UINT64_MAX;
  std::vector<uint64_t> documents;
  std::vector<size_t> ends;      // in `documents`, of each bucket
  std::vector<uint64_t> origin;  // of each: the number of the large bucket that it is a part of, or kWhole

  size_t open() const { return documents.size() - (ends.empty() ? 0 : ends.back()); }  // of the bucket at hand
  /// Ends the bucket at hand where the next document is of another, or where it is full.
  void turn_to(uint64_t key) {
    if (key != key_) {
      close();
    } else if (open() == kBucketDocuments) {
      if (part_of_ == kWhole) part_of_ = large_++;
      end_bucket();
    }
    key_ = key;
  }
  void add(uint64_t document) { documents.push_back(document); }
  void close() {
    end_bucket();
    part_of_ = kWhole;
  }
  void clear() {
    documents.clear();
    ends.clear();
    origin.clear();
  }

 private:
  void end_bucket() {
    bool alone = open() == 1 && part_of_ == kWhole;
    if (alone) documents.pop_back();
    if (open() == 0) return;
    ends.push_back(documents.size());
    origin.push_back(part_of_);
  }
  uint64_t key_ = 0, large_ = 0;
  uint64_t part_of_ = kWhole;  // of the bucket at hand
};

// A document that stands for a set found in one part of a large bucket.
struct PartMember {
  uint64_t bucket, document;
};
// As many of a part at most, so that what is left of a large bucket is smaller each time.
constexpr size_t kKeptOfPart = Batch::kBucketDocuments / 4;

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
  uint64_t memory;
  StopToken stop;
  std::vector<PartMember> kept_of_parts;  // by bucket

  State(const NearOptions& o, std::shared_ptr<ScratchFolder> f, ScratchFile file, uint64_t memory_bytes)
      : options(o),
        folder(f),
        shingles(std::move(file)),
        bands(f, "bands", memory_bytes / 4 * 3),
        exact(f, "exact", memory_bytes / 4),
        memory(memory_bytes) {}

  Status join_equal();
  Status join_batch(Batch& batch, ShingleFile& file);
  Status join_buckets(const std::function<void(double)>& progress);
  Status join_parts(size_t batch_documents, ShingleFile& file);
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
    if (!same) {
      first = record;
      any = true;
    }
  }
}

Status NearDeduper::State::join_batch(Batch& batch, ShingleFile& file) {
  MALMOI_TRY(stop.check("near duplicates", "run it again to go on"));
  std::vector<BucketResult> results(batch.ends.size());
  std::vector<Status> failures(batch.ends.size());
  std::atomic<size_t> next{0};
  parallel_team(options.workers, [&](int) {
    ShingleSets sets(file);
    for (size_t i = next++; i < results.size(); i = next++) {
      size_t begin = i > 0 ? batch.ends[i - 1] : 0;
      std::span documents(batch.documents.data() + begin, batch.ends[i] - begin);
      failures[i] = join_bucket(documents, groups, options, sets, results[i]);
    }
  });
  for (size_t i = 0; i < results.size(); ++i) {
    MALMOI_TRY(failures[i]);
    out.candidates += results[i].candidates;
    out.rejected += results[i].rejected;
    out.capped += results[i].capped;
    if (batch.origin[i] != Batch::kWhole) {
      size_t kept = std::min(results[i].firsts.size(), kKeptOfPart);
      out.capped += results[i].firsts.size() - kept;
      for (size_t k = 0; k < kept; ++k) kept_of_parts.push_back({batch.origin[i], results[i].firsts[k]});
    }
    for (const Clusters::Joined& pair : results[i].joined)
      if (groups.join(pair.a, pair.b) && out.samples.size() < static_cast<size_t>(options.samples))
        out.samples.push_back(pair);
  }
  batch.clear();
  return {};
}

Status NearDeduper::State::join_buckets(const std::function<void(double)>& progress) {
  auto workers = static_cast<uint64_t>(std::max(1, options.workers));
  ShingleFile file{shingles, offsets, std::max<uint64_t>(memory / 4 / workers, 1 << 16), {}};
  // Batches large enough for many threads, and small beside the whole: what one joins, the later ones need not compare.
  const size_t batch_documents = std::clamp<uint64_t>(bands.count() / 64, 1 << 10, 1 << 16);
  Batch batch;
  uint64_t read = 0;
  BandRecord record;
  while (true) {
    MALMOI_ASSIGN(bool more, bands.next(record));
    if (!more) break;
    ++read;
    if (equal[record.document]) continue;
    batch.turn_to(record.key);
    if (batch.open() == 0 && batch.documents.size() >= batch_documents) {
      MALMOI_TRY(join_batch(batch, file));
      if (progress) progress(static_cast<double>(read) / static_cast<double>(bands.count()));
    }
    batch.add(record.document);
  }
  batch.close();
  MALMOI_TRY(join_batch(batch, file));
  return join_parts(batch_documents, file);
}

// What was kept of the parts of a large bucket is a bucket of its own, sixteen times smaller: again and again, until it
// is not large any more. So copies are found wherever in the bucket they stand.
Status NearDeduper::State::join_parts(size_t batch_documents, ShingleFile& file) {
  while (!kept_of_parts.empty()) {
    std::vector<PartMember> members = std::exchange(kept_of_parts, {});
    Batch batch;
    for (const PartMember& member : members) {
      batch.turn_to(member.bucket);
      if (batch.open() == 0 && batch.documents.size() >= batch_documents) MALMOI_TRY(join_batch(batch, file));
      batch.add(member.document);
    }
    batch.close();
    MALMOI_TRY(join_batch(batch, file));
  }
  return {};
}

Result<Clusters> NearDeduper::finish(const std::function<void(double)>& progress, const StopToken& stop) {
  State& s = *state_;
  s.stop = stop;
  MALMOI_TRY(s.shingles.flush());
  MALMOI_TRY(s.join_equal());
  s.exact = ExternalSorter<ExactRecord>(s.folder, "exact", 0);  // its memory is for the sets now
  MALMOI_TRY(s.bands.finish());
  MALMOI_TRY(s.join_buckets(progress));
  s.groups.finish(s.out);
  return std::move(s.out);
}

}  // namespace malmoi::data
