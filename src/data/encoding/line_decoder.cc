#include "data/encoding/line_decoder.h"

#include <simdjson.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/encoding/convert.h"
#include "data/encoding/readability.h"

namespace malmoi::data {
namespace {

using internal::Reading;

// UTF-8 shows itself: that bytes of another encoding are well-formed in it is rarer than this.
constexpr double kUtf8Bits = 10;
// Before one line of a text is believed to be in another encoding than the lines around it, it must read this much better.
constexpr double kSwitchBits = 30;
// A byte of Windows-1252 in a UTF-8 text: an accident of editors.
constexpr double kStrayBits = 6;
// Of a long line the beginning is weighed.
constexpr size_t kWeighedBytes = 16384;
// A text of many odd lines is not looked at again for each.
constexpr int kMostLooks = 64;

// Bytes that are well-formed by chance are so in short texts, by characters of two bytes.
bool shows_utf8(std::string_view line) {
  constexpr size_t kEnough = 6;
  size_t pairs = 0;
  for (size_t i = 0; i < line.size();) {
    if (static_cast<unsigned char>(line[i]) < 0x80) {
      ++i;
      continue;
    }
    Utf8Char c = decode_utf8(line, i);
    if (!c.valid) return false;
    if (c.length > 2 || ++pairs >= kEnough) return true;
    i += c.length;
  }
  return false;
}

// Characters of three bytes and more are hardly ever well-formed by chance.
bool holds_long_character(std::string_view line) {
  for (size_t i = 0; i + 2 < line.size(); ++i) {
    if (static_cast<unsigned char>(line[i]) < 0xE0) continue;
    Utf8Char c = decode_utf8(line, i);
    if (c.valid) return true;
  }
  return false;
}

char32_t windows_1252(char byte) {
  Decoded one;
  if (!internal::convert({&byte, 1}, "windows-1252", one) || one.text.empty()) return 0xFFFD;
  return decode_utf8(one.text, 0).code_point;
}

char32_t last_character(std::string_view text) {
  size_t at = text.size();
  while (at > 0 && is_utf8_continuation(text[at - 1])) --at;
  return at > 0 ? decode_utf8(text, at - 1).code_point : 0;
}

struct Utf8Line {
  std::string text;
  size_t stray = 0, lost = 0;
  double bits() const {
    return internal::reading_bits_of_any(std::string_view(text).substr(0, kWeighedBytes)) +
           kStrayBits * static_cast<double>(stray);
  }
};

// UTF-8 with what is ill-formed in it read as Windows-1252, byte by byte, or lost.
Utf8Line read_utf8(std::string_view line) {
  Utf8Line out;
  out.text.reserve(line.size());
  bool valid_before = true;
  for (size_t i = 0; i < line.size();) {
    Utf8Char c = decode_utf8(line, i);
    if (c.valid) {
      out.text.append(line.substr(i, c.length));
      i += c.length;
      valid_before = true;
      continue;
    }
    size_t next = i + c.length;
    Utf8Char after = next < line.size() ? decode_utf8(line, next) : Utf8Char{0, 1, true};
    // One byte alone: of several in a row nobody knows what they were.
    bool single = c.length == 1 && valid_before && after.valid;
    char32_t western = single ? windows_1252(line[i]) : 0xFFFD;
    bool stray = western != 0xFFFD && internal::is_western(western, last_character(out.text), after.code_point);
    valid_before = false;
    append_utf8(out.text, stray ? western : 0xFFFD);
    out.stray += stray;
    out.lost += !stray;
    i = next;
  }
  return out;
}

// A lead below A1 or a trail below A1 lies outside KS X 1001.
bool has_extended_korean(std::string_view bytes) {
  for (size_t i = 0; i + 1 < bytes.size(); ++i) {
    auto lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80) continue;
    auto trail = static_cast<unsigned char>(bytes[i + 1]);
    if (lead < 0xA1 || (trail >= 0x41 && trail < 0xA1)) return true;
    ++i;
  }
  return false;
}

bool has_c1(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xE0) == 0x80; });
}

}  // namespace

namespace internal {

Decoded decode_reading(std::string_view bytes, const Reading& reading) {
  Decoded out;
  convert(bytes, reading.icu.c_str(), out);
  out.encoding = reading.label;
  if (reading.label == "cp949" && !has_extended_korean(bytes)) out.encoding = "euc-kr";
  if (reading.label == "cp1252" && !has_c1(bytes)) out.encoding = "latin-1";
  return out;
}

}  // namespace internal

// What the text is in is weighed over its first lines that are not ASCII; what its other lines are in, if there are
// such, over those that are not UTF-8.
void LineDecoder::begin(std::string_view ahead) {
  look_ahead(ahead);
  std::string sample = internal::sample_of(ahead, internal::kSampleBytes, true);
  double utf8 = read_utf8(sample).bits() - kUtf8Bits;
  state_ = utf8 <= internal::bits_in(*legacy_, sample) ? State::kUtf8 : State::kLegacy;
}

void LineDecoder::look_ahead(std::string_view ahead) {
  if (legacy_ && ++looks_ > kMostLooks) return;
  std::string sample = internal::sample_of(ahead, internal::kSampleBytes, false);
  if (sample.empty()) sample = internal::sample_of(ahead, internal::kSampleBytes, true);
  legacy_ = internal::detect(sample, declared_);
}

Decoded LineDecoder::decode_legacy(std::string_view line) {
  state_ = State::kLegacy;
  Decoded out = internal::decode_reading(line, *legacy_);
  // Once a character of the extension was met, the text is in CP949, whatever the next line holds; so with Windows-1252.
  bool wider = (label_ == "cp949" && out.encoding == "euc-kr") || (label_ == "cp1252" && out.encoding == "latin-1");
  if (wider) out.encoding = label_;
  label_ = out.encoding;
  return out;
}

bool LineDecoder::stands(std::string_view line) {
  if (is_ascii(line)) return true;
  if (state_ == State::kLegacy || !simdjson::validate_utf8(line.data(), line.size()) ||
      (state_ == State::kUnknown && !shows_utf8(line)))
    return false;
  if (state_ == State::kUnknown) label_ = "utf-8";
  state_ = State::kUtf8;
  return true;
}

Decoded LineDecoder::decode(std::string_view line, std::string_view ahead) {
  if (stands(line)) return {std::string(line), label_, 0};
  bool well_formed = is_valid_utf8(line);
  if (state_ == State::kUnknown) begin(ahead);
  if (well_formed && state_ != State::kLegacy) {
    state_ = State::kUtf8;
    return {std::string(line), label_ = "utf-8", 0};
  }
  if (state_ == State::kUtf8) look_ahead(ahead);
  if (state_ == State::kLegacy && !well_formed && !holds_long_character(line)) return decode_legacy(line);
  Utf8Line utf8 = read_utf8(line);
  bool now_utf8 = state_ == State::kUtf8;
  double legacy_bits = internal::bits_in(*legacy_, line.substr(0, kWeighedBytes)) + (now_utf8 ? kSwitchBits : 0);
  double utf8_bits = utf8.bits() + (now_utf8 ? 0 : kSwitchBits);
  if (legacy_bits < utf8_bits) return decode_legacy(line);
  state_ = State::kUtf8;
  return {std::move(utf8.text), label_ = "utf-8", utf8.lost};
}

}  // namespace malmoi::data
