// Ranges to remove from documents: what the dedupers of lines and of substrings find.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::data {

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

}  // namespace malmoi::data
