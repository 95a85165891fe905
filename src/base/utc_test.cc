#include "base/utc.h"

#include <gtest/gtest.h>

namespace malmoi {
namespace {

TEST(Utc, MomentsReadBackAsTheyWerePrinted) {
  for (int64_t seconds : {int64_t{0}, int64_t{951827696}, int64_t{1795770874}, int64_t{4102444800}})
    EXPECT_EQ(parse_utc(utc_text(seconds)), seconds) << utc_text(seconds);
  EXPECT_EQ(parse_utc("1970-01-02"), 86400);
  EXPECT_EQ(parse_utc("2024-02-29"), 1709164800);
}

TEST(Utc, OtherTextsAreNoMoments) {
  for (const char* text :
       {"", "2026", "2026-11-7", "2026-13-01", "2026-00-10", "2025-02-29", "2026-11-31", "2026/11/27",
        "2026-11-27T08:14:34", "2026-11-27T08:14:60Z", "2026-11-27T24:00:00Z", "2026-11-27 08:14:34Z", "+026-11-27",
        "2026-11-27T-8:14:34Z", "2026-11-27x08:14:34Z", "tomorrow!!"})
    EXPECT_FALSE(parse_utc(text)) << text;
}

}  // namespace
}  // namespace malmoi
