// Deduplication: exact, near (MinHash-LSH, verified), by line, and by exact substring; all bounded in memory.
//
// Each deduper is fed every document once, by its global index and in any order, and then finished; the result depends
// on the indices and texts alone, never on the order, the threads or the memory. What does not fit the memory budget
// goes to sorted runs in a scratch folder, which is emptied at the end. Kept in memory besides: 24 bytes a document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/job.h"

namespace malmoi::data {

/// Where a deduper may put what does not fit in memory. Each makes and removes a folder of its own inside `folder`.
struct Scratch {
  Path folder;                                // empty: the system's folder for temporary files
  uint64_t memory_bytes = uint64_t{1} << 30;  // for buffers and sorting
};

/// Documents and the one that stands for each: `representative[i] == i` is kept, others are copies of it.
struct Clusters {
  struct Joined {  // one verified pair, for the report
    uint64_t a = 0, b = 0;
    double jaccard = 0;
  };
  std::vector<uint64_t> representative;
  uint64_t documents = 0;       // fed
  uint64_t duplicates = 0;      // not their own representative
  uint64_t clusters = 0;        // of at least two documents
  uint64_t candidates = 0;      // pairs that shared a band and were verified
  uint64_t rejected = 0;        // of those, below the threshold
  uint64_t capped = 0;          // times a document met `max_comparisons` in a bucket
  std::vector<Joined> samples;  // the first few joined pairs, ordered
};

// --- Near duplicates ------------------------------------------------------------------------------------------------

/// MinHash-LSH over sets of word n-grams (Broder 1997; Leskovec et al., "Mining of Massive Datasets", ch. 3). A pair
/// becomes a candidate with probability 1 - (1 - J^rows)^bands and is joined if its exact Jaccard index is at least
/// `threshold`. The usual 112 hashes and word 5-grams (FineWeb), in more and narrower bands than the published 14 x 8,
/// since candidates are verified: 99.95 % of the pairs at J = 0.7 are found instead of 56 %.
struct NearOptions {
  double threshold = 0.7;
  int ngram = 5;
  int bands = 28;
  int rows = 4;
  uint64_t seed = 1;
  uint32_t max_comparisons = 64;  // a document is compared with at most so many others in one bucket
  int samples = 20;               // joined pairs kept for the report
  int workers = 1;                // threads that compare; they do not show in the result
};

/// Options for a threshold: of the 112 hashes as many rows a band as leave a pair at the threshold a 0.1 % chance to be missed.
NearOptions near_options(double threshold, int ngram = 5);
/// Errors: a threshold outside (0, 1], sizes outside their limits.
Status check_options(const NearOptions& options);

/// What is kept of a text: its n-grams, band keys and exact hash. Made on any thread.
struct Sketch {
  Hash128 exact;  // of the normalised text
  std::vector<uint64_t>
      shingles;  // hashes of its n-grams in order, repeats and all; one of the whole text if it has fewer words
  std::vector<uint64_t> bands;  // one key a band; empty for an empty text
};

/// NFC, lower-cased, white space collapsed to single spaces and trimmed: what near duplicates are compared by.
std::string normalize_for_dedup(std::string_view text);

/// Makes sketches; const and thread-safe.
class Sketcher {
 public:
  explicit Sketcher(const NearOptions& options);
  ~Sketcher();
  Sketch sketch(std::string_view text) const;
  void sketch(std::string_view text, Sketch& out) const;  // reuses the buffers of `out`

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The Jaccard index of two sets, each sorted and without repeats; 1 of two empty ones.
double jaccard(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b);
/// Sorts and removes repeats.
void make_set(std::vector<uint64_t>& shingles);

/// A sketch as bytes and back, so that processes may sketch apart and one may cluster.
void append_sketch(std::string& out, const Sketch& sketch);
Result<Sketch> parse_sketch(std::string_view bytes, size_t& offset);

class NearDeduper {
 public:
  static Result<NearDeduper> create(const NearOptions& options, const Scratch& scratch = {});
  NearDeduper(NearDeduper&&) noexcept;
  NearDeduper& operator=(NearDeduper&&) noexcept;
  ~NearDeduper();

