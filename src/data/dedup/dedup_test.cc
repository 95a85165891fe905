// Normalisation, sketches, exact copies, repeated lines and substrings, sorting on disk.
#include <gtest/gtest.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <set>

#include "base/rng.h"
#include "base/utf8.h"
#include "data/dedup/exact.h"
#include "data/dedup/lines.h"
#include "data/dedup/minhash.h"
#include "data/dedup/near.h"
#include "data/dedup/substring.h"
#include "data/dedup/test_texts.h"
#include "data/dedup/words.h"

namespace malmoi::data {
namespace {

// The whole text through ICU: what the tables must agree with.
std::string slow_normal(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  auto u = icu::Normalizer2::getNFCInstance(status)->normalize(icu::UnicodeString::fromUTF8(text), status);
  u.toLower(icu::Locale::getRoot());
  std::string lower, out;
  u.toUTF8String(lower);
  bool space = false;
  for (size_t i = 0; i < lower.size();) {
    Utf8Char c = decode_utf8(lower, i);
    char32_t p = c.code_point;
    bool white = (p >= 9 && p <= 13) || (p >= 0x1C && p <= 0x20) || p == 0x85 || p == 0xA0 || p == 0x1680 ||
                 (p >= 0x2000 && p <= 0x200A) || p == 0x2028 || p == 0x2029 || p == 0x202F || p == 0x205F ||
                 p == 0x3000;
    if (white) {
      space = true;
    } else {
      if (space && !out.empty()) out += ' ';
      space = false;
      append_utf8(out, p);
    }
    i += c.length;
  }
  return out;
}

TEST(Dedup, NormalisesAsIcuDoes) {
  for (const char* text : {"", "  A  b\t C\n", "가나다 ＡＢＣ", "\u1112\u1161\u11ab글", "e\u0301 É ß İ", "ΣΑΣ ΟΔΟΣ.",
                           "か\u3099 ガ", "“x” — \u2126\u212A", "\u3000\u00A0x\u2028y", "Ⅷ Ⓐ \u2329", "ÀÖ×Þ÷ÿ"})
    EXPECT_EQ(normalize_for_dedup(text), slow_normal(text)) << text;
  // Every character alone, between letters, and before a combining mark.
  Rng rng(3);
  for (char32_t c = 1; c < 0x30000; ++c) {
    if ((c >= 0xD800 && c < 0xE000) || (c > 0x3200 && rng.below(8) != 0)) continue;
    std::string text = "A";
    append_utf8(text, c);
    text += "b ";
    append_utf8(text, c);
    append_utf8(text, rng.below(2) == 0 ? 0x0301 : 0x3099);
    ASSERT_EQ(normalize_for_dedup(text), slow_normal(text)) << std::hex << static_cast<uint32_t>(c);
  }
}

TEST(Dedup, MinHashesOfEveryInstructionSetAreTheSame) {
  Rng rng(5);
  std::vector<uint32_t> x(333), a(128), b(128), out(128);
  for (auto* v : {&x, &a, &b})
    for (uint32_t& e : *v) e = rng.next_u32();
  for (size_t n : {0u, 1u, 7u, 333u}) {
    min_hashes(x.data(), n, a.data(), b.data(), 128, out.data());
    for (size_t i = 0; i < 128; ++i) {
      uint32_t best = UINT32_MAX;
      for (size_t k = 0; k < n; ++k) best = std::min(best, a[i] * x[k] + b[i]);
      ASSERT_EQ(out[i], best) << i;
    }
  }
}

TEST(Dedup, ShinglesAreTheSetOfWordNgrams) {
  Sketcher sketcher(NearOptions{});
  auto set = [&](const std::string& text) {
    auto s = sketcher.sketch(text).shingles;
    make_set(s);
    return s;
  };
  EXPECT_EQ(set("a b c d e f").size(), 2u);
  EXPECT_EQ(set("a b c").size(), 1u);
  EXPECT_TRUE(set(" \n").empty());
  EXPECT_EQ(set("A  b c\nd E"), set("a b c d e"));
  EXPECT_NE(set("a b c d e"), set("b a c d e"));
  // {abcde, bcdef} and {bcdef, cdefg}: one of three.
  EXPECT_DOUBLE_EQ(jaccard(set("a b c d e f"), set("b c d e f g")), 1.0 / 3);
  EXPECT_EQ(sketcher.sketch("a b").exact, sketcher.sketch(" A\tb ").exact);
}

TEST(Dedup, SketchesAsBytes) {
  Sketcher sketcher(NearOptions{});
  Sketch sketch = sketcher.sketch("하나 둘 셋 넷 다섯 여섯");
  std::string bytes;
  append_sketch(bytes, sketch);
  append_sketch(bytes, Sketch{});
  size_t offset = 0;
  auto back = parse_sketch(bytes, offset);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->shingles, sketch.shingles);
  EXPECT_EQ(back->bands, sketch.bands);
  EXPECT_EQ(back->exact, sketch.exact);
  ASSERT_TRUE(parse_sketch(bytes, offset).ok());
  EXPECT_EQ(offset, bytes.size());
  for (size_t cut = 0; cut < 40; ++cut) {
    offset = 0;
    EXPECT_FALSE(parse_sketch(std::string_view(bytes).substr(0, cut), offset).ok());
  }
}

TEST(Dedup, ExactCopies) {
  auto deduper = ExactDeduper::create();
  ASSERT_TRUE(deduper.ok());
  for (uint64_t i = 0; i < 6; ++i)
    ASSERT_TRUE(deduper->add(i, hash128(i % 2 == 0 ? "even" : "odd"), i == 4 ? 2 : 1).ok());
  auto out = deduper->finish();
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->representative, (std::vector<uint64_t>{4, 1, 4, 1, 4, 1}));
}

