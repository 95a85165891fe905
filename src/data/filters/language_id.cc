#include "data/filters/language_id.h"

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <map>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/encoding.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {
namespace {

constexpr double kWide = 2.5;
constexpr double kMinShare = 0.1;  // of what is told apart: less is a name, a quotation, a mistake
constexpr double kFewestScore = 600, kFewestScoreOfGuess = 1000;  // CLD2's, of texts shorter than kMinSure
constexpr size_t kMinSure = 40;                                   // Latin letters from which CLD2 is believed
constexpr size_t kMaxSample = size_t{1} << 15;                    // bytes given to CLD2: more tell no more

std::string code_of(CLD2::Language language) {
  std::string code = CLD2::LanguageCode(language);
  if (code == "zh-Hant") code = "zh";
  return code == "un" || code == "xxx" ? std::string() : code;
}

// What CLD2 says of a text: up to three languages with their shares of its bytes, the largest first.
struct Told {
  std::vector<std::pair<std::string, double>> shares;
  bool reliable = false;
  double score = 0;  // of the first: how much its letters are that language's; words of one have 900 to 2500
  std::string first() const { return shares.empty() ? std::string() : shares.front().first; }
};

// `best_effort`: an answer for short texts too, which CLD2 would rather not give.
Told ask_tables(std::string_view text, bool best_effort) {
  std::string sample(text.substr(0, complete_utf8_prefix(text.substr(0, kMaxSample))));
  if (!is_valid_utf8(sample)) sample = replace_invalid_utf8(sample);
  CLD2::CLDHints hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  CLD2::Language languages[3];
  int percents[3], bytes = 0;
  double scores[3];
  Told told;
  CLD2::ExtDetectLanguageSummary(sample.data(), static_cast<int>(sample.size()), /*is_plain_text=*/true, &hints,
                                 best_effort ? CLD2::kCLDFlagBestEffort : 0, languages, percents, scores, nullptr,
                                 &bytes, &told.reliable);
  for (int i = 0; i < 3; ++i) {
    std::string code = code_of(languages[i]);
    if (!code.empty() && percents[i] > 0) told.shares.emplace_back(std::move(code), percents[i] / 100.0);
  }
  if (!told.shares.empty()) told.score = scores[0];
  return told;
}

// Adds `weight` by the languages CLD2 sees in a text.
bool add_by_tables(std::string_view text, double weight, std::map<std::string, double>& out) {
  Told told = ask_tables(text, text.size() < kMinSure);
  for (const auto& [code, share] : told.shares) out[code] += weight * share;
  return told.reliable;
}

// Scripts that are a language by themselves.
bool is_told_by_script(std::string_view script) { return script == "ko" || script == "ja" || script == "zh"; }

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
    for (double* share : {&s.hangul, &s.latin, &s.han, &s.kana, &s.other}) *share /= s.letters;
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
      weights["ja"] += s.letters * (s.kana + s.han);
      korean = s.hangul;
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
    // A few Latin words among others are most often English.
    if (sure || latin_letters > all / 2) reliable = add_by_tables(latin, latin_letters, weights) && sure;
    else weights["en"] += latin_letters;
  }
  if (other_letters > 0) reliable &= add_by_tables(other, other_letters, weights);
  for (const auto& [code, weight] : weights)
    if (weight > 0 && all > 0) out.shares.emplace_back(code, weight / all);
  std::stable_sort(out.shares.begin(), out.shares.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  out.reliable = reliable && all >= kMinSure;
  return out;
}

std::string document_language(std::string_view text, std::string_view hint) {
  std::string script = script_language(text);
  if (is_told_by_script(script)) return script;
  Told told = ask_tables(text, false);
  bool sure = told.reliable && (text.size() >= kMinSure || told.score >= kFewestScore);
  if (sure && !told.shares.empty()) return told.first();
  std::string base = ascii_lower(hint.substr(0, hint.find_first_of("-_")));
  // What a page says of its language counts where its letters cannot contradict it.
  if (!base.empty() && !is_told_by_script(base) && !script.empty()) return base;
  Told guess = ask_tables(text, true);
  // Names and commands in Latin letters are nobody's language; most often they stand in English.
  if (script == "en" && guess.score < kFewestScoreOfGuess) return script;
  return guess.shares.empty() ? script : guess.first();
}

std::vector<std::string> paragraph_languages(const std::vector<std::string_view>& paragraphs) {
  std::vector<std::string> languages;
  size_t total = 0;
  for (std::string_view paragraph : paragraphs) total += paragraph.size();
  size_t stride = 1 + total / kMaxSample;  // of a long text every so many paragraphs tell enough
  std::string open;                        // what the scripts leave open
  for (size_t i = 0; i < paragraphs.size(); ++i) {
    languages.push_back(script_language(paragraphs[i]));
    if (!is_told_by_script(languages.back()) && i % stride == 0) open.append(paragraphs[i]).append("\n\n");
  }
  Told told = ask_tables(open, false);
  std::erase_if(told.shares, [](const auto& share) { return share.second < kMinShare; });
  bool sure = told.reliable && open.size() >= kMinSure;
  std::string main = sure ? told.first() : document_language(open);
  auto expected = [&](const std::string& code) {
    return std::any_of(told.shares.begin(), told.shares.end(), [&](const auto& share) { return share.first == code; });
  };
  for (size_t i = 0; i < paragraphs.size(); ++i) {
    if (is_told_by_script(languages[i])) continue;
    ScriptShares letters = script_shares(paragraphs[i]);
    if (letters.letters == 0) {
      languages[i].clear();
    } else if (told.shares.size() < 2) {
      languages[i] = main;
    } else {
      Told own = ask_tables(paragraphs[i], false);
      languages[i] = own.reliable && expected(own.first()) ? own.first() : main;
    }
  }
  return languages;
}

bool is_same_language(std::string_view a, std::string_view b) {
  auto base = [](std::string_view code) { return ascii_lower(code.substr(0, code.find_first_of("-_"))); };
  return base(a) == base(b);
}

}  // namespace malmoi::data
