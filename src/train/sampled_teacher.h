// What a teacher says of every row, asked once before the first step and kept as a few tokens of each position that are drawn from it
// (Anshumann et al. 2025, arXiv 2503.16870): a student learns from them what it would learn from the whole distribution, in expectation.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/file.h"
#include "base/job.h"
#include "train/asked_rows.h"
#include "train/examples.h"

namespace malmoi::train {

/// Draws of a row at most, and ids of a vocabulary: as the file has room for them.
inline constexpr int64_t kMostSamples = 1023, kMostTaughtIds = int64_t{1} << 22;

/// Adds a row of `samples` draws from q = softmax(logits / temperature): token v stands for the points (k + u) / samples, k = 0, 1 ..., that
/// fall into its part of [0, 1). With u uniform in [0, 1) its share is q_v in expectation, and less than a draw away from it always;
/// draws that know nothing of each other would be as right and vary more. Of logits that are no numbers `known` is none.
void draw_tokens(std::span<const float> logits, double temperature, int64_t samples, double u, TaughtTokens& out);

/// A file of draws for the rows of a source. Any thread.
class TaughtFile {
 public:
  /// Errors: a file that is not whole, or of other rows, draws or ids than are asked for.
  static Result<TaughtFile> open(const Path& path, uint64_t rows, int64_t samples, int64_t vocab_size);
  /// Adds the draws of a row.
  void append(uint64_t row, TaughtTokens& out) const;

 private:
  uint64_t row_begin(uint64_t row) const;
  /// The words of a row's block; none where it reaches out of the file.
  std::span<const uint32_t> block_of(uint64_t row) const;
  bool is_whole(uint64_t rows, int64_t samples, int64_t vocab_size);
  MappedFile file_;
  std::span<const uint32_t> words_, index_;
  float samples_ = 1;
};

/// The rows of another source with what was drawn for them (Examples::taught). Any thread.
class SampledTeacher final : public ExampleSource {
 public:
  SampledTeacher(std::unique_ptr<ExampleSource> rows, TaughtFile taught)
      : rows_(std::move(rows)), taught_(std::move(taught)) {}
  uint64_t size() const override { return rows_->size(); }
  uint64_t tokens() const override { return rows_->tokens(); }
  uint64_t row_of(uint64_t n) const override { return rows_->row_of(n); }
  void append(uint64_t n, Examples& out) const override;

 private:
  std::unique_ptr<ExampleSource> rows_;
  TaughtFile taught_;
};

struct DrawOptions {
  int64_t samples = 0;
  double temperature = 1;
  uint64_t seed = 1;
};
/// Asks the teacher (pass.reference) of all rows; `folder` keeps what was drawn, in a file whose name follows from what the
/// teacher reads of the rows and what counts of them, its weights, the type of products and the options. Errors: a stop; what the file system says.
Result<TaughtFile> know_teacher(const ExampleSource& rows, const ReferencePass& pass, const DrawOptions& options,
                                const Path& folder, const Job& job);

}  // namespace malmoi::train
