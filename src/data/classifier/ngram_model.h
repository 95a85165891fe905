// A language model of character n-grams with Witten-Bell smoothing: tells fluent text from noise, trained in one pass.
//
// P(c | h) = (N(hc) + T(h) P(c | h')) / (N(h) + T(h)), where h' is h without its first character, T(h) the number of
// different characters seen after h, and P at order 0 is uniform (Witten and Bell, 1991).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::data {

struct NgramTraining {
  int order = 5;  // characters of an n-gram, at most 12
  uint64_t max_ngrams =
      20'000'000;  // different ones; beyond it only those seen before are counted (20 bytes each on disk)
};

/// What is known of one n-gram.
struct NgramCounts {
  uint32_t count = 0;      // N(hc): of itself
  uint32_t followers = 0;  // T: different characters seen after it
  uint32_t total = 0;      // N(h): times a character was seen after it
};

class NgramTrainer {
 public:
  explicit NgramTrainer(const NgramTraining& options = {});
  void add(std::string_view text);
  /// Whether `max_ngrams` was met.
  bool full() const { return full_; }
  /// Writes the model. Errors: nothing was added, no space.
  Status save(const Path& path) const;

 private:
  NgramTraining options_;
  std::vector<std::unordered_map<uint64_t, NgramCounts>> orders_;  // [k]: n-grams of k+1 characters by hash
  uint64_t held_ = 0, characters_ = 0;
  bool full_ = false;
};

/// Immutable; thread-safe.
class NgramModel {
 public:
  static Result<NgramModel> load(const Path& path);
  /// Mean negative log-likelihood a character, in nats; 0 for an empty text. White space counts as one space.
  double score(std::string_view text) const;

 private:
  struct Order {
    std::vector<uint64_t> keys;  // hashes of n-grams, sorted
    std::vector<NgramCounts> counts;
    const NgramCounts* find(uint64_t key) const;
  };
  std::vector<Order> orders_;  // [k]: n-grams of k+1 characters
  uint64_t characters_ = 0;
};

}  // namespace malmoi::data
