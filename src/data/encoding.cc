#include "data/encoding.h"

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/utf8.h"
#include "data/encoding_internal.h"

namespace malmoi::data {
namespace internal {

namespace {

struct ConverterCloser {
  void operator()(UConverter* c) const { ucnv_close(c); }
};
using Converter = std::unique_ptr<UConverter, ConverterCloser>;

// Counts what could not be decoded on the way to ICU's own substitution.
void U_CALLCONV count_and_substitute(const void* context, UConverterToUnicodeArgs* args, const char* units,
                                     int32_t length, UConverterCallbackReason reason, UErrorCode* error) {
  if (reason <= UCNV_IRREGULAR) ++*static_cast<size_t*>(const_cast<void*>(context));
  UCNV_TO_U_CALLBACK_SUBSTITUTE(nullptr, args, units, length, reason, error);
}

}  // namespace

void append_utf16(std::string& out, const char16_t* units, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    char32_t c = units[i];
    if (c >= 0xD800 && c < 0xDC00 && i + 1 < size && units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (units[i + 1] - 0xDC00);
      ++i;
    }
    append_utf8(out, c);
  }
}

bool convert(std::string_view bytes, const char* name, Decoded& out) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error));
  if (U_FAILURE(error)) return false;
  out.replaced = 0;
  ucnv_setToUCallBack(converter.get(), count_and_substitute, &out.replaced, nullptr, nullptr, &error);
  std::array<UChar, 8192> buffer;
  out.text.clear();
  out.text.reserve(bytes.size() * 3 / 2);
  const char* source = bytes.data();
  const char* end = source + bytes.size();
  std::u16string carried;  // a high surrogate at the end of a chunk
  do {
    error = U_ZERO_ERROR;
    UChar* target = buffer.data();
    ucnv_toUnicode(converter.get(), &target, buffer.data() + buffer.size(), &source, end, nullptr, true, &error);
    carried.append(buffer.data(), target);
    bool split = error == U_BUFFER_OVERFLOW_ERROR && !carried.empty() && (carried.back() & 0xFC00) == 0xD800;
    append_utf16(out.text, carried.data(), carried.size() - split);
    carried.erase(0, carried.size() - split);
  } while (error == U_BUFFER_OVERFLOW_ERROR);
  return U_SUCCESS(error);
}

bool encode_cp949(char32_t c, std::string& out) {
  struct Table {
    std::vector<uint16_t> code = std::vector<uint16_t>(0x10000, 0);
    Table() {
      // Every double byte of CP949 decoded once; ICU's own reverse tables have fallbacks that would hide a loss.
      for (int lead = 0x81; lead <= 0xFE; ++lead)
        for (int trail = 0x41; trail <= 0xFE; ++trail) {
          char bytes[2] = {static_cast<char>(lead), static_cast<char>(trail)};
          Decoded one;
          if (!convert({bytes, 2}, "windows-949", one) || one.replaced || one.text.empty()) continue;
          Utf8Char ch = decode_utf8(one.text, 0);
          if (ch.length == one.text.size() && ch.code_point < 0x10000 && !code[ch.code_point])
            code[ch.code_point] = static_cast<uint16_t>(lead << 8 | trail);
        }
    }
  };
  static const Table table;
  if (c < 0x80) {
    out += static_cast<char>(c);
    return true;
  }
  if (c >= 0x10000 || table.code[c] == 0) return false;
  out += static_cast<char>(table.code[c] >> 8);
  out += static_cast<char>(table.code[c] & 0xFF);
  return true;
}

}  // namespace internal

