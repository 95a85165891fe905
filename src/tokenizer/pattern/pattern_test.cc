// The hand-made matchers against the regular expression engine, and the engine's limits.
#include "tokenizer/pattern/pattern.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/utf8.h"
#include "tokenizer/pattern/regex.h"
#include "tokenizer/pattern/split_matcher.h"
#include "tokenizer/test_data.h"

namespace malmoi::tokenizer {
namespace {

// Texts that put every kind of character beside every other.
std::vector<std::string> random_texts() {
  static constexpr std::string_view kPieces[] = {
      "a",      "Z",      "é",    "ß",   "가",     "힣",           "ᄀ",   "漢",       "か",
      "Ǆ",      "ǅ",      "ʰ",    "ª",   "\u0301", "\u0300\u0302", "1",    "23",       "½",
      "Ⅳ",      "٣",      " ",    "  ",  "\n",     "\r\n",         "\t",   "\u00a0",   "\u3000",
      "\u0085", "\u200b", "'",    "'s",  "'S",     "'ſ",           "'ll",  "'RE",      "'ve",
      "'d",     "’",      "!",    "...", "/",      "//\n",         "🙂", "👍🏽", "\u200d",
      "\ufeff", "A",      "Bc",   "DE",  "\ua7cb", "\U00010d4a",   "_",    "-",        "\"",
      "{",      "ǆ",      "ㅋㅋ", "ㅠ"};
  std::vector<std::string> out;
  uint64_t state = 7;
  for (int n = 0; n < 3000; ++n) {
    std::string text;
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    size_t length = 1 + (state >> 40) % 14;
    for (size_t i = 0; i < length; ++i) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      text += kPieces[(state >> 33) % std::size(kPieces)];
    }
    out.push_back(text);
  }
  for (const Json& line : test_lines("texts")) out.push_back(line.get<std::string>());
  return out;
}

std::string spans(const std::vector<Span>& matches) {
  std::string out;
  for (Span match : matches) out += std::to_string(match.begin) + "-" + std::to_string(match.end) + " ";
  return out;
}

TEST(Pattern, WellKnownPatternsMatchAsTheEngineDoes) {
  std::vector<std::string> texts = random_texts();
  for (std::string_view regex : well_known_regexes()) {
    for (Dialect dialect : {Dialect::kOniguruma, Dialect::kRust}) {
      auto fast = well_known_pattern(regex, dialect);
      if (!fast) continue;
      auto engine = compile_regex(regex, dialect);
      ASSERT_TRUE(engine.ok()) << engine.error().to_string();
      for (const std::string& text : texts) {
        std::vector<Span> got, want;
        fast->find_all(text, got);
        (*engine)->find_all(text, want);
        ASSERT_EQ(spans(got), spans(want)) << regex << "\non: " << text;
        if (const CoveringPattern* all = covering(fast.get())) {
          for (Span match : got) ASSERT_EQ(all->next_end(text, match.begin), match.end);
        }
      }
    }
  }
}

TEST(Pattern, NamesAreOfWellKnownPatterns) {
  for (const NamedPattern& named : named_patterns())
    EXPECT_NE(well_known_pattern(named.regex, Dialect::kOniguruma), nullptr) << named.name;
  EXPECT_EQ(pattern_by_name("[a-z]+"), "[a-z]+");
}

TEST(Pattern, DigitsInGroupsFromTheRight) {
  auto pattern = Pattern::compile(R"(\P{N}*\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})))");
  ASSERT_TRUE(pattern.ok());
  std::vector<Span> matches;
  (*pattern)->find_all("ab1234567 c123d", matches);
  EXPECT_EQ(spans(matches), "0-3 3-6 6-9 9-14 ");
  matches.clear();
  (*pattern)->find_all(std::string(3'000'001, '7'), matches);  // linear: the engine would give up
  ASSERT_EQ(matches.size(), 1'000'001u);
  EXPECT_EQ(matches[0], (Span{0, 1}));
  EXPECT_EQ(matches.back(), (Span{2'999'998, 3'000'001}));
}

TEST(Pattern, HostilePatternsEnd) {
  std::string text(20000, 'a');
  for (const char* regex : {"(a+)+b", "(a|aa)+$b", "(.*)*x", "(?:a?){50}a{50}c"}) {
    auto pattern = Pattern::compile(regex);
    ASSERT_TRUE(pattern.ok()) << pattern.error().to_string();
    auto start = std::chrono::steady_clock::now();
    std::vector<Span> matches;
    (*pattern)->find_all(text, matches);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60)) << regex;
  }
}

