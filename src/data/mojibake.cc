// Undoing wrong decodings. A text is repaired only where all of its foreign characters turn back into bytes that are
// well-formed in the encoding supposed; by chance that does not happen to more than a few characters.
#include <algorithm>
#include <array>
#include <vector>

#include "base/utf8.h"
#include "data/encoding/common_characters.h"
#include "data/encoding/convert.h"

namespace malmoi::data {
namespace {

// The byte that Windows-1252 (with the five holes as controls) or Latin-1 reads as `c`; -1: neither does.
int western_byte(char32_t c) {
  if (c < 0x100) return static_cast<int>(c);
  constexpr std::array<char16_t, 32> kHigh = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                              0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                              0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                              0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
  for (int i = 0; i < 32; ++i)
    if (kHigh[static_cast<size_t>(i)] == c) return 0x80 + i;
  return -1;
}

struct Foreign {
  std::string bytes;      // the text with its foreign characters turned back
  size_t characters = 0;  // non-ASCII ones before
  size_t unmapped = 0;
};

Foreign to_western_bytes(std::string_view text) {
  Foreign out;
  out.bytes.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    int byte = western_byte(c.code_point);
    out.characters += c.code_point >= 0x80;
    out.unmapped += byte < 0;
    if (byte >= 0) out.bytes += static_cast<char>(byte);
    if (out.unmapped) break;
  }
  return out;
}

size_t count_non_ascii(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    count += c.code_point >= 0x80;
    i += c.length;
  }
  return count;
}

bool has_c1_or_odd(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    if (c.code_point >= 0x80 && c.code_point < 0xA0) return true;
    i += c.length;
  }
  return false;
}

// UTF-8 read as Latin-1 or Windows-1252. `text` may be a whole document or a line.
bool undo_western_utf8(std::string& text) {
  Foreign foreign = to_western_bytes(text);
  if (foreign.unmapped || foreign.characters < 2 || !is_valid_utf8(foreign.bytes)) return false;
  size_t after = count_non_ascii(foreign.bytes);
  if (after == 0 || after * 2 > foreign.characters) return false;
  // A second decoding that gives control characters was no text.
  if (has_c1_or_odd(foreign.bytes) && !has_c1_or_odd(text)) return false;
  text = std::move(foreign.bytes);
  return true;
}

// CP949 read as Latin-1 or Windows-1252: the bytes pair up and nearly all pairs are Hangul.
bool undo_western_cp949(std::string& text) {
  Foreign foreign = to_western_bytes(text);
  if (foreign.unmapped || foreign.characters < 4) return false;
  Decoded decoded;
  if (!internal::convert(foreign.bytes, "windows-949", decoded) || decoded.replaced) return false;
  size_t hangul = 0, ideographs = 0, total = 0;
  for (size_t i = 0; i < decoded.text.size();) {
    Utf8Char c = decode_utf8(decoded.text, i);
    i += c.length;
    total += c.code_point >= 0x80;
    hangul += c.code_point >= 0xAC00 && c.code_point <= 0xD7A3;
    ideographs += c.code_point >= 0x3040 && c.code_point < 0xA000;
  }
  // Real text is written with the 2,350 common syllables above all; dashes and quotes that pair up by chance are not.
  size_t common = 0;
  for (size_t i = 0; i + 1 < foreign.bytes.size(); ++i) {
    auto lead = static_cast<unsigned char>(foreign.bytes[i]), trail = static_cast<unsigned char>(foreign.bytes[i + 1]);
    if (lead < 0x80) continue;
    common += lead >= 0xB0 && lead <= 0xC8 && trail >= 0xA1;
    ++i;
  }
  if (common * 10 < total * 5) return false;
  // Two foreign characters a syllable; accents of European text do not come in pairs.
  if (total * 2 > foreign.characters + 1 || hangul * 10 < total * 6 || (hangul + ideographs) * 10 < total * 7)
    return false;
  text = std::move(decoded.text);
  return true;
}

struct FragmentCount {
  size_t explained = 0, total = 0;  // bytes of well-formed three-byte sequences; all bytes above ASCII
};

// How much of `bytes` (where 0xFF marks a lost place) is UTF-8 of East Asian text.
FragmentCount count_fragments(std::string_view bytes) {
  FragmentCount count;
  for (size_t i = 0; i < bytes.size();) {
    auto c = static_cast<unsigned char>(bytes[i]);
    if (c < 0x80 || c == 0xFF) {
      ++i;
      continue;
    }
    Utf8Char ch = decode_utf8(bytes, i);
    if (ch.valid && ch.length >= 3) count.explained += ch.length;
    // The head of a sequence whose rest was lost, or the rest of one whose head was.
    bool next_lost = i + ch.length >= bytes.size() || static_cast<unsigned char>(bytes[i + ch.length]) == 0xFF;
    bool before_lost = i > 0 && static_cast<unsigned char>(bytes[i - 1]) == 0xFF;
    if (!ch.valid && ((c >= 0xE0 && c <= 0xEF && next_lost) || (c < 0xC0 && before_lost))) count.explained += ch.length;
    count.total += ch.length;
    i += ch.length;
  }
  return count;
}

