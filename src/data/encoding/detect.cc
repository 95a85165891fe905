#include "data/encoding/detect.h"

#include <algorithm>

#include <vector>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/encoding/convert.h"
#include "data/encoding/readability.h"

namespace malmoi::data::internal {
namespace {

constexpr double kDeclaredBits = 12, kDeclaredShare = 0.75;
// A declaration of what reads worse than this share of ill-formed parts is wrong.
constexpr size_t kIllFormedShare = 20;

size_t line_end(std::string_view bytes, size_t begin) {
  return std::min(bytes.find_first_of("\r\n", begin), bytes.size());
}

}  // namespace

double bits_in(const Reading& reading, std::string_view bytes) {
  Decoded decoded;
  if (!convert(bytes, reading.icu.c_str(), decoded)) return kIllFormedBits * static_cast<double>(bytes.size() + 1);
  double bits = reading.prior;
  bits += reading.language ? reading_bits(decoded.text, *reading.language) : reading_bits_of_any(decoded.text);
  auto high = static_cast<size_t>(
      std::count_if(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
  bool believed = reading.declared && decoded.replaced * kIllFormedShare <= high;
  if (!believed) return bits;
  double plain = reading_bits_of_ascii(bytes);
  return plain + (bits - plain) * reading.share - kDeclaredBits;
}

Reading detect(std::string_view bytes, std::span<const std::string> declared) {
  std::vector<DeclaredCodec> named;
  for (const std::string& name : declared)
    if (auto found = find_declared(name)) named.push_back(*std::move(found));
  auto declares = [&](const Codec& codec) {
    return std::any_of(named.begin(), named.end(), [&](const DeclaredCodec& d) { return d.codec == &codec; });
  };
  std::vector<Reading> readings;
  for (const Codec& codec : codecs())
    readings.push_back({std::string(codec.label), codec.icu, codec.language, codec.bits, declares(codec),
                        codec.language == Language::kWestern ? 1 : kDeclaredShare});
  constexpr double kOtherBits = 8;
  for (const DeclaredCodec& other : named)
    if (!other.codec && !other.stateful)
      readings.push_back({other.other, other.other, {}, kOtherBits, true, kDeclaredShare});
  size_t best = 0;
  double lowest = 0;
  for (size_t i = 0; i < readings.size(); ++i) {
    double bits = bits_in(readings[i], bytes);
    if (i > 0 && bits >= lowest) continue;
    best = i;
    lowest = bits;
  }
  return readings[best];
}

std::string sample_of(std::string_view bytes, size_t limit, bool well_formed) {
  constexpr size_t kLongestLine = 2048;  // of it the beginning is enough
  std::string sample;
  for (size_t begin = 0; begin < bytes.size() && sample.size() < limit;) {
    size_t end = line_end(bytes, begin);
    std::string_view line = bytes.substr(begin, end - begin);
    begin = end + 1;
    if (is_ascii(line) || (!well_formed && is_valid_utf8(line))) continue;
    // A long line is cut before an ASCII byte that follows another: no character of two bytes stands there.
    if (line.size() > kLongestLine) {
      size_t cut = kLongestLine;
      auto high = [&](size_t i) { return static_cast<unsigned char>(line[i]) >= 0x80; };
      while (cut > kLongestLine / 2 && (high(cut) || high(cut - 1))) --cut;
      line = line.substr(0, cut);
    }
    if (!sample.empty()) sample += '\n';
    sample += line;
  }
  return sample;
}

}  // namespace malmoi::data::internal
