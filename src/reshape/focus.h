// Rows of new tokens from those of old ones that stand in like company (after Dobler and de Melo 2023, "FOCUS").
//
//   row of t = sum_o w_o row of o,   w = sparsemax over old tokens o of cos(a_t, a_o)
//
// The auxiliary vectors a are those of random indexing (Kanerva et al. 2000) over a corpus in the new tokens: of each token the sum of
// random vectors of its neighbours, each times log(tokens / occurrences), less the mean of all; where FOCUS trains fastText.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace malmoi::reshape {

/// Old ids with their shares, which add up to 1.
using WeightedIds = std::vector<std::pair<int32_t, float>>;

/// Learns from a corpus that is told twice, document by document, first to count(), then to learn(). One thread.
class AuxiliaryVectors {
 public:
  explicit AuxiliaryVectors(int32_t vocab_size);
  void count(std::span<const int32_t> ids);
  void learn(std::span<const int32_t> ids);
  /// After the last document.
  void finish();

  /// What the row of `token` is made of, of the ids below `old_size`; empty where the corpus has not the token, or nothing like it.
  WeightedIds like(int32_t token, int32_t old_size) const;

 private:
  const float* vector(int32_t id) const { return values_.data() + static_cast<size_t>(id) * kWidth; }
  static constexpr size_t kWidth = 128;
  static constexpr int64_t kWindow = 5;  // neighbours at each side

  std::vector<uint64_t> counts_;
  uint64_t total_ = 0;
  std::vector<float> values_;  // of unit length once it is finished, or 0
};

/// The projection onto the simplex (Martins and Astudillo 2016): of `scores` those above a threshold, less the threshold.
WeightedIds sparsemax(std::vector<std::pair<int32_t, float>> scores);

}  // namespace malmoi::reshape
