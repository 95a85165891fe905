// Lines and paragraphs repeated across (and inside) documents.
//
// Fed every document once, by its global index and in any order, and then finished; the result depends on the indices and
// texts alone, never on the order, the threads or the memory. What does not fit the memory budget goes to sorted runs in a
// scratch folder, which is emptied at the end. Kept in memory besides: 24 bytes a document.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "data/dedup/removals.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

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

}  // namespace malmoi::data
