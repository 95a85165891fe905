// Texts of which several things must hold, against asking each of them.
#include "grammar/language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "grammar/fixtures_test.h"
#include "grammar/limits.h"

namespace malmoi::grammar {
namespace {

Regex regex_of(const char* text) { return *Regex::parse(text); }

Automaton written(const Language& language) {
  Grammar grammar;
  int64_t steps = 0;
  const Result<ExprId> texts = language.write(grammar, Regex::plain, grammar.literal("."), steps);
  EXPECT_TRUE(texts.ok());
  const RuleId root = grammar.add_rule("root", "test");
  grammar.define(root, texts.ok() ? *texts : grammar.empty());
  grammar.set_root(root);
  return compiled(std::move(grammar));
}

TEST(Language, IsWhatAllPartsSay) {
  std::vector<std::string> texts{""};
  for (size_t i = 0; texts[i].size() < 5; ++i)
    for (char character : {'a', 'b', 'c'}) texts.push_back(texts[i] + character);
  struct Case {
    const char *has, *has_not;
    int32_t min, max;
  };
  for (const Case& one : std::initializer_list<Case>{{"a", "b", 0, kUnbounded},
                                                     {"^(ab)+", "c$", 0, kUnbounded},
                                                     {"^a*b*c*$", "bc", 2, 4},
                                                     {"a(b|c){2,3}", "^b", 0, 4},
                                                     {"^[ab]{1,4}$", "aa|bb", 3, kUnbounded}}) {
    Language language("test");
    const Regex has = regex_of(one.has), has_not = regex_of(one.has_not);
    ASSERT_TRUE(language.add(has, Language::Reach::kWithin, true).ok());
    ASSERT_TRUE(language.add(has_not, Language::Reach::kWithin, false).ok());
    ASSERT_TRUE(language.exclude({"abc", "", "aabb"}).ok());
    language.set_length(one.min, one.max);
    const Automaton all = written(language), first = compiled(has.within_grammar("test")),
                    second = compiled(has_not.within_grammar("test"));
    for (const std::string& text : texts) {
      const auto size = static_cast<int32_t>(text.size());
      const bool is_one = matches(first, text) && !matches(second, text) && text != "abc" && text != "aabb" &&
                          !text.empty() && size >= one.min && (one.max == kUnbounded || size <= one.max);
      EXPECT_EQ(matches(all, text + "."), is_one) << text << " of " << one.has << " without " << one.has_not;
    }
  }
}

TEST(Language, TellsCharactersApart) {
  Language language("test");
  ASSERT_TRUE(language.add(regex_of("^[가-힣\\u{1F600}]+$"), Language::Reach::kWithin, true).ok());
  ASSERT_TRUE(language.exclude({"나", "가가"}).ok());
  const Automaton automaton = written(language);
  for (const char* text : {"가.", "가가가.", "다.", "😀.", "나나."}) EXPECT_TRUE(matches(automaton, text)) << text;
  for (const char* text : {"나.", "가가.", "a.", "."}) EXPECT_FALSE(matches(automaton, text)) << text;
}

TEST(Language, TooManyStatesAreAnError) {
  for (const char* text : {"^(a|b)*a(a|b){14}$", "a.{0,5000}b.{0,5000}c"}) {
    Language language("here");
    ASSERT_TRUE(language.add(regex_of(text), Language::Reach::kWithin, false).ok());
    Grammar grammar;
    int64_t steps = 0;
    const Result<ExprId> texts = language.write(grammar, Regex::plain, grammar.empty(), steps);
    ASSERT_FALSE(texts.ok()) << text;
    EXPECT_THAT(texts.error().to_string(), testing::HasSubstr("here: patterns, lengths"));
    EXPECT_LE(steps, 2 * kMaxLanguageSteps);
  }
}

}  // namespace
}  // namespace malmoi::grammar
