// Tests of base/: errors, files, UTF-8, random numbers, configurations, threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>
#include <vector>

#include "base/ascii.h"
#include "base/config.h"
#include "base/file.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/percent.h"
#include "base/rng.h"
#include "base/utc.h"
#include "base/utf8.h"

namespace malmoi {
namespace {

TEST(Utf8, ReplacesOnePerMaximalIllFormedPart) {
  EXPECT_EQ(replace_invalid_utf8("a\xE3\x81z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(replace_invalid_utf8("\xF0\x80\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(replace_invalid_utf8("말모이"), "말모이");
}

TEST(Utf8, CompletePrefixHoldsBackUnfinishedCharacters) {
  EXPECT_EQ(complete_utf8_prefix("말\xEB\xAA"), 3u);
  EXPECT_EQ(complete_utf8_prefix("말모"), 6u);
  EXPECT_EQ(complete_utf8_prefix("\xEB\x41"), 2u) << "a broken part cannot be completed";
  EXPECT_EQ(complete_utf8_prefix("\xF0\x9F\x98"), 0u);
}

TEST(Percent, EscapesThereAndBack) {
  EXPECT_EQ(percent_decode("%EB%A7%90%eb%aa%a8%EC%9D%B4"), "말모이");
  EXPECT_EQ(percent_decode("org%2Fmodel/x"), "org/model/x");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
  EXPECT_EQ(percent_decode("%41"), "A");
  EXPECT_EQ(percent_decode("se%40cret%"), "se@cret%");
  EXPECT_EQ(percent_encode("a b~/한?", is_unreserved), "a%20b~%2F%ED%95%9C%3F");
}

TEST(Rng, PhiloxKnownAnswers) {  // Random123's kat_vectors, philox4x32 10
  EXPECT_EQ(philox(0, 0, 0), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox(~0ull, ~0ull, ~0ull), (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Rng, PositionRestoresTheStream) {
  Rng a(7, 3);
  for (int i = 0; i < 13; ++i) a.next_u32();
  Rng b(7, 3);
  b.set_position(a.position());
  for (int i = 0; i < 9; ++i) EXPECT_EQ(a.next_u32(), b.next_u32());
}

TEST(Parallel, CoversEachIndexOnceAndNests) {
  std::vector<int> hits(10007, 0);
  parallel_for(10007, 16, [&](int64_t begin, int64_t end) {
    parallel_for(end - begin, 1, [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) ++hits[static_cast<size_t>(begin + i)];
    });
  });
  EXPECT_THAT(hits, testing::Each(1));
}

TEST(Config, UnknownKeyNamesTheNearest) {
  auto document = parse_config("train:\n  stesp: 5\n", "a.yaml");
  ASSERT_TRUE(document.ok());
  ConfigReader reader(*document);
  ConfigReader train = reader.object("train");
  train.integer("steps", 1);
  Status status = train.finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().to_string(), "a.yaml:2: train.stesp: unknown key 'stesp'; did you mean 'steps'?");
}

TEST(Config, TheBeginningOfAWordIsNearerThanAWordOfItsLength) {
  EXPECT_EQ(nearest_word("temp", {"help", "top-p", "temperature"}), "temperature");
  EXPECT_EQ(nearest_word("--temp", {"--help", "--top-p", "--temperature"}), "--temperature");
  EXPECT_EQ(nearest_word("--t", {"--to", "--temperature"}), "--to");
  EXPECT_EQ(nearest_word("zzz", {"help", "temperature"}), "");
}

TEST(Config, ScalarsEnvironmentAndOverrides) {
  setenv("MALMOI_TEST_NAME", "x y", 1);
  auto document = parse_config("a: 1e-3\nb: '5'\nc: ${MALMOI_TEST_NAME}\nd: ${MALMOI_NOT_SET:-7}\ne: no\n", "f");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->root["a"], 1e-3);
  EXPECT_EQ(document->root["b"], "5");
  EXPECT_EQ(document->root["c"], "x y");
  EXPECT_EQ(document->root["d"], 7);
  EXPECT_EQ(document->root["e"], "no");
  ASSERT_TRUE(override_config(*document, "g.h=[1, 2]").ok());
  EXPECT_EQ(document->root["g"]["h"], Json({1, 2}));
  EXPECT_FALSE(parse_config("a: ${MALMOI_NOT_SET}", "f").ok());
  EXPECT_FALSE(parse_config("a: [1, 2", "f").ok());
  EXPECT_FALSE(parse_config("a: 1\na: 2", "f").ok());
}

// The parser makes hundreds of bytes of each one of these before it tells of anything.
TEST(Config, LargeAndDeepOnesAreErrorsBeforeTheyTakeMemory) {
  std::string large = "a: [";
  while (large.size() < (2 << 20)) large += "a,";
  auto too_large = parse_config(large + "]", "f");
  ASSERT_FALSE(too_large.ok());
  EXPECT_NE(too_large.error().to_string().find("is larger than"), std::string::npos) << too_large.error().to_string();
  auto too_deep = parse_config("a: " + std::string(100'000, '['), "f");
  ASSERT_FALSE(too_deep.ok());
  EXPECT_EQ(too_deep.error().to_string(), "f:1: nested too deeply");
}

TEST(File, APathThatTheSystemCannotLookAtDoesNotExist) {
  EXPECT_TRUE(exists("/"));
  EXPECT_FALSE(exists(""));
  EXPECT_FALSE(exists(std::string(5000, 'a'))) << "longer than any path";
  EXPECT_FALSE(exists("/" + std::string(300, 'a'))) << "longer than any name";
}

TEST(File, AtomicWriteLeavesOldFileUntilCommit) {
  Path path = Path(testing::TempDir()) / "malmoi_atomic";
  ASSERT_TRUE(write_file(path, "old").ok());
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("new").ok());
    EXPECT_EQ(*read_file(path), "old");
  }
  EXPECT_EQ(*read_file(path), "old") << "uncommitted content must vanish";
  EXPECT_EQ(read_file(path.string() + ".none").error().code, ErrorCode::kNotFound);
}

TEST(Json, RefusesHostileNestingAndReportsThePlace) {
  EXPECT_FALSE(parse_json(std::string(100000, '['), "x").ok());
  auto number = parse_json("[" + std::string(100000, '1') + "]", "x.json");
  ASSERT_FALSE(number.ok());
  EXPECT_LT(number.error().to_string().size(), 200u);  // the number is not repeated
  auto result = parse_json("{\"a\": 1,\n oops}", "x.json");
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().to_string(), testing::HasSubstr("line 2"));
}

TEST(Ascii, LettersAndSpaceAlone) {
  EXPECT_EQ(ascii_lower("ABC Ä가Z["), "abc Ä가z[");
  EXPECT_EQ(ascii_trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(ascii_trim("\u00a0x"), "\u00a0x");
  EXPECT_EQ(ascii_trim(" \n"), "");
}

TEST(Utc, MomentsAreToldToTheMicrosecond) {
  using std::chrono::microseconds;
  const auto begin = std::chrono::system_clock::from_time_t(0);
  EXPECT_EQ(utc_text(begin + microseconds(5'000'250)), "1970-01-01T00:00:05.000250Z");
  EXPECT_EQ(utc_text(begin - microseconds(1)), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace malmoi
