#include "data/encoding.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/encoding/convert.h"
#include "data/encoding/line_decoder.h"
#include "data/encoding/readability.h"

namespace malmoi::data {
namespace {

using internal::convert;

// Whether bytes in an encoding are text by the bits of its characters: of random ones few are usual.
bool reads_well(std::string_view bytes, const char* icu_name) {
  constexpr double kBitsOfText = 14;
  Decoded decoded;
  if (!convert(bytes, icu_name, decoded) || decoded.replaced > 1) return false;  // cut within its last character
  auto characters =
      std::count_if(decoded.text.begin(), decoded.text.end(), [](char c) { return !is_utf8_continuation(c); });
  return internal::reading_bits_of_any(decoded.text) < kBitsOfText * static_cast<double>(characters);
}

constexpr size_t kLookedUnits = 4096;

// How much UTF-16 in the given byte order looks like text: the share of units that are ASCII text, Latin, punctuation,
// kana, Hangul or Han, less those that text does not hold. Han are many, and any bytes are some: those of a text read well.
double utf16_plausibility(std::string_view bytes, bool big) {
  size_t units = std::min<size_t>(bytes.size() / 2, kLookedUnits), good = 0, common = 0;
  for (size_t i = 0; i < units; ++i) {
    auto a = static_cast<unsigned char>(bytes[2 * i]), b = static_cast<unsigned char>(bytes[2 * i + 1]);
    unsigned u = big ? a << 8 | b : b << 8 | a;
    bool ascii = (u >= 0x20 && u < 0x7F) || u == '\n' || u == '\r' || u == '\t';
    common += ascii || (u >= 0xAC00 && u <= 0xD7A3) || (u >= 0x3040 && u <= 0x30FF);
    good += ascii || (u >= 0xA0 && u < 0x250) || (u >= 0x370 && u < 0x530) || (u >= 0x2010 && u < 0x2700) ||
            (u >= 0x3000 && u < 0x3400) || (u >= 0x4E00 && u < 0xA000) || (u >= 0xAC00 && u <= 0xD7A3) || u >= 0xFF00;
  }
  bool many_common = common * 5 >= units;
  if (units == 0 || (!many_common && !reads_well(bytes.substr(0, 2 * units), big ? "utf-16be" : "utf-16le"))) return 0;
  return static_cast<double>(good) / static_cast<double>(units);
}

struct Utf8Count {
  size_t multibyte = 0, long_characters = 0, bad = 0, controls = 0, zeros = 0;
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
    if (ch.valid) {
      ++count.multibyte;
      count.long_characters += ch.length > 2;
    } else {
      ++count.bad;
    }
    i += ch.length;
  }
  return count;
}

Result<Decoded> decode_as(std::string_view bytes, const char* icu_name, std::string label) {
  Decoded out;
  if (!convert(bytes, icu_name, out)) return unsupported("cannot decode " + label);
  out.encoding = std::move(label);
  return out;
}

// UTF-16 that something beside the text declares, whose byte order nothing says.
std::optional<std::string> declared_utf16(std::string_view bytes, std::span<const std::string> declared) {
  bool named = std::any_of(declared.begin(), declared.end(), [](const std::string& name) {
    std::string low = ascii_lower(name);
    return low.starts_with("utf-16") || low.starts_with("utf16") || low.starts_with("ucs-2");
  });
  if (!named || bytes.size() % 2 != 0 || is_valid_utf8(bytes)) return {};
  for (const char* name : {"utf-16le", "utf-16be"})
    if (reads_well(bytes.substr(0, 2 * kLookedUnits), name)) return name;
  return {};
}

// Words of mail that were coded one by one and put together: a shift that another one follows at once shifts nothing,
// and converters refuse it.
std::string without_empty_shifts(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    std::string_view rest = bytes.substr(i);
    bool to_ascii = rest.starts_with("\x1b(B\x1b") || rest.starts_with("\x1b(J\x1b");
    bool out_and_in = rest.starts_with("\x0f\x0e");
    bool header_again = i > 0 && rest.starts_with("\x1b$)C");
    size_t skipped = to_ascii ? 3 : out_and_in ? 2 : header_again ? 4 : 0;
    if (skipped == 0) out += bytes[i];
    i += std::max<size_t>(skipped, 1);
  }
  return out;
}

// Seven bits with shifts; these would count as controls.
std::optional<std::string> shifted_encoding(std::string_view bytes, std::span<const std::string> declared) {
  constexpr size_t kHead = 4096;
  std::string_view head = bytes.substr(0, kHead);
  if (head.find("\x1b$)C") != std::string_view::npos) return "iso-2022-kr";
  bool seven_bits =
      std::none_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (!seven_bits) return {};
  for (std::string_view shift : {"\x1b$B", "\x1b$@", "\x1b(J"})
    if (bytes.find(shift) != std::string_view::npos) return "iso-2022-jp";
  for (const std::string& name : declared)
    if (auto found = internal::find_declared(name); found && found->stateful) return found->other;
  return {};
}

// UTF-16 without a mark and without a zero byte: no space, no line end, nothing of ASCII in it. So few texts are that
// they must read much better so.
std::optional<std::string> bare_utf16(std::string_view bytes, double other_bits) {
  constexpr double kPrior = 14;
  constexpr size_t kLongest = 4096;
  if (bytes.size() % 2 != 0 || bytes.size() > kLongest) return {};
  for (const char* name : {"utf-16le", "utf-16be"}) {
    Decoded decoded;
    if (!convert(bytes, name, decoded) || decoded.replaced) continue;
    if (internal::reading_bits_of_any(decoded.text) + kPrior < other_bits) return name;
  }
  return {};
}