  /// Adds document `index`. Of a cluster, the one of the highest quality is kept (ties: the lowest index). Not thread-safe.
  Status add(uint64_t index, const Sketch& sketch, double quality);
  /// Compares what shares a band; `progress` is told the share that is done. Errors: the scratch; cancellation.
  Result<Clusters> finish(const std::function<void(double)>& progress = {}, const StopToken& stop = {});

 private:
  struct State;
  explicit NearDeduper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// --- Exact duplicates -----------------------------------------------------------------------------------------------

/// Documents of equal bytes (xxh128). The highest quality is kept, ties: the lowest index.
class ExactDeduper {
 public:
  static Result<ExactDeduper> create(const Scratch& scratch = {});
  ExactDeduper(ExactDeduper&&) noexcept;
  ExactDeduper& operator=(ExactDeduper&&) noexcept;
  ~ExactDeduper();
  Status add(uint64_t index, const Hash128& hash, double quality);
  Result<Clusters> finish();

 private:
  struct State;
  explicit ExactDeduper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// --- Removals inside documents: lines, paragraphs, substrings ---------------------------------------------------------

/// Half-open byte range [begin, end) of document `index`, on character boundaries.
struct Removal {
  uint64_t index = 0;
  uint64_t begin = 0, end = 0;
  auto operator<=>(const Removal&) const = default;
};

/// Ranges to remove, sorted by document and place, not overlapping; read once, in order.
class Removals {
 public:
  Removals();
  Removals(Removals&&) noexcept;
  Removals& operator=(Removals&&) noexcept;
  ~Removals();

  /// The ranges of document `index`; call with rising indices (gaps are fine). Errors: the scratch cannot be read.
  Status of(uint64_t index, std::vector<Removal>& out);
  uint64_t count() const;  // ranges
  uint64_t bytes() const;  // in all of them

  struct State;
  explicit Removals(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

/// The text without the ranges (sorted, not overlapping).
std::string remove_ranges(std::string_view text, const std::vector<Removal>& ranges);

struct LineOptions {
  enum class Unit { kLine, kParagraph };
  Unit unit = Unit::kLine;   // a paragraph ends at an empty line
  uint32_t min_length = 20;  // code points after trimming; shorter ones are left alone
  /// Copies of a unit allowed: 1 keeps the first occurrence. With `all`, a unit seen in more documents goes everywhere.
  uint32_t keep = 1;
  bool all = false;
};

/// Lines or paragraphs repeated across (and inside) documents, compared after normalize_for_dedup.
class LineDeduper {
 public:
  static Result<LineDeduper> create(const LineOptions& options, const Scratch& scratch = {});
  LineDeduper(LineDeduper&&) noexcept;
  LineDeduper& operator=(LineDeduper&&) noexcept;
  ~LineDeduper();
  Status add(uint64_t index, std::string_view text);
  Result<Removals> finish();

 private:
  struct State;
  explicit LineDeduper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct SubstringOptions {
  uint32_t min_bytes = 200;  // shortest repeated substring that is removed
};

/// Substrings of at least `min_bytes` that stand earlier in the corpus (Lee et al., "Deduplicating Training Data Makes
/// Language Models Better", 2022): every occurrence but the first is removed, whole characters only. A corpus of up to
/// a sixth of the memory budget is sorted as one suffix array. Beyond that, winnowed fingerprints (Schleimer et al.,
/// 2003: every repeated substring of the length shares one) are sorted on disk, and each is compared in both
/// directions with the first 16 other places it stands at: the same result, unless a fingerprint has more contexts.
/// Documents are fed in rising order of index.
class SubstringDeduper {
 public:
  static Result<SubstringDeduper> create(const SubstringOptions& options, const Scratch& scratch = {});
  SubstringDeduper(SubstringDeduper&&) noexcept;
  SubstringDeduper& operator=(SubstringDeduper&&) noexcept;
  ~SubstringDeduper();
  Status add(uint64_t index, std::string_view text);
  Result<Removals> finish();

 private:
  struct State;
  explicit SubstringDeduper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace malmoi::data
