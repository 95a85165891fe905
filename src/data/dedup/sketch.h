// Sketches of texts: what near copies are found by, made on any thread or machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/hash.h"

namespace malmoi::data {

/// MinHash-LSH over sets of word n-grams (Broder 1997; Leskovec et al., "Mining of Massive Datasets", ch. 3); where a
/// script has no spaces, characters stand for words. A pair becomes a candidate with probability 1 - (1 - J^rows)^bands
/// and is joined if its exact Jaccard index is at least `threshold`. The usual 112 hashes and word 5-grams (FineWeb), in more and narrower bands than the published 14 x 8,
/// since candidates are verified: 99.95 % of the pairs at J = 0.7 are found instead of 56 %.
struct NearOptions {
  double threshold = 0.7;
  int ngram = 5;
  int bands = 28;
  int rows = 4;
  uint64_t seed = 1;
  uint32_t max_comparisons = 64;  // a document is compared with at most so many others in one bucket; Clusters::capped
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

}  // namespace malmoi::data