// Neither ASCII alone nor plainly UTF-8: the lines in what they read best in.
Decoded decode_by_line(std::string_view bytes, std::vector<std::string> declared) {
  Decoded out;
  size_t most = 0;
  std::map<std::string, size_t> shares;  // bytes by encoding
  LineDecoder decoder(std::move(declared));
  constexpr size_t kAhead = 1 << 20;
  for (size_t begin = 0; begin < bytes.size();) {
    size_t end = std::min(bytes.find_first_of("\r\n", begin), bytes.size());
    std::string_view line = bytes.substr(begin, end - begin);
    Decoded decoded = decoder.decode(line, bytes.substr(begin, std::max(kAhead, line.size())));
    out.text += decoded.text;
    out.replaced += decoded.replaced;
    if (end < bytes.size()) out.text += bytes[end];
    bool ascii = decoded.text.size() == line.size() && decoded.text == line && decoded.encoding != "utf-8";
    if (size_t& share = shares[decoded.encoding]; !ascii && (share += line.size()) > most) {
      most = share;
      out.encoding = decoded.encoding;
    }
    begin = end + 1;
  }
  // What of CP949 and of Windows-1252 a line held, the text holds.
  for (auto [narrow, wide] : {std::pair{"euc-kr", "cp949"}, std::pair{"latin-1", "cp1252"}})
    if (out.encoding == narrow && shares.contains(wide)) out.encoding = wide;
  return out;
}

}  // namespace

std::string unmarked_utf16(std::string_view bytes) {
  constexpr size_t kShortest = 4;
  constexpr double kPlausible = 0.95;
  auto zeros = static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\0'));
  bool line_ends_or_spaces = zeros * 100 > bytes.size();
  if (bytes.size() < kShortest || !line_ends_or_spaces) return {};
  double little = utf16_plausibility(bytes, false), big = utf16_plausibility(bytes, true);
  if (std::max(little, big) <= kPlausible) return {};
  return little >= big ? "utf-16le" : "utf-16be";
}

Result<Decoded> decode_text(std::string_view bytes, std::string_view declared, std::string_view also_declared) {
  std::vector<std::string> names;
  for (std::string_view name : {declared, also_declared})
    if (!name.empty()) names.emplace_back(name);
  if (bytes.starts_with("\xEF\xBB\xBF")) {
    bytes.remove_prefix(3);
    Decoded out = is_valid_utf8(bytes) ? Decoded{std::string(bytes), "", 0} : decode_by_line(bytes, std::move(names));
    if (out.encoding.empty() || out.encoding == "ascii" || out.encoding == "utf-8") out.encoding = "utf-8-sig";
    return out;
  }
  if (bytes.starts_with(std::string_view("\xFF\xFE\0\0", 4))) return decode_as(bytes.substr(4), "UTF-32LE", "utf-32le");
  if (bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4))) return decode_as(bytes.substr(4), "UTF-32BE", "utf-32be");
  if (bytes.starts_with("\xFF\xFE")) return decode_as(bytes.substr(2), "UTF-16LE", "utf-16le");
  if (bytes.starts_with("\xFE\xFF")) return decode_as(bytes.substr(2), "UTF-16BE", "utf-16be");
  if (auto shifted = shifted_encoding(bytes, names)) {
    Decoded out;
    if (convert(without_empty_shifts(bytes), shifted->c_str(), out) &&
        (out.replaced == 0 || bytes.find('\x1b') != std::string_view::npos)) {
      out.encoding = *shifted;
      return out;
    }
  }
  Utf8Count utf8 = count_utf8(bytes);
  if (std::string wide = unmarked_utf16(bytes); !wide.empty()) return decode_as(bytes, wide.c_str(), wide);
  if (auto wide = declared_utf16(bytes, names)) return decode_as(bytes, wide->c_str(), *wide);
  size_t odd = utf8.zeros + utf8.controls;
  if (bytes.size() > 16 ? odd * 20 > bytes.size() : odd * 2 > bytes.size() && odd > 0)
    return invalid_data("is binary, not text", {}, "convert it to text, or leave it out");

  if (utf8.multibyte == 0 && utf8.bad == 0) {
    std::string charset = ascii_lower(declared);
    return Decoded{std::string(bytes), charset == "utf-8" || charset == "utf8" ? "utf-8" : "ascii", 0};
  }
  // Well-formed by chance are only few characters of two bytes.
  constexpr size_t kEnough = 16;
  if (utf8.bad == 0 && (utf8.long_characters > 0 || utf8.multibyte >= kEnough))
    return Decoded{std::string(bytes), "utf-8", 0};
  if (utf8.bad > 0) {
    internal::Reading best = internal::detect(internal::sample_of(bytes, internal::kSampleBytes, true), names);
    bool mostly_utf8 = utf8.long_characters > utf8.bad;
    if (auto wide = mostly_utf8 ? std::nullopt : bare_utf16(bytes, internal::bits_in(best, bytes)))
      return decode_as(bytes, wide->c_str(), *wide);
    if (utf8.multibyte == 0) return internal::decode_reading(bytes, best);
  }
  return decode_by_line(bytes, std::move(names));
}

}  // namespace malmoi::data