TEST(Pattern, Dialects) {
  auto matches = [](const char* regex, Dialect dialect, std::string_view text) {
    auto pattern = compile_regex(regex, dialect);
    EXPECT_TRUE(pattern.ok()) << regex;
    std::vector<Span> out;
    if (pattern.ok()) (*pattern)->find_all(text, out);
    return spans(out);
  };
  EXPECT_EQ(matches("[0-9]{1,3}+", Dialect::kOniguruma, "1234567"), "0-7 ");
  EXPECT_EQ(matches("[0-9]{1,3}+", Dialect::kRust, "1234567"), "0-3 3-6 6-7 ");
  EXPECT_EQ(matches("a$", Dialect::kOniguruma, "a\na"), "0-1 2-3 ");
  EXPECT_EQ(matches("a$", Dialect::kRust, "a\na"), "2-3 ");
  EXPECT_EQ(matches("\\h+", Dialect::kOniguruma, "xffz"), "1-3 ");
  EXPECT_EQ(matches("(?i:s)", Dialect::kRust, "\u017f"), "0-2 ");
}

TEST(Pattern, ClassesWithinClasses) {
  const std::string_view letters = "abcdefgh-]&^ \u00e9\uac00\u6f22";
  auto matched = [&](const char* regex, Dialect dialect) {
    auto pattern = compile_regex(regex, dialect);
    EXPECT_TRUE(pattern.ok()) << regex << ": " << (pattern.ok() ? "" : pattern.error().to_string());
    std::vector<Span> spans;
    if (pattern.ok()) (*pattern)->find_all(letters, spans);
    std::string out;
    for (Span span : spans) out += letters.substr(span.begin, span.end - span.begin);
    return out;
  };
  struct Case {
    const char* regex;
    const char* want;
  };
  const Case both[] = {{"[a[bc]]", "abc"},
                       {"[a[^bc]]", "adefgh-]&^ \u00e9\uac00\u6f22"},
                       {"[^a[^bc]]", "bc"},
                       {"[a-e&&[^bd]]", "ace"},
                       {"[^a-h&&[^bd]]", "bd-]&^ \u00e9\uac00\u6f22"},
                       {"[a-h&&b-e&&[^c]]", "bde"},
                       {"[\\p{L}&&[^\\p{Han}a-h]]", "\u00e9\uac00"},
                       {"[a[-b]]", "ab-"},
                       {"[a-[b]]", "ab-"},
                       {"[]a]", "a]"},
                       {"[^]a]", "bcdefgh-&^ \u00e9\uac00\u6f22"},
                       {"[-a]", "a-"},
                       {"[a&b^]", "ab&^"},
                       {"[a^&&^b]", "^"},
                       {"[[-b]^c]", "bc-^"},
                       {"[^^]", "abcdefgh-]& \u00e9\uac00\u6f22"},
                       {"[[:alpha:]&&[^c-h]]", "ab\u00e9\uac00\u6f22"}};
  for (const Case& c : both)
    for (Dialect dialect : {Dialect::kOniguruma, Dialect::kRust})
      EXPECT_EQ(matched(c.regex, dialect), c.want) << c.regex;
  EXPECT_EQ(matched("[a-e--[bd]]", Dialect::kRust), "ace");
  EXPECT_EQ(matched("[--a]", Dialect::kRust), "a-");
  EXPECT_EQ(matched("[\\p{L}&&[^\\p{Han}]]+", Dialect::kRust), "abcdefgh\u00e9\uac00");
  EXPECT_FALSE(Pattern::compile("[a[b]").ok());
  EXPECT_FALSE(Pattern::compile("[a&&").ok());
  EXPECT_FALSE(Pattern::compile(std::string(60000, '[')).ok());
}

TEST(Pattern, ErrorsNameTheOffset) {
  auto pattern = Pattern::compile("a(b");
  ASSERT_FALSE(pattern.ok());
  EXPECT_NE(pattern.error().to_string().find("offset"), std::string::npos);
  EXPECT_FALSE(Pattern::compile("[z-a]").ok());
  EXPECT_FALSE(Pattern::compile("\xff").ok());
}

}  // namespace
}  // namespace malmoi::tokenizer
