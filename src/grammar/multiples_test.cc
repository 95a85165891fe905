// Multiples of numbers within bounds, against dividing every number of a grid.
#include "grammar/multiples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

constexpr int64_t kParts = 1000;  // of 1, in which the numbers of the grid are told

Decimal decimal_of(const std::string& text) { return *to_decimal(*parse_json(text, "test"), "test"); }
int64_t in_parts(const std::string& text) { return std::llround(std::strtod(text.c_str(), nullptr) * kParts); }

std::vector<std::string> grid() {
  std::vector<std::string> out;
  for (int i = -105; i <= 105; ++i) {
    const std::string sign = i < 0 ? "-" : "", whole = sign + std::to_string(std::abs(i));
    out.push_back(whole);
    for (const char* fraction : {".5", ".25", ".1"}) out.push_back(whole + fraction);
  }
  return out;
}

TEST(Multiples, OfAGrid) {
  const std::vector<std::string> numbers = grid();
  for (const char* step : {"1", "7", "12", "100", "0.25", "0.1", "1.5"})
    for (const char* low : {"", "-100", "-1.5", "3"})
      for (const char* high : {"", "-2.25", "0", "20.1"})
        for (bool excluded : {false, true}) {
          SCOPED_TRACE(std::string(low) + " .. " + high + " by " + step + (excluded ? " without the ends" : ""));
          Multiples wanted{.step = decimal_of(step)};
          if (*low) wanted.low = Bound{decimal_of(low), excluded};
          if (*high) wanted.high = Bound{decimal_of(high), excluded};
          Grammar grammar;
          const RuleId root = grammar.add_rule("root", "test");
          const Result<ExprId> body = multiples(grammar, wanted, "test");
          if (body.ok()) {
            grammar.define(root, *body);
            grammar.set_root(root);
          }
          const Result<Automaton> automaton = body.ok() ? Automaton::compile(grammar) : Result<Automaton>(body.error());
          const size_t places = wanted.step.fraction.size();
          for (const std::string& number : numbers) {
            const int64_t value = in_parts(number);
            const bool above = !*low || value > in_parts(low) || (!excluded && value == in_parts(low));
            const bool below = !*high || value < in_parts(high) || (!excluded && value == in_parts(high));
            const size_t point = number.find('.');
            const bool short_enough = point == std::string::npos || number.size() - point - 1 <= places;
            const bool is_one = above && below && short_enough && value % in_parts(step) == 0 && number != "-0";
            ASSERT_EQ(automaton.ok() && matches(*automaton, number), is_one) << number;
          }
        }
}

TEST(Multiples, OfLargeSteps) {
  Grammar grammar;
  EXPECT_TRUE(multiples(grammar, {.step = decimal_of("1000000")}, "test").ok());
  EXPECT_TRUE(multiples(grammar, {.step = decimal_of("1024")}, "test").ok());
  EXPECT_FALSE(multiples(grammar, {.step = decimal_of("1025")}, "test").ok());
  // The whole multiples of 2.5 are those of 5.
  EXPECT_TRUE(multiples(grammar, {.step = decimal_of("2.5"), .whole = true}, "test").ok());
  EXPECT_FALSE(multiples(grammar, {.step = decimal_of("10000"), .wanted = false}, "test").ok());
}

}  // namespace
}  // namespace malmoi::grammar
