#include "data/filters/text_stats.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/hash.h"
#include "base/utf8.h"
#include "data/dedup/rolling.h"
#include "data/dedup/words.h"

namespace malmoi::data {
namespace {

enum Class : uint8_t { kSpace, kMark, kLetter, kDigit, kCombining };

Class classify(char32_t c) {
  if (c < 0x80) {
    if ((c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z')) return kLetter;
    if (c >= U'0' && c <= U'9') return kDigit;
    return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) ? kSpace : kMark;
  }
  if ((c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x4E00 && c <= 0x9FFF)) return kLetter;
  auto p = static_cast<UChar32>(c);
  if (u_isUWhiteSpace(p)) return kSpace;
  if (u_isalpha(p)) return kLetter;
  if (u_isdigit(p) || u_charType(p) == U_OTHER_NUMBER || u_charType(p) == U_LETTER_NUMBER) return kDigit;
  int type = u_charType(p);
  return type == U_NON_SPACING_MARK || type == U_COMBINING_SPACING_MARK || type == U_ENCLOSING_MARK ? kCombining
                                                                                                    : kMark;
}

bool joins(char32_t c) { return c == U'\'' || c == 0x2019 || c == U'-' || c == U'.' || c == U'_'; }

uint64_t mix_tokens(uint64_t h) {
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93ull;
  return h ^ h >> 32;
}

}  // namespace

std::vector<Token> split_tokens(std::string_view text) {
  std::vector<Token> out;
  out.reserve(text.size() / 5);
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    Class kind = classify(c.code_point);
    if (kind == kSpace) {
      i += c.length;
      continue;
    }
    Token token;
    size_t begin = i;
    i += c.length;
    token.length = 1;
    if (kind != kMark) {
      token.word = true;
      token.alpha = kind == kLetter;
      while (i < text.size()) {
        Utf8Char next = decode_utf8(text, i);
        Class next_kind = classify(next.code_point);
        if (next_kind == kMark && joins(next.code_point) && i + next.length < text.size()) {
          Utf8Char after = decode_utf8(text, i + next.length);
          Class after_kind = classify(after.code_point);
          if (after_kind != kLetter && after_kind != kDigit) break;
          i += next.length;
          ++token.length;
          continue;
        }
        if (next_kind == kMark || next_kind == kSpace) break;
        token.alpha |= next_kind == kLetter;
        i += next.length;
        ++token.length;
      }
    }
    token.text = text.substr(begin, i - begin);
    out.push_back(token);
  }
  return out;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::vector<std::string_view> split_paragraphs(std::string_view text) {
  std::vector<std::string_view> out;
  text = trim(text);
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(text.find("\n\n", begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end;
    while (begin < text.size() && text[begin] == '\n') ++begin;
  }
  return out;
}

std::string_view trim(std::string_view text) {
  size_t begin = 0;
  while (begin < text.size()) {
    size_t space = white_space_at(text, begin);
    if (space == 0) break;
    begin += space;
  }
  size_t end = text.size();
  while (end > begin) {
    size_t at = end - 1;
    while (at > begin && is_utf8_continuation(text[at])) --at;
    if (white_space_at(text, at) != end - at) break;
    end = at;
  }
  return text.substr(begin, end - begin);
}

bool ends_sentence(std::string_view line) {
  static constexpr std::array<std::string_view, 28> kEnds = {
      ".",  "!",  "?", "\"", "'", "”", "’", "。", "！", "？", "…",  "」",  "』",   "》",
      "〉", "．", "｡", "؟",  "۔", "।", "॥", "։",  ".)", "!)", "?)", "。)", "。」", "︒"};
  return std::any_of(kEnds.begin(), kEnds.end(), [&](std::string_view end) { return line.ends_with(end); });
}

Repeats count_repeats(const std::vector<std::string_view>& pieces) {
  Repeats out;
  std::unordered_set<uint64_t> seen;
  seen.reserve(pieces.size());
  for (std::string_view piece : pieces) {
    if (seen.insert(hash64(piece)).second) continue;
    ++out.pieces;
    out.characters += count_code_points(piece);
  }
  return out;
}

NgramRepeats::NgramRepeats(const std::vector<Token>& tokens) {
  words_.reserve(tokens.size());
  ends_.reserve(tokens.size() + 1);
  ends_.push_back(0);
  for (const Token& t : tokens) {
    words_.push_back(hash64(t.text));
    ends_.push_back(ends_.back() + t.length);
  }
  size_t size = 16;
  while (size < tokens.size() * 2) size *= 2;
  slots_.resize(size);
}

uint64_t NgramRepeats::hash_at(size_t at, size_t n) const {
  uint64_t value = 0;
  for (size_t k = 0; k < n; ++k) value = value * kRollingBase + words_[at + k];
  return mix_tokens(value) | 1;
}

NgramRepeats::Slot& NgramRepeats::slot_of(uint64_t hash) {
  size_t mask = slots_.size() - 1, i = (hash >> 20) & mask;
  while (slots_[i].hash != 0 && slots_[i].hash != hash) i = (i + 1) & mask;
  return slots_[i];
}

void NgramRepeats::clear() { std::fill(slots_.begin(), slots_.end(), Slot{}); }

uint64_t NgramRepeats::repeated_characters(size_t n) {
  clear();
  uint64_t characters = 0;
  for (size_t i = 0; i + n <= words_.size();) {
    uint64_t hash = hash_at(i, n);
    Slot& slot = slot_of(hash);
    if (slot.hash == 0) {
      slot.hash = hash;
      ++i;
    } else {
      characters += ends_[i + n] - ends_[i];
      i += n;
    }
  }
  return characters;
}

uint64_t NgramRepeats::top_characters(size_t n) {
  if (words_.size() < n) return 0;
  clear();
  Slot best;
  for (size_t i = 0; i + n <= words_.size(); ++i) {
    uint64_t hash = hash_at(i, n);
    Slot& slot = slot_of(hash);
    if (slot.hash == 0) slot = {hash, 0, static_cast<uint32_t>(i)};
    ++slot.count;
    if (slot.count > best.count || (slot.count == best.count && slot.first < best.first)) best = slot;
  }
  uint64_t length = ends_[best.first + n] - ends_[best.first] + n - 1;  // joined by spaces
  return length * best.count;
}

}  // namespace malmoi::data
