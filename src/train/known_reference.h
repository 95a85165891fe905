// What a reference says of the answers of every row, asked once before the first step, so that it need not be asked again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/job.h"
#include "train/asked_rows.h"

namespace malmoi::train {

/// For each run of each row's example, those read beside it last: the sum of its completion's log-probabilities.
struct ReferenceSums {
  std::vector<size_t> starts;  // of each row, and the end
  std::vector<float> values;
};

/// The rows of another source with their sums (Examples::reference). Any thread.
class KnownReference final : public ExampleSource {
 public:
  KnownReference(std::unique_ptr<ExampleSource> rows, ReferenceSums sums)
      : rows_(std::move(rows)), sums_(std::move(sums)) {}
  uint64_t size() const override { return rows_->size(); }
  uint64_t tokens() const override { return rows_->tokens(); }
  uint64_t row_of(uint64_t n) const override { return rows_->row_of(n); }
  void append(uint64_t n, Examples& out) const override;

 private:
  std::unique_ptr<ExampleSource> rows_;
  ReferenceSums sums_;
};

/// The sums of all rows, which `folder` keeps: in a file whose name follows from all that is read of the rows, from every weight of the
/// reference (of packed matrices from some rows of each) and from the type of products, so that what was computed of others is
/// never taken for it. Errors: a stop; what the file system says.
Result<ReferenceSums> know_reference(const ExampleSource& rows, const ReferencePass& pass, const Path& folder,
                                     const Job& job);

}  // namespace malmoi::train
