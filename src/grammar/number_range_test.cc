// Ranges of numbers, against comparing every number of a grid.
#include "grammar/number_range.h"

#include <gtest/gtest.h>

#include <string>

#include "grammar/regex.h"
#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

Automaton automaton_of(const std::string& regex) {
  return compiled(grammar_of({.kind = chat::Constraint::Kind::kRegex, .text = regex}));
}

std::optional<Bound> bound(const char* text, bool excluded) {
  if (*text == '\0') return {};
  return Bound{*to_decimal(*parse_json(text, "test"), "test"), excluded};
}

bool is_within(const Decimal& value, const std::optional<Bound>& low, const std::optional<Bound>& high) {
  if (low && (compare(value, low->value) < 0 || (low->excluded && compare(value, low->value) == 0))) return false;
  return !high || compare(value, high->value) < 0 || (!high->excluded && compare(value, high->value) == 0);
}

Decimal decimal(const std::string& text) { return *to_decimal(*parse_json(text, "test"), "test"); }

TEST(NumberRange, Decimals) {
  EXPECT_EQ(decimal("-12.50"), (Decimal{true, "12", "5"}));
  EXPECT_EQ(decimal("1e3"), (Decimal{false, "1000", ""}));
  EXPECT_EQ(decimal("2.5e-3"), (Decimal{false, "0", "0025"}));
  EXPECT_EQ(decimal("-0.0"), Decimal{});
  EXPECT_LT(compare(decimal("-2"), decimal("-1.5")), 0);
  EXPECT_LT(compare(decimal("9"), decimal("10")), 0);
  EXPECT_LT(compare(decimal("0.19"), decimal("0.2")), 0);
  EXPECT_FALSE(to_decimal(Json(1e300), "x").ok());
  EXPECT_FALSE(to_decimal(Json("1"), "x").ok());
}

TEST(NumberRange, Integers) {
  for (const char* low_text : {"", "-105", "-100", "-7", "-1", "0", "3", "9", "10", "19", "100", "2.5", "-2.5"})
    for (const char* high_text : {"", "-101", "-7", "-1", "0", "4", "9", "10", "21", "99", "100", "1234", "3.5"})
      for (bool low_excluded : {false, true})
        for (bool high_excluded : {false, true}) {
          const auto low = bound(low_text, low_excluded), high = bound(high_text, high_excluded);
          const std::string regex = integer_range(low, high);
          bool some = false;
          const Automaton automaton = automaton_of(regex.empty() ? "none" : regex);
          for (int value = -1300; value <= 1300; ++value) {
            const bool within = is_within(decimal(std::to_string(value)), low, high);
            some = some || within;
            ASSERT_EQ(matches(automaton, std::to_string(value)), within)
                << value << " in " << low_text << ".." << high_text << " " << regex;
          }
          EXPECT_EQ(regex.empty(), !some);
          EXPECT_FALSE(matches(automaton, "-0"));
          EXPECT_FALSE(matches(automaton, "01"));
        }
}

TEST(NumberRange, Fractions) {
  const std::vector<const char*> ends{"",    "-2",   "-1.25", "-1",   "-0.5", "0",     "0.05",
                                      "0.5", "0.25", "1",     "1.25", "1.3",  "10.101"};
  std::vector<std::string> values;
  for (const char* whole : {"0", "1", "2", "9", "10", "11"})
    for (const char* fraction : {"",     ".0",    ".00",  ".01", ".04", ".05", ".050", ".051", ".1",  ".10",
                                 ".101", ".1010", ".102", ".2",  ".24", ".25", ".250", ".251", ".26", ".29",
                                 ".3",   ".30",   ".31",  ".4",  ".49", ".5",  ".500", ".501", ".9",  ".99"}) {
      values.push_back(std::string(whole) + fraction);
      if (!decimal(values.back()).is_zero()) values.push_back("-" + values.back());
    }
  for (const char* low_text : ends)
    for (const char* high_text : ends)
      for (int excluded = 0; excluded < 4; ++excluded) {
        const auto low = bound(low_text, excluded % 2 == 1), high = bound(high_text, excluded / 2 == 1);
        const std::string regex = number_range(low, high);
        const Automaton automaton = automaton_of(regex.empty() ? "none" : regex);
        for (const std::string& value : values)
          ASSERT_EQ(matches(automaton, value), is_within(decimal(value), low, high))
              << value << " in " << low_text << ".." << high_text << " " << excluded << " " << regex;
      }
}

}  // namespace
}  // namespace malmoi::grammar
