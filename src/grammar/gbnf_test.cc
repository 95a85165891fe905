// GBNF: what is read, what texts it takes, and what is refused with its line.
#include "grammar/gbnf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_growth.h"
#include "grammar/limits.h"
#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Case {
  const char* grammar;
  std::vector<std::string> accepted, refused;
};

void check(const Case& one) {
  SCOPED_TRACE(one.grammar);
  const Automaton automaton = compiled(parse_gbnf(one.grammar));
  for (const std::string& text : one.accepted) EXPECT_TRUE(matches(automaton, text)) << text;
  for (const std::string& text : one.refused) EXPECT_FALSE(matches(automaton, text)) << text;
}

TEST(Gbnf, Expressions) {
  check({"root ::= \"a\" | \"bc\"", {"a", "bc"}, {"", "b", "ab", "abc"}});
  check({"root ::= \"\"", {""}, {"a"}});
  check({"root ::= \"abc\" | \"\" | \"ab\" | \"abd\" | \"ab\" | [x]",
         {"", "ab", "abc", "abd", "x"},
         {"a", "abcd", "abe"}});
  check({"root ::= [a-c]+ [^a-c\\n]", {"abcx", "c가"}, {"abc", "x", "ab\n"}});
  check({"root ::= [a-]", {"a", "-"}, {"b"}});
  check({"root ::= .", {"a", "\n", "가", "😀"}, {"", "ab"}});
  check({"root ::= (\"a\" | \"b\")* \"c\"?", {"", "abba", "abc", "c"}, {"ca"}});
  check({"root ::= [가-힣]{2}", {"한글"}, {"한", "한글자", "ab"}});
  check({"root ::= \"\\x41\\u00e9\\U0001F600\\t\\\"\\\\\"", {"Aé😀\t\"\\"}, {"A"}});
  check({"root ::= [\\x00-\\x1F\\]\\[]", {"]", "[", "\n"}, {"a", "\\"}});
}

TEST(Gbnf, Repeats) {
  check({"root ::= \"ab\"{2,3}", {"abab", "ababab"}, {"ab", "abababab"}});
  check({"root ::= \"a\"{,2}", {"", "a", "aa"}, {"aaa"}});
  check({"root ::= \"a\"{3,} \"b\"", {"aaab", "aaaaaaaaaaaaaaaaaaaaab"}, {"aab"}});
  check({"root ::= (\"a\"{2} | \"b\"){20}",
         {std::string(20, 'b'), std::string(40, 'a')},
         {std::string(19, 'b'), std::string(39, 'a')}});
  check({"root ::= ((\"a\" \",\"?){30} \";\"){2}",
         {std::string(30, 'a') + ";" + std::string(30, 'a') + ";"},
         {std::string(60, 'a') + ";"}});
  // An empty round counts as one that was there.
  check({"root ::= (\"a\"?){2,40}", {"", "a", std::string(40, 'a')}, {std::string(41, 'a')}});
  check({"root ::= ((\"a\"*)*)+ \"b\"", {"b", "aab"}, {"ba"}});
  check({"root ::= [a-z]{1,1000000} \".\"", {"a.", std::string(5000, 'x') + "."}, {"."}});
}

TEST(Gbnf, Rules) {
  check({"root ::= \"(\" root \")\" | \"x\"", {"x", "((x))"}, {"(x", "()"}});
  check({"# comment\nroot ::= list # of items\n\nlist ::= item (\",\" item)*\nitem ::= [0-9]+\n",
         {"1", "12,3"},
         {"", ",", "1,"}});
  check({"root ::= a-b | (\n  \"x\" |\n  \"y\"  # both\n)\na-b ::=\n  \"z\"\n", {"x", "y", "z"}, {"xy"}});
  check({"root ::= \"a\"\n  | \"b\"\n", {"a", "b"}, {"ab"}});
  // Recursion at the end of a rule takes no depth.
  check({"root ::= \"a\" root | \"b\"", {std::string(5000, 'a') + "b"}, {"a"}});
  // Alternatives that never come to an end are left out.
  check({"root ::= \"a\" | \"b\" endless\nendless ::= \"c\" endless", {"a"}, {"bc", "b"}});
}

