// MinHash-LSH: documents that share a band are compared exactly, and those alike enough are joined.
//
// Buckets are compared by many threads, a batch of them at a time: within a batch each sees the sets as they were before
// it, and what it joins is applied in the order of the buckets. So the result depends neither on the threads nor on the
// memory.
#include <algorithm>
#include <atomic>

#include "base/parallel.h"
#include "data/dedup/bucket.h"
#include "data/dedup/dedup.h"
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

// Documents of many buckets, side by side. A bucket of very many is cut into several that share its first documents.
struct Batch {
  static constexpr size_t kBucketDocuments = 1024, kShared = 16;
  std::vector<uint64_t> documents;
  std::vector<size_t> ends;      // in `documents`, of each bucket
  std::vector<uint64_t> shared;  // the first documents of the bucket that was cut

  size_t begin() const { return ends.empty() ? 0 : ends.back(); }  // of the bucket at hand
  size_t open() const { return documents.size() - begin(); }
  void add(uint64_t document) {
    if (open() == 0) documents.insert(documents.end(), shared.begin(), shared.end());
    documents.push_back(document);
  }
  void close() {
    if (open() == 1) documents.pop_back();
    if (open() > 1) ends.push_back(documents.size());
    shared.clear();
  }
  void cut() {
    std::vector<uint64_t> first(&documents[begin()], &documents[begin()] + kShared);
    close();
    shared = std::move(first);
  }
  void clear() { documents.clear(), ends.clear(); }
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
  uint64_t memory;
  StopToken stop;

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
    out.candidates += results[i].candidates, out.rejected += results[i].rejected, out.capped += results[i].capped;
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
  uint64_t key = 0, read = 0;
  BandRecord record;
  while (true) {
    MALMOI_ASSIGN(bool more, bands.next(record));
    if (!more) break;
    ++read;
    if (equal[record.document]) continue;
    if (record.key != key) batch.close();
    else if (batch.open() == Batch::kBucketDocuments) batch.cut();
    key = record.key;
    if (batch.open() == 0 && batch.documents.size() >= batch_documents) {
      MALMOI_TRY(join_batch(batch, file));
      if (progress) progress(static_cast<double>(read) / static_cast<double>(bands.count()));
    }
    batch.add(record.document);
  }
  batch.close();
  return join_batch(batch, file);
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
