// Marks in a text: which comes next, and how much of the text is looked at for it.
#include "base/mark_finder.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace malmoi {
namespace {

constexpr std::array<std::string_view, 3> kMarks = {"<a>", "<ab>", "<a"};

TEST(MarkFinders, GiveTheNextMarkAndTheFirstOfSeveral) {
  const std::string text = "x<ab>y<a><a>";
  MarkFinder finder(text, kMarks);
  auto expect = [&](size_t from, size_t at, size_t mark) {
    const MarkFinder::Found found = finder.next(from);
    EXPECT_EQ(found.at, at) << from;
    EXPECT_EQ(found.mark, mark) << from;
  };
  expect(0, 1, 1);
  expect(1, 1, 1);
  expect(2, 6, 0);
  expect(9, 9, 0);
  expect(10, std::string::npos, 0);
  expect(text.size(), std::string::npos, 0);
  MarkFinder none("", kMarks);
  EXPECT_EQ(none.next(0).at, std::string::npos);
}

// One mark a great many times, the others nowhere: a search from each of them on would look at the text's square.
TEST(MarkFinders, LookAtTheTextOnceForEachMark) {
  constexpr size_t kTimes = 100'000;
  std::string text;
  for (size_t i = 0; i < kTimes; ++i) text += "-<ab";
  constexpr std::array<std::string_view, 4> kSome = {"<c>", "<ab", "Human:", "</c>"};
  MarkFinder finder(text, kSome);
  size_t times = 0;
  for (size_t at = finder.next(0).at; at != std::string::npos; at = finder.next(at + 1).at) ++times;
  EXPECT_EQ(times, kTimes);
  EXPECT_LE(finder.looked_at(), 5 * text.size());
}

}  // namespace
}  // namespace malmoi
