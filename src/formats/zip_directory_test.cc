// Tests of the zip directory: archives with 32-bit and 64-bit offsets, and fields that lie.
#include "formats/zip_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/test_zip.h"

namespace malmoi::formats {
namespace {

using testing::HasSubstr;

const std::vector<std::pair<std::string, std::string>> kMembers = {{"b/two", "22"}, {"a", ""}, {"b/one", "first"}};

std::string zip_error(const std::string& file, std::string_view member = "b/one") {
  auto zip = ZipDirectory::parse(file, "f");
  if (!zip.ok()) return zip.error().to_string();
  auto bytes = zip->bytes(member);
  return bytes.ok() ? "" : bytes.error().to_string();
}

// `file` with `bytes` written at `offset` after the last `mark`.
std::string changed(std::string file, const std::string& mark, size_t offset, const std::string& bytes) {
  size_t at = file.rfind(mark);
  EXPECT_NE(at, std::string::npos);
  return file.replace(at + offset, bytes.size(), bytes);
}

TEST(ZipDirectory, FindsMembersInSmallAndLargeArchives) {
  for (bool zip64 : {false, true}) {
    std::string file = zip_of(kMembers, zip64);
    auto zip = ZipDirectory::parse(file, "f");
    ASSERT_TRUE(zip.ok()) << zip.error().to_string();
    EXPECT_EQ(zip->members().size(), 3u);
    EXPECT_EQ(*zip->bytes("a"), "");
    EXPECT_EQ(*zip->bytes("b/one"), "first");
    EXPECT_EQ(*zip->bytes("b/two"), "22");
    EXPECT_EQ(zip->find("b"), nullptr);
    EXPECT_THAT(zip->bytes("b").error().to_string(), HasSubstr("no member 'b'"));
  }
}

TEST(ZipDirectory, ReadsPastAComment) {
  std::string file = changed(zip_of(kMembers), "PK\5\6", 20, little_endian<uint16_t>(7)) + "comment";
  EXPECT_EQ(zip_error(file), "");
  EXPECT_THAT(zip_error(file + "x"), HasSubstr("no directory"));
}

TEST(ZipDirectory, EveryCutIsAnError) {
  for (bool zip64 : {false, true}) {
    std::string file = zip_of(kMembers, zip64);
    for (size_t size = 0; size < file.size(); ++size) EXPECT_NE(zip_error(file.substr(0, size)), "") << size;
  }
}

TEST(ZipDirectory, RefusesWhatLies) {
  std::string small = zip_of(kMembers), large = zip_of(kMembers, true);
  EXPECT_THAT(zip_error(changed(small, "PK\5\6", 16, little_endian<uint32_t>(9'999))),
              HasSubstr("does not lie before"));
  EXPECT_THAT(zip_error(changed(small, "PK\5\6", 12, little_endian<uint32_t>(~0u))), HasSubstr("does not lie before"));
  EXPECT_THAT(zip_error(changed(small, "PK\5\6", 16, little_endian<uint32_t>(1))), HasSubstr("no entry"));
  EXPECT_THAT(zip_error(changed(large, "PK\6\7", 8, little_endian<uint64_t>(~0ull))), HasSubstr("zip64 record"));
  EXPECT_THAT(zip_error(changed(large, "PK\6\6", 48, little_endian<uint64_t>(~0ull))),
              HasSubstr("does not lie before"));
  EXPECT_THAT(zip_error(changed(small, "PK\1\2", 28, little_endian<uint16_t>(65535))),
              HasSubstr("beyond the directory"));
  EXPECT_THAT(zip_error(changed(small, "PK\1\2", 20, little_endian<uint32_t>(~0u))), HasSubstr("has no sizes"));
  EXPECT_THAT(zip_error(changed(small, "PK\1\2", 10, little_endian<uint16_t>(8))), HasSubstr("compressed"));
  EXPECT_THAT(zip_error(changed(small, "PK\1\2", 8, little_endian<uint16_t>(1))), HasSubstr("encrypted"));
  EXPECT_THAT(zip_error(changed(small, "PK\1\2", 20, little_endian<uint64_t>(0x0fffffff0fffffff))),
              HasSubstr("reaches beyond the file"));
  EXPECT_THAT(zip_error(changed(small, "PK\1\2", 42, little_endian<uint32_t>(~0u - 1))), HasSubstr("is not at byte"));
  EXPECT_THAT(zip_error(changed(small, "PK\1\2", 42, little_endian<uint32_t>(0))), HasSubstr("another name"));
  EXPECT_THAT(zip_error(changed(small, "PK\3\4", 0, "PK\3\5")), HasSubstr("is not at byte"));
  EXPECT_THAT(zip_error(changed(small, "PK\3\4", 28, little_endian<uint16_t>(65535))), HasSubstr("beyond the file"));
  EXPECT_THAT(zip_error(zip_of({{"x", "1"}, {"x", "2"}})), HasSubstr("stands twice"));
  EXPECT_THAT(zip_error("PK"), HasSubstr("no directory"));
}

}  // namespace
}  // namespace malmoi::formats
