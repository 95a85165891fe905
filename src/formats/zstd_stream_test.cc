// Tests of the byte and line streams: round trips, several frames, damage, long lines.
#include "formats/zstd_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malmoi::formats {
namespace {

Path temporary(const std::string& name) { return Path(testing::TempDir()) / ("malmoi_zstd_" + name); }

Result<std::vector<std::string>> lines_of(const Path& path, size_t limit = 1 << 30) {
  MALMOI_ASSIGN(LineReader reader, LineReader::open(path, limit));
  std::vector<std::string> lines;
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(line));
    if (!more) return lines;
    lines.emplace_back(line);
  }
}

TEST(ZstdStream, LinesReadBackPlainAndCompressed) {
  std::vector<std::string> expected;
  std::string all;
  for (int i = 0; i < 60000; ++i) {
    expected.push_back("말모이 " + std::to_string(i) + std::string(i % 97, 'a' + i % 26));
    all += expected.back() + "\n";
  }
  expected.push_back("");
  expected.push_back(std::string(3 << 20, 'z'));  // longer than any buffer, and without a line break
  all += "\n" + expected.back();
  ASSERT_TRUE(write_file(temporary("plain.txt"), all).ok());
  auto writer = ZstdWriter::create(temporary("packed.zst"));
  ASSERT_TRUE(writer.ok());
  for (size_t at = 0; at < all.size(); at += 70001)
    ASSERT_TRUE(writer->write(std::string_view(all).substr(at, 70001)).ok());
  EXPECT_EQ(writer->size(), all.size());
  ASSERT_TRUE(writer->commit().ok());
  EXPECT_EQ(writer->compressed_size(), std::filesystem::file_size(temporary("packed.zst")));
  EXPECT_LT(writer->compressed_size(), all.size() / 4);
  EXPECT_EQ(*lines_of(temporary("plain.txt")), expected);
  EXPECT_EQ(*lines_of(temporary("packed.zst")), expected);
}

TEST(ZstdStream, EmptyFilesHaveNoLines) {
  ASSERT_TRUE(write_file(temporary("empty"), "").ok());
  EXPECT_TRUE(lines_of(temporary("empty"))->empty());
  auto writer = ZstdWriter::create(temporary("empty.zst"));
  ASSERT_TRUE(writer->commit().ok());
  EXPECT_TRUE(lines_of(temporary("empty.zst"))->empty());
}

TEST(ZstdStream, FramesFollowOneAnother) {
  std::string skippable("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  ASSERT_TRUE(write_file(temporary("frames.zst"), zstd_compress("a\nb") + skippable + zstd_compress("c\nd\n")).ok());
  EXPECT_THAT(*lines_of(temporary("frames.zst")), testing::ElementsAre("a", "bc", "d"));
}

TEST(ZstdStream, DamageAndTruncationAreErrors) {
  std::string noise;
  for (uint64_t i = 0, x = 1; i < 400000; ++i) noise += static_cast<char>((x = x * 6364136223846793005u + 1) >> 56);
  std::string packed = zstd_compress(noise);
  EXPECT_EQ(*zstd_decompress(packed, 1 << 20, "f"), noise);
  EXPECT_FALSE(zstd_decompress(packed, noise.size() - 1, "f").ok());
  for (size_t size : {packed.size() - 1, packed.size() / 2, size_t{5}})
    EXPECT_FALSE(zstd_decompress(packed.substr(0, size), 1 << 20, "f").ok()) << size;
  EXPECT_FALSE(zstd_decompress(packed + "junk", 1 << 20, "f").ok());
  EXPECT_FALSE(zstd_decompress("plain", 1 << 20, "f").ok());
  ASSERT_TRUE(write_file(temporary("half.zst"), packed.substr(0, packed.size() / 2)).ok());
  EXPECT_THAT(lines_of(temporary("half.zst")).error().to_string(), testing::HasSubstr("half.zst: byte "));
  ASSERT_TRUE(write_file(temporary("text.zst"), "plain text").ok());
  EXPECT_THAT(lines_of(temporary("text.zst")).error().to_string(), testing::HasSubstr("not zstd-compressed"));
}

TEST(ZstdStream, LinesAboveTheLimitAreNamed) {
  ASSERT_TRUE(write_file(temporary("long"), "12\n123\n1234\n").ok());
  auto result = lines_of(temporary("long"), 3);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().to_string(), testing::HasSubstr("long:3: the line is longer than 3 bytes"));
}

TEST(ZstdStream, AnUncommittedWriterLeavesNothing) {
  std::filesystem::remove(temporary("gone.zst"));
  { ASSERT_TRUE(ZstdWriter::create(temporary("gone.zst"))->write("x").ok()); }
  EXPECT_FALSE(std::filesystem::exists(temporary("gone.zst")));
}

}  // namespace
}  // namespace malmoi::formats