TEST(Gbnf, ErrorsNameTheLine) {
  struct Wrong {
    const char* grammar;
    const char* line;
    const char* what;
  };
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"root ::= a\n", "grammar:1", "there is no rule 'a'"},
           {"start ::= \"a\"", "grammar", "no rule 'root'"},
           {"root ::= \"a\"\nroot ::= \"b\"", "grammar:2", "twice"},
           {"root ::= \"a\n", "grammar:1", "closing quote"},
           {"root ::= \"x\"\n\nb ::= [a", "grammar:3", "closing bracket"},
           {"root ::= (\"a\"", "grammar:1", "')' was expected"},
           {"root ::= \"a\")", "grammar:1", "unexpected ')'"},
           {"root = \"a\"", "grammar:1", "'::=' was expected"},
           {"\n\nroot ::= \"\\q\"", "grammar:3", "unknown escape"},
           {"root ::= \"\\xZZ\"", "grammar:1", "2 hexadecimal"},
           {"root ::= \"\\uD800\"", "grammar:1", "no Unicode character"},
           {"root ::= [b-a]", "grammar:1", "ends before it begins"},
           {"root ::= \"a\"{3,1}", "grammar:1", "at least 3 and at most 1"},
           {"root ::= \"a\"{9999999999}", "grammar:1", "repetition above"},
           {"root ::= \"a\"{x}", "grammar:1", "a number was expected"},
           {"root ::= <think>", "grammar:1", "tokens by name"},
           {"root ::= \"a\" b ::= \"c\"", "grammar:1", "begins within another"},
           {"* ::= \"a\"", "grammar:1", "a rule was expected"},
           {"root ::= item\nitem ::= item \"a\" | \"b\"", "grammar:1", "'item' begins with itself"},
           {"root ::= a\na ::= [x]? b\nb ::= a \"c\"", "grammar:", "begins with itself"},
           {"root ::= \"a\" root", "grammar:1", "no text is a"},
           {"root ::= \"\xff\"", "grammar", "not UTF-8"}}) {
    EXPECT_THAT(error_of(parse_gbnf(wrong.grammar)), AllOf(HasSubstr(wrong.line), HasSubstr(wrong.what)))
        << wrong.grammar;
  }
}

TEST(Gbnf, HostileTextsAreRefusedInLinearTime) {
  std::string deep = "root ::= " + std::string(100'000, '(');
  EXPECT_THAT(error_of(parse_gbnf(deep)), HasSubstr("groups deeper"));
  std::string nested = "\"a\"";
  for (int i = 0; i < kMaxNesting; ++i) nested = "(" + nested + ")*{2,9}+?";
  EXPECT_EQ(error_of(parse_gbnf("root ::= " + nested)), "");
  EXPECT_THAT(error_of(parse_gbnf("root ::= \"a\"" + std::string(100'000, '*'))),
              HasSubstr("repetitions of a repetition"));
  EXPECT_THAT(error_of(parse_gbnf(std::string(kMaxText + 1, '#'))), HasSubstr("more than"));
  EXPECT_THAT(error_of(parse_gbnf("root ::= " + std::string(1'000'000, '.'))), HasSubstr("states"));
  const double growth = growth_of(
      [](size_t rules) {
        std::string text = "root ::= r0\n";
        for (size_t i = 0; i < rules; ++i)
          text += "r" + std::to_string(i) + " ::= \"a\"? r" + std::to_string(i + 1) + "\n";
        return text + "r" + std::to_string(rules) + " ::= \"b\"\n";
      },
      [](const std::string& text) { error_of(parse_gbnf(text)); }, 2000);
  EXPECT_LT(growth, kSteepestGrowth);
}

// Two ways for each character, which lead to the same place, stay two; with a memory of the way they are too many.
TEST(Gbnf, AmbiguityIsBounded) {
  check({"root ::= (\"a\" | \"a\" | [a-b])* \"c\"", {std::string(3000, 'a') + "c"}, {"a"}});
  const Automaton automaton = compiled(
      parse_gbnf("root ::= x x x x x x x x x x x x x x x x\nx ::= y{0,60} \"b\"?\ny ::= \"a\" | \"a\" z\nz ::= \"a\""));
  Reading reading(automaton);
  bool read = true;
  for (int i = 0; i < 200 && read; ++i) read = reading.read(automaton, "a");
  EXPECT_LE(reading.threads().size(), kMaxThreads);
  if (!read) {
    EXPECT_THAT(reading.status().error().to_string(), HasSubstr("ambiguous"));
  }
}

TEST(Gbnf, NestingIsBounded) {
  const Automaton automaton = compiled(parse_gbnf("root ::= \"(\" root \")\" | \"x\""));
  Reading reading(automaton);
  EXPECT_TRUE(reading.read(automaton, std::string(kMaxDepth, '(')));
  EXPECT_TRUE(reading.status().ok());
  EXPECT_FALSE(reading.read(automaton, "("));
  EXPECT_THAT(reading.status().error().to_string(), HasSubstr("nested deeper"));
  EXPECT_FALSE(reading.can_end());
}

}  // namespace
}  // namespace malmoi::grammar
