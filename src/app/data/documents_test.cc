// What learns from texts reads files as `data build` does.
#include "app/data/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/data/extract.h"
#include "base/test_folder.h"
#include "formats/zstd_stream.h"

namespace malmoi::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Texts = std::vector<std::string>;

class DocumentsTest : public ::testing::Test {
 protected:
  void SetUp() override { folder_ = test_folder("malmoi_documents"); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Path put(const std::string& name, std::string_view content) {
    EXPECT_TRUE(write_file(folder_ / name, content).ok());
    return folder_ / name;
  }
  Texts all(const std::vector<Path>& paths, data::ReaderOptions reader = {}) {
    warnings_.clear();
    Texts texts;
    auto documents =
        Documents::open(paths, "train", reader, [&](const std::string& line) { warnings_.push_back(line); });
    EXPECT_TRUE(documents.ok());
    for (data::Document document; documents.ok();) {
      auto more = documents->next(document);
      EXPECT_TRUE(more.ok());
      if (!more.ok() || !*more) break;
      texts.push_back(document.text);
    }
    skipped_ = documents.ok() ? documents->skipped() : 0;
    return texts;
  }
  static data::ReaderOptions in_parts(size_t bytes, bool lines = false) {
    data::ReaderOptions reader;
    reader.text_part_bytes = bytes;
    reader.text_lines = lines;
    return reader;
  }
  Path folder_;
  Texts warnings_;
  uint64_t skipped_ = 0;
};

TEST_F(DocumentsTest, EveryFormatAndEncodingOfAFolder) {
  put("a.jsonl", "{\"text\": \"\xc7\xd1\xb1\xdb \xb9\xae\xc0\xe5\"}\n");
  put("b.csv", "id,text\n1,cell of a table\n");
  put("c.jsonl.zst", formats::zstd_compress("{\"text\": \"넷\"}\n"));
  put("d.txt", "\xbe\xc8\xb3\xe7\xc7\xcf\xbc\xbc\xbf\xe4");
  put("image.png", "no text");
  EXPECT_THAT(all({folder_}, in_parts(1 << 16)), ElementsAre("한글 문장", "cell of a table", "넷", "안녕하세요\n"));
  EXPECT_EQ(skipped_, 0u);
}

TEST_F(DocumentsTest, LargeTextComesInPartsThatJoinToTheWhole) {
  std::string whole;
  for (int i = 0; i < 3000; ++i) whole += (i % 3 ? "line " : "\n  indented ") + std::to_string(i) + "\n";
  Texts parts = all({put("long.txt", whole)}, in_parts(1000));
  EXPECT_GT(parts.size(), 10u);
  std::string joined;
  for (const std::string& part : parts) {
    joined += part;
    EXPECT_NE(part[0], ' ');
    EXPECT_TRUE(&part == parts.data() || part[0] != '\n');
  }
  EXPECT_EQ(joined, whole);
}

TEST_F(DocumentsTest, LinesOfPlainText) {
  EXPECT_THAT(all({put("a.txt", "가\n\n나\r\n")}, in_parts(0, true)), ElementsAre("가", "나"));
  EXPECT_THAT(all({put("b.txt", std::string("\xFF\xFE"
                                            "a\0\n\0"
                                            "b\0",
                                            8))},
                  in_parts(0, true)),
              ElementsAre("a", "b"));
}

TEST_F(DocumentsTest, WhatCannotBeReadIsSaidAndPassedOver) {
  put("bad.jsonl", "{\"text\": \"a\"}\n{\"text\": 3}\n{\"text\": \"b\"}\n");
  put("noise.txt", std::string("\0\1\2\3\0\5\6\7\0\1\2\3\0\5\6\7\0\1\2\3", 20));
  EXPECT_THAT(all({folder_}, in_parts(1 << 16)), ElementsAre("a", "b"));
  EXPECT_EQ(skipped_, 2u);
  ASSERT_EQ(warnings_.size(), 2u);
  EXPECT_THAT(warnings_[0], HasSubstr("bad.jsonl#2"));
  EXPECT_THAT(warnings_[1], HasSubstr("noise.txt"));
  EXPECT_FALSE(Documents::open({folder_ / "none"}, "", {}, {}).ok());
}

class ExtractTest : public DocumentsTest {
 protected:
  Result<DataExtractCounts> extract(const std::vector<std::string>& files) {
    lines_.clear();
    return data_extract({.files = files}, [&](const Json& line) { lines_.push_back(line); });
  }
  std::vector<Json> lines_;
};

TEST_F(ExtractTest, AMissingFileDoesNotStopTheOthers) {
  std::string here = put("here.txt", "a text of a file").string(), gone = (folder_ / "gone.txt").string();
  auto counts = extract({gone, here});
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->documents, 1u);
  EXPECT_EQ(counts->failed, 1u);
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0]["dropped"], "read.unreadable");
  EXPECT_EQ(lines_[0]["path"], gone);
  EXPECT_EQ(lines_[1]["text"], "a text of a file");
  EXPECT_FALSE(extract({gone, gone}).ok()) << "nothing is there at all";
}

TEST_F(ExtractTest, AnEmptyFolderIsSaid) {
  auto counts = extract({folder_.string()});
  ASSERT_TRUE(counts.ok());
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0]["dropped"], "read.empty");
  EXPECT_EQ(lines_[0]["detail"], "there is no file in the folder");
}

// A name that says "no document" counts in a folder, not for what was named by hand.
TEST_F(ExtractTest, WhatIsNamedIsRead) {
  ASSERT_TRUE(extract({put("notes.dat", "notes of a meeting, kept under an odd name").string()}).ok());
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0].value("dropped", ""), "");
  auto counts =
      extract({put("picture.png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1", 24)).string()});
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->failed, 1u);
}

}  // namespace
}  // namespace malmoi::app