namespace {

using internal::convert;

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

// How much UTF-16 in the given byte order looks like text: the share of units that are ASCII text, Latin, punctuation,
// kana, Hangul or Han, less those that text does not hold.
double utf16_plausibility(std::string_view bytes, bool big) {
  size_t units = std::min<size_t>(bytes.size() / 2, 4096), good = 0, common = 0;
  for (size_t i = 0; i < units; ++i) {
    auto a = static_cast<unsigned char>(bytes[2 * i]), b = static_cast<unsigned char>(bytes[2 * i + 1]);
    unsigned u = big ? a << 8 | b : b << 8 | a;
    bool ascii = (u >= 0x20 && u < 0x7F) || u == '\n' || u == '\r' || u == '\t';
    common += ascii || (u >= 0xAC00 && u <= 0xD7A3) || (u >= 0x3040 && u <= 0x30FF);
    good += ascii || (u >= 0xA0 && u < 0x250) || (u >= 0x370 && u < 0x530) || (u >= 0x2010 && u < 0x2700) ||
            (u >= 0x3000 && u < 0x3400) || (u >= 0x4E00 && u < 0xA000) || (u >= 0xAC00 && u <= 0xD7A3) || u >= 0xFF00;
  }
  if (units == 0 || common * 5 < units) return 0;
  return static_cast<double>(good) / static_cast<double>(units);
}

struct Utf8Count {
  size_t multibyte = 0, bad = 0, controls = 0, zeros = 0;
};

Utf8Count count_utf8(std::string_view bytes) {
  Utf8Count count;
  for (size_t i = 0; i < bytes.size();) {
    auto c = static_cast<unsigned char>(bytes[i]);
    if (c < 0x80) {
      count.zeros += c == 0;
      count.controls += c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1B;
      ++i;
      continue;
    }
    Utf8Char ch = decode_utf8(bytes, i);
    if (ch.valid) ++count.multibyte;
    else if (i + ch.length < bytes.size()) ++count.bad;  // a character cut at the end is no sign against UTF-8
    i += ch.length;
  }
  return count;
}

struct Cp949Count {
  size_t pairs = 0, hangul = 0, extended = 0, bad = 0;
};

// Walks the bytes as CP949. KS X 1001 has its Hangul in B0A1..C8FE; trails below A1 or leads below A1 are the extension.
Cp949Count count_cp949(std::string_view bytes) {
  Cp949Count count;
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80) continue;
    auto trail = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : 0;
    bool letters =
        (trail >= 0x41 && trail <= 0x5A) || (trail >= 0x61 && trail <= 0x7A) || (trail >= 0x81 && trail <= 0xA0);
    bool high = trail >= 0xA1 && trail <= 0xFE;
    bool extension = (lead >= 0x81 && lead <= 0xA0 && (letters || high)) || (lead >= 0xA1 && lead <= 0xC6 && letters);
    bool standard = lead >= 0xA1 && lead <= 0xFE && high;
    if (!extension && !standard) {
      count.bad += i + 1 < bytes.size();
      continue;
    }
    ++count.pairs, ++i;
    count.extended += extension;
    count.hangul += extension || (lead >= 0xB0 && lead <= 0xC8);
  }
  return count;
}

Result<Decoded> decode_as(std::string_view bytes, const char* icu_name, std::string label) {
  Decoded out;
  if (!convert(bytes, icu_name, out)) return unsupported("cannot decode " + label);
  out.encoding = std::move(label);
  return out;
}

Decoded decode_utf8_text(std::string_view bytes, std::string label, size_t bad) {
  Decoded out;
  out.encoding = std::move(label);
  out.replaced = bad;
  out.text = is_valid_utf8(bytes) ? std::string(bytes) : replace_invalid_utf8(bytes);
  return out;
}

Result<Decoded> decode_western(std::string_view bytes) {
  bool c1 =
      std::any_of(bytes.begin(), bytes.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xE0) == 0x80; });
  return c1 ? decode_as(bytes, "windows-1252", "cp1252") : decode_as(bytes, "ISO-8859-1", "latin-1");
}

// Japanese, Chinese, Cyrillic and the like, by ICU's statistics.
std::string detect_other(std::string_view bytes) {
  UErrorCode error = U_ZERO_ERROR;
  std::unique_ptr<UCharsetDetector, decltype(&ucsdet_close)> detector(ucsdet_open(&error), ucsdet_close);
  if (U_FAILURE(error)) return {};
  ucsdet_setText(detector.get(), bytes.data(), static_cast<int32_t>(std::min<size_t>(bytes.size(), 65536)), &error);
  const UCharsetMatch* match = ucsdet_detect(detector.get(), &error);
  if (U_FAILURE(error) || !match || ucsdet_getConfidence(match, &error) < 40) return {};
  const char* name = ucsdet_getName(match, &error);
  std::string lower = lower_ascii(name ? name : "");
  bool trusted = lower.starts_with("shift") || lower.starts_with("gb") || lower.starts_with("big5") ||
                 lower.starts_with("euc-jp") || lower.starts_with("koi8") || lower.starts_with("iso-2022") ||
                 lower.starts_with("windows-125") || lower.starts_with("iso-8859-5") || lower.starts_with("iso-8859-7");
  return trusted ? lower : std::string();
}

}  // namespace

