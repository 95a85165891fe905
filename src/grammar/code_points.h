// Sets of Unicode characters, and the bytes of UTF-8 that spell them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace malmoi::grammar {

constexpr char32_t kLastCodePoint = 0x10FFFF;

struct CodePointRange {
  char32_t first, last;  // both belong to it
  bool operator==(const CodePointRange&) const = default;
};

/// Sorted ranges that do not touch. Surrogates, which UTF-8 does not spell, never belong to a set.
class CodePointSet {
 public:
  CodePointSet() = default;
  explicit CodePointSet(std::vector<CodePointRange> ranges);
  static CodePointSet all() { return CodePointSet({{0, kLastCodePoint}}); }
  static CodePointSet of(std::u32string_view characters);
  static CodePointSet one(char32_t code_point) { return CodePointSet({{code_point, code_point}}); }

  CodePointSet united(const CodePointSet& other) const;
  CodePointSet complement() const;
  CodePointSet without(const CodePointSet& other) const;
  CodePointSet common(const CodePointSet& other) const { return without(other.complement()); }

  bool contains(char32_t code_point) const;
  bool empty() const { return ranges_.empty(); }
  const std::vector<CodePointRange>& ranges() const { return ranges_; }
  bool operator==(const CodePointSet&) const = default;

 private:
  std::vector<CodePointRange> ranges_;
};

struct ByteRange {
  uint8_t first, last;
};

/// One to four ranges of bytes: every choice of a byte from each spells a character of the set.
struct ByteRanges {
  std::array<ByteRange, 4> bytes;
  int length = 0;
};

/// A set as sequences of byte ranges, in order; the first ranges of two are the same or share no byte (so are the second
/// ones of two with the same first, and so on).
std::vector<ByteRanges> utf8_ranges(const CodePointSet& set);

}  // namespace malmoi::grammar
