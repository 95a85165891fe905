// The generated tables against the sets of the reference libraries, code point by code point.
#include "tokenizer/unicode/unicode.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/pattern/pattern.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/normalization.h"

namespace malmoi::tokenizer {
namespace {

const Json& sets() {
  static const Json value = Json::parse(*read_file(std::string(MALMOI_TEST_DATA) + "/tokenizer/unicode.json"));
  return value;
}

// Calls `check(c, in_set)` for every code point that is no surrogate.
template <typename Check>
void for_each_code_point(const std::string& name, Check&& check) {
  ASSERT_TRUE(sets().contains(name)) << name;
  const Json& ranges = sets()[name];
  size_t next = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    while (next < ranges.size() && ranges[next][1].get<char32_t>() < c) ++next;
    check(c, next < ranges.size() && ranges[next][0].get<char32_t>() <= c);
  }
}

TEST(Unicode, ClassesAreTheReferences) {
  const std::pair<const char*, uint32_t> kClasses[] = {{"regex \\p{L}", kLetter},
                                                       {"regex \\p{N}", kNumber},
                                                       {"regex \\p{M}", kMark},
                                                       {"regex \\p{P}", kPunct},
                                                       {"regex \\p{S}", kSymbol},
                                                       {"regex \\s", kSpace},
                                                       {"regex \\w", kWord},
                                                       {"regex \\d", kDecimal},
                                                       {"regex \\p{Lu}", kUpper},
                                                       {"regex \\p{Lt}", kTitle},
                                                       {"regex \\p{Ll}", kLower},
                                                       {"regex \\p{Lm}", kModifier},
                                                       {"regex \\p{Lo}", kOtherLetter},
                                                       {"regex \\p{Han}", kHan},
                                                       {"regex \\p{Hangul}", kHangul},
                                                       {"Punctuation", kPunctuation},
                                                       {"Digits", kDigit},
                                                       {"Whitespace word", kRustWord},
                                                       {"StripAccents", kAccent},
                                                       {"Bert strip_accents (of NFD)", kBertAccent},
                                                       {"Bert clean removes", kBertControl},
                                                       {"Bert Chinese", kBertChinese},
                                                       {"WhitespaceSplit", kSpace}};
  for (auto [name, flag] : kClasses) {
    size_t wrong = 0;
    for_each_code_point(name, [&, flag = flag](char32_t c, bool in) { wrong += ((classes_of(c) & flag) != 0) != in; });
    EXPECT_EQ(wrong, 0u) << name;
  }
}

TEST(Unicode, LowerCaseChangesWhatTheReferenceChanges) {
  size_t wrong = 0;
  for_each_code_point("Lowercase changes", [&](char32_t c, bool in) {
    Lower lower = to_lower(c);
    wrong += (lower.first != c || lower.second != 0) != in;
  });
  EXPECT_EQ(wrong, 0u);
}

TEST(Unicode, NormalFormsChangeWhatTheReferenceChanges) {
  const std::pair<const char*, NormalForm> kForms[] = {{"NFC changes", NormalForm::kNfc},
                                                       {"NFD changes", NormalForm::kNfd},
                                                       {"NFKC changes", NormalForm::kNfkc},
                                                       {"NFKD changes", NormalForm::kNfkd}};
  for (auto [name, form] : kForms) {
    size_t wrong = 0;
    for_each_code_point(name, [&, form = form](char32_t c, bool in) {
      std::string text;
      append_utf8(text, c);
      std::vector<NormalChar> out = normal_characters(text, form);
      bool changed = out.size() != 1 || out[0].code_point != c;
      wrong += changed != in || (changed && is_normal(text, form));
    });
    EXPECT_EQ(wrong, 0u) << name;
  }
}

TEST(Unicode, EngineClassesAreTheReferences) {
  for (const char* pattern : {"\\p{L}", "\\p{N}", "\\p{M}", "\\p{P}", "\\p{S}", "\\s", "\\w", "\\d", "\\p{Lu}",
                              "\\p{Ll}", "\\p{Han}", "\\p{Hangul}"}) {
    auto compiled = Pattern::compile(pattern);
    ASSERT_TRUE(compiled.ok()) << compiled.error().to_string();
    std::string all;
    std::vector<bool> want;
    for_each_code_point(std::string("regex ") + pattern, [&](char32_t c, bool in) {
      append_utf8(all, c);
      want.push_back(in);
    });
    std::vector<Span> matches;
    (*compiled)->find_all(all, matches);
    size_t wrong = 0, at = 0, index = 0, match = 0;
    while (at < all.size()) {
      while (match < matches.size() && matches[match].end <= at) ++match;
      bool in = match < matches.size() && matches[match].begin <= at;
      wrong += in != want[index++];
      at += decode_utf8(all, at).length;
    }
    EXPECT_EQ(wrong, 0u) << pattern;
  }
}

TEST(Unicode, Graphemes) {
  auto clusters = [](std::string_view text) {
    size_t n = 0;
    for (size_t at = 0; at < text.size(); at = grapheme_end(text, at)) ++n;
    return n;
  };
  EXPECT_EQ(clusters("abc"), 3u);
  EXPECT_EQ(clusters("\r\n"), 1u);
  EXPECT_EQ(clusters("e\u0301a"), 2u);
  EXPECT_EQ(clusters("\u1112\u1161\u11ab\u1100\u1173\u11af"), 2u);  // two Korean syllables of conjoining letters
  EXPECT_EQ(clusters("🇰🇷🇺🇸"), 2u);
  EXPECT_EQ(clusters("👨‍👩‍👧"), 1u);
}

}  // namespace
}  // namespace malmoi::tokenizer