Result<Decoded> decode_text(std::string_view bytes, std::string_view declared) {
  if (bytes.starts_with("\xEF\xBB\xBF")) {
    bytes.remove_prefix(3);
    return decode_utf8_text(bytes, "utf-8-sig", count_utf8(bytes).bad);
  }
  if (bytes.starts_with(std::string_view("\xFF\xFE\0\0", 4))) return decode_as(bytes.substr(4), "UTF-32LE", "utf-32le");
  if (bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4))) return decode_as(bytes.substr(4), "UTF-32BE", "utf-32be");
  if (bytes.starts_with("\xFF\xFE")) return decode_as(bytes.substr(2), "UTF-16LE", "utf-16le");
  if (bytes.starts_with("\xFE\xFF")) return decode_as(bytes.substr(2), "UTF-16BE", "utf-16be");

  // Mail of the last century; its shifts would count as controls.
  if (bytes.substr(0, 4096).find("\x1b$)C") != std::string_view::npos)
    return decode_as(bytes, "ISO-2022-KR", "iso-2022-kr");

  Utf8Count utf8 = count_utf8(bytes);
  bool zero_bytes = utf8.zeros * 100 > bytes.size();
  if (bytes.size() >= 4 && (zero_bytes || utf8.bad * 4 > utf8.multibyte + 4)) {
    double little = utf16_plausibility(bytes, false), big = utf16_plausibility(bytes, true);
    if (std::max(little, big) > 0.95 && (zero_bytes || bytes.size() % 2 == 0))
      return little >= big ? decode_as(bytes, "UTF-16LE", "utf-16le") : decode_as(bytes, "UTF-16BE", "utf-16be");
  }
  size_t odd = utf8.zeros + utf8.controls;
  if (bytes.size() > 16 ? odd * 20 > bytes.size() : odd * 2 > bytes.size() && odd > 0)
    return invalid_data("is binary, not text", {}, "convert it to text, or leave it out");

  std::string charset = lower_ascii(declared);
  if (utf8.multibyte == 0 && utf8.bad == 0 && bytes.find('\x1b') == std::string_view::npos)
    return decode_utf8_text(bytes, charset == "utf-8" || charset == "utf8" ? "utf-8" : "ascii", 0);
  if (utf8.bad == 0 && utf8.multibyte > 0) return decode_utf8_text(bytes, "utf-8", 0);
  if (utf8.multibyte > 4 * utf8.bad) return decode_utf8_text(bytes, "utf-8", utf8.bad);

  Cp949Count korean = count_cp949(bytes);
  bool declares_korean = charset.find("euc-kr") != std::string::npos || charset.find("949") != std::string::npos ||
                         charset.find("ks_c_5601") != std::string::npos;
  bool reads_korean = korean.pairs > 0 && korean.bad * 50 <= korean.pairs && korean.hangul * 2 > korean.pairs;
  // A few accents among Latin letters pair up with the letter behind them; Korean text comes in runs of high bytes.
  bool few = korean.extended * 2 > korean.pairs && korean.pairs < 8;
  if ((reads_korean && !few) || (declares_korean && korean.bad * 5 <= korean.pairs))
    return decode_as(bytes, "windows-949", korean.extended ? "cp949" : "euc-kr");
  bool other = !charset.empty() && charset != "utf-8" && charset != "utf8" && charset != "us-ascii" &&
               charset != "iso-8859-1" && charset != "latin1" && charset.find("16") == std::string::npos;
  if (other && !declares_korean) {
    Decoded out;
    if (convert(bytes, charset.c_str(), out) && out.replaced * 20 <= out.text.size()) {
      out.encoding = charset;
      return out;
    }
  }
  if (std::string name = detect_other(bytes); !name.empty()) {
    Decoded out;
    // Windows-1252 among them is what decode_western gives anyway, under its short name.
    if (name != "windows-1252" && convert(bytes, name.c_str(), out) && out.replaced == 0) {
      out.encoding = name;
      return out;
    }
  }
  return decode_western(bytes);
}

std::string declared_charset(std::string_view html) {
  std::string head = lower_ascii(html.substr(0, 4096));
  for (const char* key : {"charset", "encoding"}) {
    for (size_t at = head.find(key); at != std::string::npos; at = head.find(key, at + 1)) {
      size_t open = head.rfind('<', at);
      if (open == std::string::npos) continue;
      std::string_view tag = std::string_view(head).substr(open, at - open);
      if (!tag.starts_with("<meta") && !tag.starts_with("<?xml")) continue;
      size_t i = at + std::string_view(key).size();
      while (i < head.size() && (head[i] == ' ' || head[i] == '=' || head[i] == '"' || head[i] == '\'')) ++i;
      size_t end = i;
      while (end < head.size() &&
             (std::isalnum(static_cast<unsigned char>(head[end])) || head[end] == '-' || head[end] == '_'))
        ++end;
      if (end > i) return head.substr(i, end - i);
    }
  }
  return {};
}

}  // namespace malmoi::data
