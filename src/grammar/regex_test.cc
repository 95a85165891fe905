// Regular expressions: as whole texts, as a search finds them, and what is refused by name.
#include "grammar/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

using ::testing::HasSubstr;

Result<Grammar> grammar_of_regex(const std::string& text, bool whole) {
  auto regex = Regex::parse(text);
  if (!regex.ok()) return regex.error();
  return whole ? regex->whole_grammar("regex") : regex->within_grammar("regex");
}

void check(const std::string& text, bool whole, const std::vector<std::string>& accepted,
           const std::vector<std::string>& refused) {
  SCOPED_TRACE(text);
  const Automaton automaton = compiled(grammar_of_regex(text, whole));
  for (const std::string& one : accepted) EXPECT_TRUE(matches(automaton, one)) << one;
  for (const std::string& one : refused) EXPECT_FALSE(matches(automaton, one)) << one;
}

TEST(Regex, WholeTexts) {
  check("abc", true, {"abc"}, {"", "ab", "abcd"});
  check("a|bc|", true, {"a", "bc", ""}, {"b", "abc"});
  check("(?:ab)+c?", true, {"ab", "ababc"}, {"", "aab", "abcc"});
  check("(?<year>\\d{4})-(\\d\\d)", true, {"2026-11"}, {"206-11", "2026-1"});
  check("[A-Fa-f0-9]{2,}?", true, {"aF", "009"}, {"a", "g0"});
  check("[^\\d\\s]+", true, {"ab-가"}, {"a b", "a1"});
  check("[\\w.-]+@x", true, {"a_b.c-d@x"}, {"@x", "가@x"});
  check(".", true, {"a", "가"}, {"\n", "\r", "ab"});
  check("\\x41\\u0042\\u{1F600}\\ud83d\\ude00\\t\\.\\/\\-", true, {"AB😀😀\t./-"}, {"AB"});
  check("\\cJ[\\b]\\0", true, {std::string("\n\b\0", 3)}, {"\n"});
  check("^a$", true, {"a"}, {"^a$", "aa"});
  check("(^a|b$)", true, {"a", "b"}, {"ab"});
  check("x{,3}{", true, {"x{,3}{"}, {"xxx"});
  check("a{2}b{0}c{1,2}", true, {"aac", "aacc"}, {"aabc", "aa"});
  check("\\S\\s\\W\\D", true, {"a  a", "가\u3000-x"}, {"a_ a"});
  check("(a|b){100,200}", true, {std::string(100, 'a'), std::string(200, 'b')},
        {std::string(99, 'a'), std::string(201, 'a')});
}

TEST(Regex, Within) {
  check("b", false, {"b", "abc", "\nb"}, {"", "ac"});
  check("^b", false, {"b", "bc"}, {"ab"});
  check("b$", false, {"b", "ab"}, {"ba"});
  check("^b$", false, {"b"}, {"bb", ""});
  check("^(a|b)$", false, {"a", "b"}, {"ab"});
  check("^a|b$", false, {"a", "ax", "xb"}, {"xa", "bx"});
  check("(^a|c)b", false, {"ab", "xcb", "abx"}, {"xab"});
  check("", false, {"", "anything"}, {});
  check("^", false, {"", "anything"}, {});
}

TEST(Regex, ReadingKeepsToItsSteps) {
  const Automaton automaton = compiled(grammar_of_regex("(a|b)*c", true));
  int64_t steps = 0;
  EXPECT_EQ(matches_within(automaton, "abc", steps, 1000), std::optional<bool>(true));
  EXPECT_EQ(matches_within(automaton, "abd", steps, 1000), std::optional<bool>(false));
  EXPECT_EQ(matches_within(automaton, "ab", steps, 1000), std::optional<bool>(false));
  const int64_t taken = steps;
  EXPECT_GT(taken, 8);
  EXPECT_EQ(matches_within(automaton, "abc", steps, taken), std::optional<bool>());
  EXPECT_LE(steps, taken + 10);
}

TEST(Regex, RefusalsNameTheConstructAndThePlace) {
  const std::vector<std::pair<const char*, const char*>> wrong{{"a(?=b)", "regex, character 2: look-ahead (?="},
                                                               {"(?!b)", "look-ahead (?!"},
                                                               {"(?<=b)", "look-behind (?<="},
                                                               {"(?<!b)", "look-behind (?<!"},
                                                               {"(a)\\1", "back-references"},
                                                               {"\\k<a>", "back-references"},
                                                               {"\\bword", "word boundaries (\\b)"},
                                                               {"\\B", "word boundaries"},
                                                               {"\\p{L}", "Unicode properties"},
                                                               {"(?i)a", "groups with flags"},
                                                               {"a^b", "anchor ^ within"},
                                                               {"(a$)b", "anchor $ within"},
                                                               {"(^a)*", "anchor ^ within"},
                                                               {"(a", "without its ')'"},
                                                               {"가)", "character 2: a ')'"},
                                                               {"[a", "without its ']'"},
                                                               {"[b-a]", "ends before"},
                                                               {"[\\d-z]", "whose end is a class"},
                                                               {"*a", "nothing stands before '*'"},
                                                               {"a**", "of a repetition"},
                                                               {"{2}", "nothing stands before '{'"},
                                                               {"a{3,2}", "ends before it begins"},
                                                               {"a{9999999999}", "repetition above"},
                                                               {"\\", "a '\\' at the end"},
                                                               {"\\q", "an unknown escape \\q"},
                                                               {"\\c{", "\\c takes a letter"},
                                                               {"\\c가", "\\c takes a letter"},
                                                               {"\\u{110000}", "without the digits"},
                                                               {"\\ud800", "without the digits"},
                                                               {"(?<a", "without its '>'"},
                                                               {"[]", "no text is a"}};
  for (const auto& [text, what] : wrong) EXPECT_THAT(error_of(grammar_of_regex(text, true)), HasSubstr(what)) << text;
  EXPECT_THAT(error_of(grammar_of_regex(std::string(100'000, '('), true)), HasSubstr("groups deeper"));
}

TEST(Regex, Lengths) {
  auto lengths = [](const char* text) {
    const TextLengths found = Regex::parse(text)->lengths();
    return std::pair(found.min, found.max);
  };
  using Pair = std::pair<int64_t, int64_t>;
  EXPECT_EQ(lengths("a(bc|d){2,3}"), Pair(3, 7));
  EXPECT_EQ(lengths("^a*$"), Pair(0, kUnbounded));
  EXPECT_EQ(lengths("(|abc)"), Pair(0, 3));
  EXPECT_EQ(lengths("(){5,}"), Pair(0, 0));
  EXPECT_TRUE(Regex::parse("^(a|b)$")->is_anchored());
  EXPECT_TRUE(Regex::parse("^a$|^b$")->is_anchored());
  EXPECT_FALSE(Regex::parse("^a|b$")->is_anchored());
  EXPECT_NE(Regex::parse("^[a-z]+$")->single_repeat(), nullptr);
  EXPECT_EQ(Regex::parse("^[a-z]+x$")->single_repeat(), nullptr);
}

}  // namespace
}  // namespace malmoi::grammar