// The texts without what a deduper of lines or substrings finds in them.
template <typename Deduper>
std::vector<std::string> without_repeats(Result<Deduper> deduper, const std::vector<std::string>& texts) {
  EXPECT_TRUE(deduper.ok());
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_TRUE(deduper->add(i, texts[i]).ok());
  auto removals = deduper->finish();
  EXPECT_TRUE(removals.ok());
  std::vector<std::string> out;
  std::vector<Removal> ranges;
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(removals->of(i, ranges).ok());
    out.push_back(remove_ranges(texts[i], ranges));
  }
  return out;
}

std::vector<std::string> remove_lines(const std::vector<std::string>& texts, LineOptions options,
                                      Scratch scratch = {}) {
  return without_repeats(LineDeduper::create(options, scratch), texts);
}

TEST(Dedup, LinesAndParagraphs) {
  const std::string footer = "All rights reserved by Nobody at all\n";
  std::vector<std::string> texts = {"one\n" + footer, "two\n" + footer + "short\n",
                                    "  ALL rights reserved by nobody at all", "short\n"};
  EXPECT_EQ(remove_lines(texts, {}), (std::vector<std::string>{"one\n" + footer, "two\nshort\n", "", "short\n"}));
  EXPECT_EQ(remove_lines(texts, {.keep = 2, .all = true}),
            (std::vector<std::string>{"one\n", "two\nshort\n", "", "short\n"}));
  EXPECT_EQ(remove_lines(texts, {.keep = 3, .all = true}), texts);
  EXPECT_EQ(remove_lines(texts, {.keep = 2}, {.folder = {}, .memory_bytes = 1}),
            (std::vector<std::string>{"one\n" + footer, "two\n" + footer + "short\n", "", "short\n"}));
  std::vector<std::string> paragraphs = {"a paragraph that is\nlong enough to count\n\nother\n",
                                         "x\n\na paragraph that is\nlong enough to count"};
  EXPECT_EQ(remove_lines(paragraphs, {.unit = LineOptions::Unit::kParagraph}),
            (std::vector<std::string>{paragraphs[0], "x\n\n"}));
}

std::vector<std::string> remove_substrings(const std::vector<std::string>& texts, uint32_t min_bytes, uint64_t memory) {
  Scratch scratch{.folder = {}, .memory_bytes = memory};
  return without_repeats(SubstringDeduper::create({.min_bytes = min_bytes}, scratch), texts);
}

// By the definition: every window of min_bytes that stands earlier goes, then whole characters only.
std::vector<std::string> remove_substrings_slowly(const std::vector<std::string>& texts, size_t n) {
  std::set<std::string> seen;
  std::vector<std::string> out;
  for (const std::string& text : texts) {
    std::vector<bool> gone(text.size(), false);
    for (size_t p = 0; p + n <= text.size(); ++p)
      if (!seen.insert(text.substr(p, n)).second) std::fill_n(gone.begin() + static_cast<long>(p), n, true);
    std::string kept;
    for (size_t i = 0; i < text.size();) {
      size_t length = decode_utf8(text, i).length;
      bool all = true;
      for (size_t k = 0; k < length; ++k) all = all && gone[i + k];
      if (!all) kept += text.substr(i, length);
      i += length;
    }
    out.push_back(kept);
  }
  return out;
}

TEST(Dedup, RepeatedSubstringsGoAndCharactersStayWhole) {
  Rng rng(21);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> texts, phrases;
    for (int i = 0; i < 6; ++i) {
      std::string phrase;
      for (int k = 0; k < 14; ++k)
        append_utf8(phrase, rng.below(2) == 0 ? 0xAC00 + static_cast<char32_t>(rng.below(3))
                                              : U'a' + static_cast<char32_t>(rng.below(3)));
      phrases.push_back(phrase);
    }
    for (int i = 0; i < 12; ++i) {
      std::string text;
      for (int k = 0; k < 5; ++k) text += rng.below(3) == 0 ? random_text(rng, 3) : phrases[rng.below(phrases.size())];
      texts.push_back(text);
    }
    auto expected = remove_substrings_slowly(texts, 20);
    EXPECT_EQ(remove_substrings(texts, 20, 1 << 30), expected);
    EXPECT_EQ(remove_substrings(texts, 20, 1), expected) << "by fingerprints";
    for (const std::string& text : remove_substrings(texts, 20, 1 << 30)) EXPECT_TRUE(is_valid_utf8(text));
  }
}

TEST(Dedup, SortsInManyRuns) {
  auto folder = ScratchFolder::create({});
  ASSERT_TRUE(folder.ok());
  ExternalSorter<uint64_t> sorter(*folder, "numbers", 1024 * 8);
  Rng rng(4);
  std::vector<uint64_t> expected;
  for (int i = 0; i < 600000; ++i) {
    expected.push_back(rng.below(1 << 20));
    ASSERT_TRUE(sorter.add(expected.back()).ok());
  }
  std::sort(expected.begin(), expected.end());
  ASSERT_TRUE(sorter.finish().ok());
  uint64_t value = 0;
  for (uint64_t e : expected) {
    auto more = sorter.next(value);
    ASSERT_TRUE(more.ok() && *more);
    ASSERT_EQ(value, e);
  }
  EXPECT_FALSE(*sorter.next(value));
}

}  // namespace
}  // namespace malmoi::data
