#include "data/corpus.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "data/token_file.h"

namespace malmoi::data {
namespace {

Path scratch(const std::string& name) {
  Path folder = Path(testing::TempDir()) / ("malmoi_corpus_" + name);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(Corpus, DocumentSurvivesItsLine) {
  Document d;
  d.id = "a\"b", d.text = "한글\n\t\x01 끝", d.title = "제목", d.language = "ko";
  d.meta["url"] = "https://example.com/";
  auto back = document_from_line(document_to_line(d), "test");
  ASSERT_TRUE(back.ok()) << back.error().to_string();
  EXPECT_EQ(back->id, d.id);
  EXPECT_EQ(back->text, d.text);
  EXPECT_EQ(back->title, d.title);
  EXPECT_EQ(back->meta, d.meta);
}

TEST(Corpus, LineOfAnotherToolKeepsItsFieldsAsMeta) {
  auto d = document_from_line(R"({"text": "x", "score": 0.5, "tags": ["a"], "id": "7"})", "test");
  ASSERT_TRUE(d.ok());
  EXPECT_EQ(d->id, "7");
  EXPECT_EQ(d->meta["score"], 0.5);
  EXPECT_EQ(d->meta["tags"][0], "a");
  EXPECT_FALSE(document_from_line("{\"text\": 3}", "test").ok());
  EXPECT_FALSE(document_from_line("[]", "test").ok());
  EXPECT_FALSE(document_from_line("{\"a\":1}", "test").ok());
}

TEST(Compression, LinesOfPlainAndCompressedFilesAgree) {
  Path folder = scratch("lines");
  std::string content;
  for (int i = 0; i < 50000; ++i) content += "줄 " + std::to_string(i) + "\n";
  content += "마지막 줄에는 줄바꿈이 없다";
  ASSERT_TRUE(write_file(folder / "plain.txt", content).ok());
  auto writer = ZstdWriter::create(folder / "packed.zst");
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->write(content).ok());
  ASSERT_TRUE(writer->commit().ok());
  for (const char* name : {"plain.txt", "packed.zst"}) {
    auto reader = LineReader::open(folder / name);
    ASSERT_TRUE(reader.ok());
    std::string back;
    std::string_view line;
    while (true) {
      auto more = reader->next(line);
      ASSERT_TRUE(more.ok());
      if (!*more) break;
      back.append(line) += '\n';
    }
    back.pop_back();
    EXPECT_EQ(back, content) << name;
    EXPECT_EQ(reader->line_number(), 50001u);
  }
}

TEST(Compression, TruncatedAndEndlessInputsAreErrors) {
  Path folder = scratch("damage");
  std::string frame = zstd_compress(std::string(100000, 'a') + std::string(1000, 'b'));
  ASSERT_TRUE(write_file(folder / "cut.zst", frame.substr(0, frame.size() - 5)).ok());
  auto reader = LineReader::open(folder / "cut.zst");
  std::string_view line;
  EXPECT_FALSE(reader->next(line).ok());
  ASSERT_TRUE(write_file(folder / "endless.txt", std::string(1 << 20, 'x')).ok());
  auto endless = LineReader::open(folder / "endless.txt", 1000);
  EXPECT_FALSE(endless->next(line).ok());
}

TEST(TokenFile, WritesAndReadsBack) {
  Path file = scratch("tokens") / "train.bin";
  for (int64_t vocab : {1000, 100000}) {
    auto writer = TokenWriter::create(file, vocab);
    ASSERT_TRUE(writer.ok());
    std::vector<int32_t> a = {1, 2, 999}, b = {}, c = {static_cast<int32_t>(vocab - 1)};
    ASSERT_TRUE(writer->add(a).ok());
    ASSERT_TRUE(writer->add(b).ok());
    ASSERT_TRUE(writer->add(c).ok());
    std::vector<int32_t> outside = {static_cast<int32_t>(vocab)};
    EXPECT_FALSE(writer->add(outside).ok());
    ASSERT_TRUE(writer->commit().ok());
    auto back = TokenFile::open(file, {}, vocab);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(back->size(), 4u);
    EXPECT_EQ(back->documents(), 3u);
    EXPECT_EQ(back->document_end(0), 3u);
    EXPECT_EQ(back->document_end(1), 3u);
    EXPECT_EQ(back->at(3), vocab - 1);
    std::vector<int32_t> copy(2);
    back->copy(1, copy);
    EXPECT_EQ(copy, (std::vector<int32_t>{2, 999}));
    auto small = TokenFile::open(file, {}, 999);
    ASSERT_FALSE(small.ok());
    EXPECT_NE(small.error().what.find(vocab == 1000 ? "byte 4" : "byte 8"), std::string::npos) << small.error().what;
  }
}

TEST(TokenFile, BareFileNeedsItsTypeAndAWholeLength) {
  Path file = scratch("bare") / "ids.bin";
  ASSERT_TRUE(write_file(file, std::string("\x01\x00\x02\x00\x03", 5)).ok());
  EXPECT_FALSE(TokenFile::open(file).ok());
  auto odd = TokenFile::open(file, TokenType::kU16);
  ASSERT_FALSE(odd.ok());
  EXPECT_NE(odd.error().what.find("no multiple of 2"), std::string::npos);
  ASSERT_TRUE(write_file(file, std::string("\x01\x00\x02\x00", 4)).ok());
  auto bare = TokenFile::open(file, TokenType::kU16);
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->documents(), 1u);
  EXPECT_EQ(bare->document_end(0), 2u);
}

}  // namespace
}  // namespace malmoi::data