// UTF-8 read as CP949. True: repaired; `lost` is set where the pattern is there but characters are gone.
bool undo_cp949_utf8(std::string& text, bool& lost) {
  std::string bytes;
  size_t foreign = 0, holes = 0, unmapped = 0, hangul_or_han = 0;
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    bool beside = (i > 0 && static_cast<unsigned char>(text[i - 1]) >= 0x80) ||
                  (i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0x80);
    i += c.length;
    if (c.code_point == 0xFFFD || (c.code_point == '?' && beside)) {
      bytes += '\xFF';
      holes += 1;
      continue;
    }
    if (c.code_point >= 0x80) ++foreign;
    hangul_or_han += c.code_point >= 0x3400 && c.code_point <= 0xFAFF;
    unmapped += !internal::encode_cp949(c.code_point, bytes);
  }
  if (foreign < 4 || hangul_or_han * 2 < foreign || unmapped * 20 > foreign) return false;
  if (holes == 0 && unmapped == 0 && is_valid_utf8(bytes) && count_non_ascii(bytes) * 4 <= foreign * 3 + 4) {
    text = std::move(bytes);
    return true;
  }
  FragmentCount count = count_fragments(bytes);
  lost = count.total >= 12 && count.explained * 10 >= count.total * 7;
  return false;
}

// All letters of another script became '?': hardly a letter is left, and '?' is a large part of what is printed.
bool is_question_marks(std::string_view text) {
  constexpr int64_t kFewest = 8;
  if (std::count(text.begin(), text.end(), '?') < kFewest) return false;
  size_t marks = 0, printed = 0, letters = 0, in_runs = 0, run = 0;
  auto end_run = [&] {
    if (run >= 2) in_runs += run;
    run = 0;
  };
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    printed += byte > 0x20;
    letters += ((byte | 32) >= 'a' && (byte | 32) <= 'z') || byte >= 0x80;
    if (c == '?') {
      ++marks;
      ++run;
    } else {
      end_run();
    }
  }
  end_run();
  return in_runs * 2 > marks && marks * 10 > printed * 3 && letters < marks;
}

bool too_many_replacements(std::string_view text) {
  size_t lost = 0, printed = 0;
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    lost += c.code_point == 0xFFFD;
    printed += c.code_point > 0x20;
    i += c.length;
  }
  return lost >= 3 && lost * 10 > printed;
}

template <typename Undo>
bool undo_by_line(std::string& text, Undo undo) {
  std::string out;
  size_t repaired = 0;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    size_t before = count_non_ascii(line);
    bool done = before >= 4 && undo(line);
    repaired += done;
    out += line;
    if (end < text.size()) out += '\n';
    begin = end + 1;
  }
  if (repaired == 0) return false;
  text = std::move(out);
  return true;
}

// The syllables that Korean is mostly written with.
const std::vector<bool>& common_syllables() {
  static const std::vector<bool> common = [] {
    constexpr double kCommonBits = 10.5;
    std::vector<bool> out(0x10000);
    for (const internal::CommonCharacters& tier : internal::common_characters(internal::Language::kKorean))
      for (size_t i = 0; tier.bits < kCommonBits && i < tier.characters.size();) {
        Utf8Char c = decode_utf8(tier.characters, i);
        i += c.length;
        if (c.code_point >= 0xAC00 && c.code_point <= 0xD7A3) out[c.code_point] = true;
      }
    return out;
  }();
  return common;
}

// Whether a text is Korean as it should be, at a glance: common syllables and no hole. `western`: of its characters those
// that a wrong decoding of single lines would have left.
bool is_plain_korean(std::string_view text, size_t& western) {
  const std::vector<bool>& common = common_syllables();
  size_t foreign = 0, usual = 0;
  western = 0;
  for (size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead >= 0xEA && lead <= 0xED && i + 2 < text.size()) {  // nearly all of them: without a call
      size_t code = (lead & 15u) << 12 | (static_cast<unsigned char>(text[i + 1]) & 63u) << 6 |
                    (static_cast<unsigned char>(text[i + 2]) & 63u);
      ++foreign;
      usual += common[code];
      i += 3;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    if (c.code_point == 0xFFFD) return false;
    western += c.code_point < 0x250;
    ++foreign;
    usual += c.code_point < 0x10000 && common[c.code_point];
  }
  constexpr size_t kTenths = 7;
  return usual * 10 >= foreign * kTenths;
}

}  // namespace

Repair repair_mojibake(std::string& text) {
  if (is_question_marks(text)) return {Damage::kLost, "letters became question marks"};
  auto repair_lines = [&]() -> Repair {
    if (undo_by_line(text, [](std::string& line) { return undo_western_utf8(line) || undo_western_cp949(line); }))
      return {Damage::kRepaired, "lines read as cp1252"};
    return {};
  };
  constexpr size_t kFewestOfALine = 4;
  size_t western = 0;
  if (is_plain_korean(text, western)) return western < kFewestOfALine ? Repair{} : repair_lines();
  size_t foreign = count_non_ascii(text);
  if (foreign < 2) return {};
  if (undo_western_utf8(text)) {
    undo_western_utf8(text);  // twice misread
    return {Damage::kRepaired, "utf-8 read as cp1252"};
  }
  if (undo_western_cp949(text)) return {Damage::kRepaired, "cp949 read as cp1252"};
  bool lost = false;
  if (undo_cp949_utf8(text, lost)) return {Damage::kRepaired, "utf-8 read as cp949"};
  if (lost) return {Damage::kLost, "utf-8 read as cp949 with loss"};
  if (too_many_replacements(text)) return {Damage::kLost, "replacement characters"};
  return repair_lines();
}

}  // namespace malmoi::data
