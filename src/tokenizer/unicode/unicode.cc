#include "tokenizer/unicode/unicode.h"

#include <algorithm>
#include <map>

#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {

template <typename T>
CodePointTable<T>::CodePointTable(std::span<const Run> runs) {
  constexpr char32_t kBlock = 256;
  std::map<std::vector<T>, uint16_t> seen;
  std::map<T, uint16_t> seen_even;  // blocks of one value, nearly all of them: found without being filled
  std::vector<T> block(kBlock);
  auto number_of = [&] {
    auto [found, fresh] = seen.try_emplace(block, static_cast<uint16_t>(seen.size()));
    if (fresh) values_.insert(values_.end(), block.begin(), block.end());
    return found->second;
  };
  size_t run = 0;
  for (char32_t start = 0; start < 0x110000; start += kBlock) {
    while (run + 1 < runs.size() && runs[run + 1].start <= start) ++run;
    uint16_t& number = blocks_[start >> 8];
    if (run + 1 == runs.size() || runs[run + 1].start >= start + kBlock) {
      auto even = seen_even.find(runs[run].value);
      if (even == seen_even.end()) {
        std::fill(block.begin(), block.end(), runs[run].value);
        even = seen_even.emplace(runs[run].value, number_of()).first;
      }
      number = even->second;
      continue;
    }
    for (char32_t i = 0; i < kBlock; ++i) {
      while (run + 1 < runs.size() && runs[run + 1].start <= start + i) ++run;
      block[i] = runs[run].value;
    }
    number = number_of();
  }
}

namespace {

using FlagRun = CodePointTable<uint32_t>::Run;
using SmallRun = CodePointTable<uint8_t>::Run;
constexpr FlagRun kClassRuns[] = {
#include "tokenizer/unicode/class_runs.inc"
};
constexpr SmallRun kScriptRuns[] = {
#include "tokenizer/unicode/script_runs.inc"
};
constexpr SmallRun kGraphemeRuns[] = {
#include "tokenizer/unicode/grapheme_runs.inc"
};
struct CasePair {
  char32_t upper, lower;
};
constexpr CasePair kLowercase[] = {
#include "tokenizer/unicode/lowercase.inc"
};

struct CodePointRange {
  char32_t first, last;
};
constexpr CodePointRange kYoung[] = {
#include "tokenizer/unicode/young_runs.inc"
};

// Grapheme break properties, in the order of tools/unicode_tables.py.
enum Break : uint8_t {
  kOther,
  kCr,
  kLf,
  kControl,
  kExtend,
  kZwj,
  kRegional,
  kPrepend,
  kSpacing,
  kL,
  kV,
  kT,
  kLv,
  kLvt,
  kPict
};

const CodePointTable<uint8_t>& grapheme_breaks() {
  static const CodePointTable<uint8_t> table(kGraphemeRuns);
  return table;
}

// Rules GB3 to GB9b of UAX 29 for two neighbours; the rules over longer contexts are the caller's.
bool joins(uint8_t left, uint8_t right) {
  if (left == kCr && right == kLf) return true;
  if (left == kControl || left == kCr || left == kLf) return false;
  if (right == kControl || right == kCr || right == kLf) return false;
  if (left == kL) {
    if (right == kL || right == kV || right == kLv || right == kLvt) return true;
  } else if (left == kLv || left == kV) {
    if (right == kV || right == kT) return true;
  } else if (left == kLvt || left == kT) {
    if (right == kT) return true;
  }
  return right == kExtend || right == kZwj || right == kSpacing || left == kPrepend;
}

}  // namespace

template class CodePointTable<uint8_t>;
template class CodePointTable<uint16_t>;
template class CodePointTable<uint32_t>;

const CodePointTable<uint32_t>& char_classes() {
  static const CodePointTable<uint32_t> table(kClassRuns);
  return table;
}

bool is_young(char32_t c) {
  for (const CodePointRange& range : kYoung)
    if (c <= range.last) return c >= range.first;
  return false;
}

std::vector<char32_t> young_characters() {
  std::vector<char32_t> out;
  for (const CodePointRange& range : kYoung)
    for (char32_t c = range.first; c <= range.last; ++c) out.push_back(c);
  return out;
}

Lower to_lower(char32_t c) {
  if (c < 0x80) return {c >= 'A' && c <= 'Z' ? c + 32 : c, 0};
  if (c == 0x130) return {'i', 0x307};
  const auto* found = std::lower_bound(std::begin(kLowercase), std::end(kLowercase), c,
                                       [](const CasePair& pair, char32_t value) { return pair.upper < value; });
  if (found != std::end(kLowercase) && found->upper == c) return {found->lower, 0};
  return {c, 0};
}

int script_of(char32_t c) {
  static const CodePointTable<uint8_t> table(kScriptRuns);
  return table[c];
}

size_t grapheme_end(std::string_view text, size_t begin) {
  const auto& breaks = grapheme_breaks();
  const CodePoint first = code_point_at(text, begin);
  uint8_t left = breaks[first.value];
  int regionals = left == kRegional ? 1 : 0;
  bool after_pict = left == kPict;  // ExtPict Extend* so far
  bool after_joiner = false;        // ExtPict Extend* ZWJ
  for (const CodePoint c : CodePoints(text, first.end)) {
    const uint8_t right = breaks[c.value];
    const bool join = joins(left, right) || (after_joiner && right == kPict) ||
                      (left == kRegional && right == kRegional && regionals % 2 == 1);
    if (!join) return c.begin;
    after_joiner = after_pict && right == kZwj;
    after_pict = right == kPict || (after_pict && right == kExtend);
    regionals = right == kRegional ? regionals + 1 : 0;
    left = right;
  }
  return text.size();
}

}  // namespace malmoi::tokenizer
