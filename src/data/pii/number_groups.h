// Groups of digits with the separators between them: `010-1234-5678`, `(02) 123-4567`, `4111 1111 1111 1111`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "data/pii/folded.h"

namespace malmoi::data {

/// Up to eight groups from a place on; `separator[k]` stands after group k: '-', '.', ' ' or ')', and 0 at the end.
struct NumberGroups {
  static constexpr size_t kMax = 8;
  size_t count = 0;
  std::array<size_t, kMax> begin{}, length{};
  std::array<char32_t, kMax> separator{};

  NumberGroups(const FoldedText& text, size_t at);

  size_t end(size_t groups) const { return begin[groups - 1] + length[groups - 1]; }
  /// Whether the first groups have these lengths (low, high).
  bool has_shape(std::initializer_list<std::pair<size_t, size_t>> lengths) const;
  /// The one separator between the first `groups`; 0 if they differ or there is one group.
  char32_t separator_of(size_t groups) const;
  /// Whether the number may end after `groups`: what follows is no further group tied by a hyphen or point.
  bool may_end(size_t groups) const {
    return groups <= count &&
           (separator[groups - 1] == 0 || separator[groups - 1] == U' ' || separator[groups - 1] == U')');
  }
  /// How many groups from the first are joined by this separator.
  size_t run(char32_t by) const;
  size_t digits(size_t groups) const;
};

/// The values of the digits of the first groups, at most N; `size` says how many.
template <size_t N>
struct Digits {
  std::array<uint8_t, N> value{};
  size_t size = 0;
  Digits(const FoldedText& text, const NumberGroups& groups, size_t count) {
    for (size_t g = 0; g < count; ++g)
      for (size_t i = 0; i < groups.length[g] && size < N; ++i)
        value[size++] = static_cast<uint8_t>(text.chars[groups.begin[g] + i] - U'0');
  }
};

}  // namespace malmoi::data
