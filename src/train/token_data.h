// Flat ids as sequences to train on: which tokens the n-th sequence of a run has, for any n, without state.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/file.h"
#include "data/token_file.h"
#include "train/examples.h"

namespace malmoi::train {

struct TokenDataOptions {
  int64_t sequence_length = 256;
  bool shuffled = true;
  uint64_t seed = 1;
  // Rows of a document see that document alone, in files whose document ends are known. Its first id counts as a target
  // all the same: of the row before it, which ends another document.
  bool split_documents = false;
  // The last sequence may be shorter, so that every token but the first is a target once: for evaluations, in order.
  bool to_the_end = false;
  // Above 0: so many streams side by side instead, of parts of the ids that are as long as whole steps allow; row b of step s
  // is the s-th sequence of stream b. In order.
  int64_t streams = 0;
  bool same_windows = false;  // every epoch has the same sequences, in another order
};

/// The n-th sequence of a run is a function of n and the seed: position and epoch follow from n alone, whatever the
/// number of processes or the batch. Sequential: ids [n T, n T + T), around again at the end. Shuffled: every epoch
/// visits the windows in a new order, and from the second on they begin at a new offset below T. Streams: sequence n of an epoch is
/// that of step n / streams and row n % streams.
class TokenData final : public ExampleSource {
 public:
  /// Files are joined in order. `masks`: empty, or a u8 file for each, 1 where the next token counts.
  /// Errors: fewer ids than one sequence (with `to_the_end`, than two); a mask of another length, masks
  /// that leave nothing to learn.
  static Result<TokenData> open(std::vector<data::TokenFile> files, const std::vector<Path>& masks,
                                const TokenDataOptions& options);

  uint64_t tokens() const override { return total_; }
  /// Sequences of an epoch.
  uint64_t size() const override { return windows_; }
  uint64_t row_of(uint64_t n) const override;
  void append(uint64_t n, Examples& out) const override;

 private:
  // Appends ids [begin, begin + length) with their targets; the last one's target must exist.
  void append_range(uint64_t begin, int64_t length, Examples& out) const;
  void copy(uint64_t begin, std::span<int32_t> out) const;
  bool counts(uint64_t position) const;
  /// Where documents end inside (begin, begin + length), counted from `begin`, rising.
  void document_ends(uint64_t begin, int64_t length, std::vector<int64_t>& out) const;
  std::vector<data::TokenFile> files_;
  std::vector<uint64_t> starts_;  // first position of each file, and the end
  std::vector<MappedFile> masks_;
  TokenDataOptions options_;
  uint64_t total_ = 0, windows_ = 0;  // windows: of an epoch
  bool jitter_ = false;
};

}  // namespace malmoi::train
