#include "formats/text_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/zstd_stream.h"

namespace malmoi::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TextSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / "malmoi_text_source";
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(make_folder(folder_).ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Path put(const std::string& name, std::string_view content) {
    EXPECT_TRUE(write_file(folder_ / name, content).ok());
    return folder_ / name;
  }
  static std::vector<std::string> all(const std::vector<Path>& paths, TextSourceOptions options = {}) {
    auto source = TextFiles::open(paths, options);
    EXPECT_TRUE(source.ok());
    std::vector<std::string> texts;
    for (std::string text;;) {
      auto more = source->next(text);
      EXPECT_TRUE(more.ok());
      if (!more.ok() || !*more) return texts;
      texts.push_back(text);
    }
  }
  Path folder_;
};

TEST_F(TextSourceTest, FolderHasTextAndJsonLinesByPath) {
  put("b.txt", "가\n나\n");
  put("a.jsonl", "{\"text\": \"하나\\n둘\"}\n\n{\"id\": 1, \"text\": \"셋\"}\n");
  put("c.jsonl.zst", zstd_compress("{\"text\": \"넷\"}\n"));
  put("image.png", "no text");
  EXPECT_THAT(all({folder_}), ElementsAre("하나\n둘", "셋", "가\n나\n", "넷"));
  EXPECT_THAT(all({folder_ / "b.txt"}, {.lines = true}), ElementsAre("가", "나"));
}

TEST_F(TextSourceTest, LargeTextComesInPartsThatJoinToTheWhole) {
  std::string whole;
  for (int i = 0; i < 3000; ++i) whole += (i % 3 ? "line " : "\n  indented ") + std::to_string(i) + "\n";
  std::vector<std::string> parts = all({put("long.txt", whole)}, {.part_bytes = 1000});
  EXPECT_GT(parts.size(), 10u);
  std::string joined;
  for (const std::string& part : parts) {
    joined += part;
    EXPECT_NE(part[0], ' ');
    EXPECT_TRUE(&part == parts.data() || part[0] != '\n');
  }
  EXPECT_EQ(joined, whole);
}

TEST_F(TextSourceTest, ErrorsNameTheLine) {
  Path file = put("bad.jsonl", "{\"text\": \"a\"}\n{\"text\": 3}\n");
  auto source = TextFiles::open({file});
  ASSERT_TRUE(source.ok());
  std::string text;
  ASSERT_TRUE(source->next(text).ok());
  auto second = source->next(text);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().to_string(), HasSubstr("bad.jsonl:2"));
  EXPECT_FALSE(TextFiles::open({folder_ / "none"}).ok());
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_FALSE(TextFiles::open({folder_ / "empty"}).ok());
}

}  // namespace
}  // namespace malmoi::formats
