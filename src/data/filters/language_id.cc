#include "data/filters/language_id.h"

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {
namespace {

constexpr double kWide = 2.5;
constexpr size_t kMinSure = 40;                 // Latin letters from which CLD2 is believed
constexpr size_t kMaxSample = size_t{1} << 17;  // bytes given to CLD2: more tell no more

std::string code_of(CLD2::Language language) {
  std::string code = CLD2::LanguageCode(language);
  if (code == "zh-Hant") code = "zh";
  return code == "un" || code == "xxx" ? std::string() : code;
}

// Adds `weight` by the languages CLD2 sees in a text; what it cannot tell counts for `fallback`.
bool add_by_tables(std::string_view text, double weight, const std::string& fallback,
                   std::map<std::string, double>& out) {
  std::string sample(text.substr(0, complete_utf8_prefix(text.substr(0, kMaxSample))));
  if (!is_valid_utf8(sample)) sample = replace_invalid_utf8(sample);
  CLD2::CLDHints hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  CLD2::Language languages[3];
  int percents[3], bytes = 0;
  double scores[3];
  bool reliable = false;
  CLD2::ExtDetectLanguageSummary(sample.data(), static_cast<int>(sample.size()), /*is_plain_text=*/true, &hints, 0,
                                 languages, percents, scores, nullptr, &bytes, &reliable);
  double told = 0;
  for (int i = 0; i < 3; ++i) {
    std::string code = code_of(languages[i]);
    if (code.empty() || percents[i] <= 0) continue;
    out[code] += weight * percents[i] / 100.0;
    told += percents[i] / 100.0;
  }
  if (told < 1 && !fallback.empty()) out[fallback] += weight * (1 - told);
  return reliable;
}

}  // namespace

ScriptShares script_shares(std::string_view text) {
  ScriptShares s;
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x80) {
      s.latin += (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
      ++i;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    char32_t p = c.code_point;
    i += c.length;
    if ((p >= 0xAC00 && p <= 0xD7A3) || (p >= 0x1100 && p <= 0x11FF) || (p >= 0x3131 && p <= 0x318E)) s.hangul += kWide;
    else if ((p >= 0x4E00 && p <= 0x9FFF) || (p >= 0x3400 && p <= 0x4DBF) || (p >= 0xF900 && p <= 0xFAFF))
      s.han += kWide;
    else if (p >= 0x3041 && p <= 0x30FF) s.kana += kWide;
    else if (p >= 0xC0 && p <= 0x24F && p != 0xD7 && p != 0xF7) s.latin += 1;
    else if (u_isalpha(static_cast<UChar32>(p))) s.other += 1;
  }
  s.letters = s.hangul + s.latin + s.han + s.kana + s.other;
  if (s.letters > 0)
    s.hangul /= s.letters, s.latin /= s.letters, s.han /= s.letters, s.kana /= s.letters, s.other /= s.letters;
  return s;
}

double LanguageShares::share(std::string_view language) const {
  for (const auto& [code, value] : shares)
    if (code == language) return value;
  return 0;
}

LanguageShares identify_languages(std::string_view text) {
  std::map<std::string, double> weights;
  std::string latin, other;
  double latin_letters = 0, other_letters = 0, all = 0;
  for (std::string_view line : split_lines(text)) {
    ScriptShares s = script_shares(line);
    if (s.letters == 0) continue;
    all += s.letters;
    double korean = s.hangul + (s.kana == 0 ? s.han * (s.hangul > 0) : 0);
    if (s.kana > 0.1) {
      weights["ja"] += s.letters * (s.kana + s.han), korean = s.hangul;
      weights["ko"] += s.letters * korean;
      latin_letters += s.letters * s.latin;
    } else if (korean >= 0.3) {
      // Latin words inside Korean lines (names, terms) are part of the Korean text.
      weights["ko"] += s.letters * (korean + s.latin * std::min(1.0, korean * 2));
      latin_letters += s.letters * s.latin * (1 - std::min(1.0, korean * 2));
    } else if (s.latin >= 0.5) {
      weights["ko"] += s.letters * korean;
      latin_letters += s.letters * s.latin;
      latin.append(line).push_back('\n');
    } else {
      other_letters += s.letters;
      other.append(line).push_back('\n');
    }
  }
  LanguageShares out;
  bool reliable = true;
  if (latin_letters > 0) {
    bool sure = latin.size() >= kMinSure;
    if (sure) reliable = add_by_tables(latin, latin_letters, "", weights);
    else weights["en"] += latin_letters;  // a few Latin words: most often English
    if (!sure && latin_letters > all / 2) reliable = false;
  }
  if (other_letters > 0) reliable &= add_by_tables(other, other_letters, "", weights);
  for (const auto& [code, weight] : weights)
    if (weight > 0 && all > 0) out.shares.emplace_back(code, weight / all);
  std::stable_sort(out.shares.begin(), out.shares.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  out.reliable = reliable && all >= kMinSure;
  return out;
}

}  // namespace malmoi::data
