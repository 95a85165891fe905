// Files that clients send, of tests/data/data/readers (made by make.py there) and made here, as the server answers them.
#include "app/serve/document_extractor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "data/readers/test_zip.h"

namespace malmoi::app {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string reader_file(const std::string& file) {
  auto bytes = read_file(Path(MALMOI_TEST_DATA) / "data" / "readers" / file);
  EXPECT_TRUE(bytes.ok()) << file;
  return bytes.ok() ? *bytes : std::string();
}

// What is told of a file that is read.
Json extracted(const std::string& name, const std::string& bytes, const ExtractLimits& limits = {}) {
  const protocol::Reply reply = DocumentExtractor(limits).extract(name, bytes);
  if (const auto* error = std::get_if<protocol::ApiError>(&reply)) {
    ADD_FAILURE() << name << ": " << error->message;
    return Json{{"text", ""}};
  }
  return std::get<Json>(reply);
}

protocol::ApiError document_error(const std::string& name, const std::string& bytes, const ExtractLimits& limits = {}) {
  const protocol::Reply reply = DocumentExtractor(limits).extract(name, bytes);
  const auto* error = std::get_if<protocol::ApiError>(&reply);
  EXPECT_TRUE(error) << name;
  return error ? *error : protocol::ApiError{};
}

TEST(DocumentExtractor, ReadsADocumentOfAWordProcessor) {
  const Json told = extracted("보고서.docx", reader_file("sample.docx"));
  EXPECT_EQ(told["name"], "보고서.docx");
  EXPECT_EQ(told["format"], "docx");
  EXPECT_EQ(told["documents"], 1);
  EXPECT_EQ(told["unread"], Json::array());
  EXPECT_FALSE(told.contains("pages"));
  const auto text = told["text"].get<std::string>();
  EXPECT_THAT(text, StartsWith("# 말모이\n\n말모이는 우리말을 모은다는 뜻이다."));
  EXPECT_THAT(text, EndsWith("| 나무 | tree |"));
}

TEST(DocumentExtractor, ReadsAPdfWhateverItIsCalled) {
  for (const char* name : {"sample.pdf", "", "download"}) {
    const Json told = extracted(name, reader_file("sample.pdf"));
    EXPECT_EQ(told["format"], "pdf") << name;
    EXPECT_EQ(told["title"], "Gathered words") << name;
    EXPECT_EQ(told["pages"], 1) << name;
    EXPECT_THAT(told["text"].get<std::string>(), StartsWith("Gathered words make a dictionary")) << name;
  }
}

TEST(DocumentExtractor, FindsTheEncodingOfAText) {
  const std::string cp949 =
      "\xb8\xbb\xb8\xf0\xc0\xcc\xb4\xc2 \xbf\xec\xb8\xae\xb8\xbb\xc0\xbb \xb8\xf0\xc0\xba\xb4\xd9.\n";
  const Json told = extracted("옛글.txt", cp949);
  EXPECT_EQ(told["text"], "말모이는 우리말을 모은다.");
  EXPECT_EQ(told["encoding"], "euc-kr");
  EXPECT_EQ(told["format"], "text");
}

TEST(DocumentExtractor, PutsTheDocumentsOfAnArchiveOneBehindAnother) {
  const Json told = extracted("docs.zip", reader_file("docs.zip"));
  EXPECT_EQ(told["format"], "archive");
  EXPECT_EQ(told["documents"], 3);
  EXPECT_EQ(told["title"], "");
  EXPECT_EQ(told["unread_count"], 0) << "a picture is no failure";
  const auto text = told["text"].get<std::string>();
  EXPECT_THAT(text, HasSubstr("\n\n# 낱말\n\n말모이는")) << "a title that the text begins with stands there once";
  EXPECT_EQ(text.find("# 낱말"), text.rfind("# 낱말"));
}

TEST(DocumentExtractor, PutsSubjectsAboveTheMessagesOfAMailbox) {
  const std::string mailbox =
      "From a@b Thu Jan  1 00:00:00 2026\nFrom: a@b\nSubject: first\n\nOne.\n\n"
      "From a@b Thu Jan  1 00:00:01 2026\nFrom: a@b\nSubject: second\n\nTwo.\n";
  const Json told = extracted("box.mbox", mailbox);
  EXPECT_EQ(told["documents"], 2);
  EXPECT_EQ(told["text"], "# first\n\nOne.\n\n# second\n\nTwo.");
  EXPECT_EQ(extracted("letter.eml", reader_file("letter.eml"))["title"], "말모이 소식이");
}

TEST(DocumentExtractor, KeepsEveryFieldOfRecords) {
  const std::string table = "name,text\na,one\n";
  EXPECT_EQ(extracted("table.CSV", table)["text"], "name,text\na,one");
  EXPECT_EQ(extracted("one.json", "{\"text\": \"a\", \"n\": 1}")["text"], "{\"text\": \"a\", \"n\": 1}");
}

TEST(DocumentExtractor, ShowsAllOfAPageWithoutAMainText) {
  const Json told = extracted("short.html", "<html><body><p><a href='/a'>Only a link</a></p></body></html>");
  EXPECT_THAT(told["text"].get<std::string>(), HasSubstr("Only a link"));
}

TEST(DocumentExtractor, TellsWhichPartsCouldNotBeRead) {
  const std::string archive = data::test_zip({{"a.txt", "A text."}, {"b.pdf", reader_file("broken.pdf")}});
  const Json told = extracted("two.zip", archive);
  EXPECT_EQ(told["documents"], 1);
  EXPECT_EQ(told["text"], "A text.");
  EXPECT_EQ(told["unread_count"], 1);
  ASSERT_EQ(told["unread"].size(), 1u);
  EXPECT_EQ(told["unread"][0]["name"], "two.zip/b.pdf");
  EXPECT_THAT(told["unread"][0]["reason"].get<std::string>(), HasSubstr("not a PDF"));
}

TEST(DocumentExtractor, SaysWhyNothingCanBeRead) {
  struct Case {
    const char *name, *code, *says;
    std::string bytes;
  };
  const Case cases[] = {
      {"scan.pdf", "document_without_text", "run a character recognition on it first", reader_file("pdf/empty.pdf")},
      {"broken.pdf", "unreadable_document", "check that the file is whole", reader_file("broken.pdf")},
      {"table.parquet", "unsupported_document", "duckdb", reader_file("table.parquet")},
      {"letter.rtf", "unsupported_document", "soffice", "{\\rtf1 a}"},
      {"data.bin", "not_a_document", "send a document or a text", std::string("\0\1\2\xff\xfe\0\3\0\xf8", 9)},
      {"bomb.zip", "document_too_large", "send a part of it", reader_file("bomb.zip")},
      {"blank.txt", "document_without_text", "check that", " \n\n"},
      {"cut.docx", "unreadable_document", "check that it is a whole", reader_file("sample.docx").substr(0, 300)},
      {"~$report.docx", "not_a_document", "send a document", "x"},
  };
  for (const Case& one : cases) {
    const protocol::ApiError error = document_error(one.name, one.bytes);
    EXPECT_EQ(error.status, 400) << one.name;
    EXPECT_EQ(error.code, one.code) << one.name << ": " << error.message;
    EXPECT_THAT(error.message, StartsWith(std::string(one.name) + ": "));
    EXPECT_THAT(error.message, HasSubstr(one.says));
    EXPECT_THAT(error.message, HasSubstr("; ")) << "a remedy";
  }
}

TEST(DocumentExtractor, RefusesWhatIsTooMuchAndCutsNothing) {
  EXPECT_EQ(document_error("long.txt", std::string(101, 'a'), {.text_bytes = 100}).code, "document_too_large");
  EXPECT_EQ(extracted("fits.txt", std::string(100, 'a'), {.text_bytes = 100})["text"], std::string(100, 'a'));
  EXPECT_EQ(document_error("docs.zip", reader_file("docs.zip"), {.text_bytes = 200}).code, "document_too_large")
      << "all documents count together";
  const protocol::ApiError many =
      document_error("docs.zip", reader_file("docs.zip"), {.reader = {.archive_entries = 1}});
  EXPECT_EQ(many.code, "document_too_large") << "though its first document was read";
  EXPECT_THAT(many.message, HasSubstr("holds more than 1 entries; send a part of it"));
  const protocol::ApiError slow = document_error("docs.zip", reader_file("docs.zip"), {.seconds = 0});
  EXPECT_EQ(slow.code, "document_too_large");
  EXPECT_THAT(slow.message, HasSubstr("takes longer than 0 s"));
  EXPECT_EQ(extracted("one.txt", "one", {.seconds = 0})["text"], "one") << "what was begun ends";
}

}  // namespace
}  // namespace malmoi::app
