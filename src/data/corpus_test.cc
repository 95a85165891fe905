#include "data/corpus.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "data/token_file.h"
#include "base/test_folder.h"
#include "formats/zstd_stream.h"

namespace malmoi::data {
namespace {

Path scratch(const std::string& name) { return test_folder("corpus_" + name); }

TEST(Corpus, DocumentSurvivesItsLine) {
  Document d;
  d.id = "a\"b";
  d.text = "한글\n\t\x01 끝";
  d.title = "제목";
  d.language = "ko";
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

TEST(Corpus, HalfASurrogatePairIsReadAsAMissingCharacter) {
  auto d = document_from_line(R"({"text": "cut \ud83d, whole \ud83d\ude00", "title": "\ude00"})", "test");
  ASSERT_TRUE(d.ok()) << d.error().to_string();
  EXPECT_EQ(d->text, "cut \uFFFD, whole 😀");
  EXPECT_EQ(d->title, "\uFFFD");
}

TEST(Corpus, StreamsLinesAndWholeTexts) {
  Path folder = scratch("streams");
  Document d;
  d.id = "one";
  d.text = "첫째";
  ASSERT_TRUE(write_file(folder / "a.jsonl", document_to_line(d) + "\n\n" + document_to_line(d) + "\n").ok());
  ASSERT_TRUE(write_file(folder / "b.txt.zst", formats::zstd_compress("둘째\n셋째\n")).ok());
  auto stream = open_documents({folder}, "");
  ASSERT_TRUE(stream.ok());
  std::vector<std::string> texts;
  while (true) {
    auto more = (*stream)->next(d);
    ASSERT_TRUE(more.ok()) << more.error().to_string();
    if (!*more) break;
    texts.push_back(d.text);
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"첫째", "첫째", "둘째\n셋째\n"}));
}

TEST(Corpus, TextsAreReadInTheEncodingThatTheyAreIn) {
  Path folder = scratch("encodings");
  ASSERT_TRUE(write_file(folder / "a.jsonl", "{\"text\": \"\xc7\xd1\xb1\xdb\"}\n").ok());
  ASSERT_TRUE(write_file(folder / "b.txt", "\xc7\xd1\xb1\xdb\r\nas it is\r\n").ok());
  auto stream = open_documents({folder}, "");
  ASSERT_TRUE(stream.ok());
  Document d;
  ASSERT_TRUE(*(*stream)->next(d));
  EXPECT_EQ(d.text, "한글");
  ASSERT_TRUE(*(*stream)->next(d));
  EXPECT_EQ(d.text, "한글\r\nas it is\r\n");
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
