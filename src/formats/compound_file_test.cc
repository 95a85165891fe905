#include "formats/compound_file.h"

#include <gtest/gtest.h>

#include "formats/test_compound_file.h"

namespace malmoi::formats {
namespace {

const std::string kLarge = [] {
  std::string bytes;
  while (bytes.size() < 100'000) bytes += std::to_string(bytes.size()) + " ";
  return bytes;
}();

TEST(CompoundFile, StreamsSmallAndLarge) {
  TestCompoundFile made({{"FileHeader", "small"},
                         {"Body/One", kLarge},
                         {"Body/Two", std::string(4096, 'x')},
                         {"Body/Three", std::string(200, 'y')},
                         {"Empty", ""}});
  auto file = CompoundFile::parse(made.bytes(), "test");
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  EXPECT_EQ(*file->read("FileHeader"), "small");
  EXPECT_EQ(*file->read("Body/One"), kLarge);
  EXPECT_EQ(*file->read("Body/Two"), std::string(4096, 'x'));
  EXPECT_EQ(*file->read("Body/Three"), std::string(200, 'y'));
  EXPECT_EQ(*file->read("Empty"), "");
  EXPECT_EQ(file->paths().size(), 5u);
  EXPECT_FALSE(file->read("One").ok());
}

// Every byte of the header, the tables and the directory overwritten: an error or a stream, and an end.
TEST(CompoundFile, DamageIsAnErrorNotAnEndlessWalk) {
  const std::string made = TestCompoundFile({{"FileHeader", "small"}, {"Body/One", std::string(5000, 'x')}}).bytes();
  for (size_t at = 0; at < made.size(); at += at < 512 || at > 6000 ? 1 : 97) {
    for (char value : {'\0', '\1', '\xFF'}) {
      std::string damaged = made;
      damaged[at] = value;
      auto file = CompoundFile::parse(damaged, "test");
      if (!file.ok()) continue;
      for (const std::string& path : file->paths()) {
        auto bytes = file->read(path);
        EXPECT_LE(bytes.ok() ? bytes->size() : 0, damaged.size());
      }
    }
  }
  for (size_t size = 0; size < made.size(); size += 100) {
    auto file = CompoundFile::parse(std::string_view(made).substr(0, size), "test");
    if (file.ok()) (void)file->read("Body/One");
  }
}

// Sectors that follow each other in a ring.
TEST(CompoundFile, ARingOfSectors) {
  std::string made = TestCompoundFile({{"One", std::string(5000, 'x')}}).bytes();
  size_t table = made.size() - 512;
  for (size_t i = 0; i < 8; ++i) made.replace(table + 4 * i, 4, little_endian<uint32_t>(0));
  auto file = CompoundFile::parse(made, "test");
  EXPECT_TRUE(!file.ok() || !file->read("One").ok() || file->read("One")->size() == 5000);
}

}  // namespace
}  // namespace malmoi::formats
