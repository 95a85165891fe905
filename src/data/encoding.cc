#include "data/encoding.h"

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>
#include <unicode/unorm2.h>

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

bool is_hangul(char32_t c) {
  return (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x1100 && c <= 0x11FF) || (c >= 0x3131 && c <= 0x318E);
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
  if (bytes.starts_with("\xFF\xFE")) return decode_as(bytes.substr(2), "UTF-16LE", "utf-16le");
  if (bytes.starts_with("\xFE\xFF")) return decode_as(bytes.substr(2), "UTF-16BE", "utf-16be");

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

namespace {

bool is_removed(char32_t c) {
  if (c < 0x20) return c != '\n' && c != '\t';
  if (c >= 0x7F && c < 0xA0) return true;
  switch (c) {
    case 0x00AD:
    case 0x034F:
    case 0x061C:
    case 0x180E:
    case 0x200B:
    case 0x200E:
    case 0x200F:
    case 0x2060:
    case 0xFEFF:
    case 0xFFFE:
    case 0xFFFF: return true;
    default:
      return (c >= 0x202A && c <= 0x202E) || (c >= 0x2061 && c <= 0x206F) || (c >= 0xFFF9 && c <= 0xFFFB) ||
             (c >= 0xE0000 && c <= 0xE007F) || (c >= 0xFDD0 && c <= 0xFDEF);
  }
}

// Zero-width joiners mean something between emoji, and in the scripts that shape by them.
bool joins(char32_t before, char32_t after) {
  auto emoji = [](char32_t c) { return (c >= 0x2190 && c <= 0x2BFF) || c == 0xFE0F || (c >= 0x1F000 && c <= 0x1FAFF); };
  auto shaping = [](char32_t c) {
    return (c >= 0x0600 && c <= 0x08FF) || (c >= 0x0900 && c <= 0x0DFF) || (c >= 0xFB50 && c <= 0xFEFC);
  };
  return (emoji(before) && emoji(after)) || (shaping(before) && shaping(after));
}

bool needs_no_work(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 ? c != '\n' && c != '\t' : c >= 0x7F && !(c >= 0xEA && c <= 0xED)) return false;
    if (c >= 0xEA) {  // Hangul syllables stand as they are; a surrogate cannot occur in valid UTF-8
      if (c == 0xED && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) > 0x9E) return false;
      if (c == 0xEA && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xB0) return false;
      i += 2;
    }
  }
  return true;
}

std::string compose(const std::string& text) {
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* nfc = unorm2_getNFCInstance(&error);
  std::u16string wide, composed;
  wide.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    if (c.code_point >= 0x10000) {
      wide += static_cast<char16_t>(0xD7C0 + (c.code_point >> 10));
      wide += static_cast<char16_t>(0xDC00 + (c.code_point & 0x3FF));
    } else {
      wide += static_cast<char16_t>(c.code_point);
    }
  }
  if (unorm2_quickCheck(nfc, wide.data(), static_cast<int32_t>(wide.size()), &error) == UNORM_YES) return text;
  error = U_ZERO_ERROR;
  composed.resize(wide.size() + wide.size() / 2 + 16);
  int32_t n = unorm2_normalize(nfc, wide.data(), static_cast<int32_t>(wide.size()), composed.data(),
                               static_cast<int32_t>(composed.size()), &error);
  if (error == U_BUFFER_OVERFLOW_ERROR) {
    error = U_ZERO_ERROR;
    composed.resize(static_cast<size_t>(n));
    n = unorm2_normalize(nfc, wide.data(), static_cast<int32_t>(wide.size()), composed.data(),
                         static_cast<int32_t>(composed.size()), &error);
  }
  if (U_FAILURE(error)) return text;
  std::string out;
  out.reserve(text.size());
  internal::append_utf16(out, composed.data(), static_cast<size_t>(n));
  return out;
}

}  // namespace

std::string clean_characters(std::string_view text) {
  if (needs_no_work(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  char32_t previous = 0;
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7F) {
      out += text[i++];
      previous = byte;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    char32_t u = c.code_point;
    if (u == '\r') {
      if (i < text.size() && text[i] == '\n') continue;
      u = '\n';
    } else if (u == 0x2028 || u == 0x2029 || u == 0x85 || u == '\f' || u == '\v') {
      u = '\n';
    } else if (u == 0xA0 || u == 0x202F) {
      u = ' ';
    } else if (u == 0x200C || u == 0x200D) {
      char32_t next = i < text.size() ? decode_utf8(text, i).code_point : 0;
      if (!joins(previous, next)) continue;
    } else if (is_removed(u)) {
      continue;
    }
    append_utf8(out, u);
    previous = u;
  }
  return compose(out);
}

double hangul_share(std::string_view text) {
  double hangul = 0, other = 0;
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      other += (byte | 32) >= 'a' && (byte | 32) <= 'z';
      ++i;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    if (is_hangul(c.code_point)) hangul += 2.5;
    else if ((c.code_point >= 0xC0 && c.code_point < 0x2000) || c.code_point >= 0x3040) other += 1;
  }
  return hangul + other > 0 ? hangul / (hangul + other) : 0;
}

std::string script_language(std::string_view text) {
  size_t hangul = 0, latin = 0, kana = 0, han = 0, cyrillic = 0;
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      latin += (byte | 32) >= 'a' && (byte | 32) <= 'z';
      ++i;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    char32_t u = c.code_point;
    hangul += is_hangul(u);
    latin += u >= 0xC0 && u < 0x250;
    kana += u >= 0x3040 && u < 0x3100;
    han += u >= 0x4E00 && u < 0xA000;
    cyrillic += u >= 0x400 && u < 0x530;
  }
  if (hangul + latin + kana + han + cyrillic == 0) return {};
  // A syllable or an ideograph carries about as much as two and a half letters; and names of products stand in Latin
  // letters in the middle of Korean sentences, hardly ever the other way round.
  size_t asian = hangul + kana + han;
  if (asian * 5 >= latin && asian * 5 >= cyrillic) {
    if (hangul * 3 >= asian) return "ko";
    return kana * 10 >= asian ? "ja" : "zh";
  }
  return cyrillic > latin ? "ru" : "en";
}

}  // namespace malmoi::data
