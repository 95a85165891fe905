// A real file of each kind (tests/data/data/readers, made by make.py there) through reader and conversion.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <set>

#include "data/readers/convert.h"
#include "data/readers/formats.h"
#include "data/readers/input_stream.h"
#include "data/readers/license.h"
#include "data/readers/lines.h"
#include "data/readers/mail.h"
#include "data/readers/markdown.h"
#include "data/readers/test_read.h"
#include "data/readers/wikitext.h"
#include "base/test_folder.h"

namespace malmoi::data {
namespace {

const std::string kReaderFiles = std::string(MALMOI_TEST_DATA) + "/data/readers/";
const std::string kKorean = "말모이는 우리말을 모은다는 뜻이다. 사전을 만드는 사람들은 낱말을 하나하나 모았다.";
const std::string kEnglish = "Gathered words make a dictionary, and a dictionary makes a language visible.";

ReadResult read_paths(const std::vector<std::string>& paths, ReaderOptions options = {}) {
  ReadResult result;
  auto on_skip = [&](Skip skip) { result.skips.push_back(std::move(skip)); };
  std::vector<InputFile> files;
  for (const std::string& path : paths) {
    auto listed = list_inputs(path, on_skip);
    EXPECT_TRUE(listed.ok());
    files.insert(files.end(), listed->begin(), listed->end());
  }
  InputStream stream(files, {options}, on_skip);
  ConvertOptions convert;
  convert.limits = options.limits;
  RawDocument raw;
  uint32_t source;
  while (stream.next(raw, source)) add_converted(std::move(raw), convert, result);
  return result;
}

ReadResult read_one(const std::string& name, ReaderOptions options = {}) {
  return read_paths({kReaderFiles + name}, options);
}

struct Expected {
  const char* file;
  std::vector<std::string> texts;
  std::set<std::string> skipped;  // rules
};

class EachKind : public testing::TestWithParam<Expected> {};

TEST_P(EachKind, IsRead) {
  const Expected& expected = GetParam();
  ReadResult result = read_one(expected.file);
  std::vector<std::string> texts;
  for (const Document& d : result.documents) texts.push_back(tidy_whitespace(d.text));
  EXPECT_EQ(texts, expected.texts);
  std::set<std::string> rules;
  for (const Skip& skip : result.skips) rules.insert(skip.rule);
  EXPECT_EQ(rules, expected.skipped);
}

const std::string kPlain = kKorean + "\n" + kEnglish;

INSTANTIATE_TEST_SUITE_P(
    Files, EachKind,
    testing::Values(
        Expected{"plain.txt", {kPlain}, {}}, Expected{"plain.txt.gz", {kPlain}, {}},
        Expected{"plain.txt.bz2", {kPlain}, {}}, Expected{"plain.txt.xz", {kPlain}, {}},
        Expected{"plain.txt.zst", {kPlain}, {}},
        Expected{"docs.zip", {kPlain, "# 낱말\n\n" + kKorean, kPlain}, {"read.ignored"}},
        Expected{"docs.tar", {kPlain, "one of a tar"}, {}}, Expected{"docs.tar.gz", {kPlain}, {}},
        Expected{"page.md", {"# 말모이\n\n" + kKorean}, {}},
        Expected{"sample.docx",
                 {"# 말모이\n\n" + kKorean +
                  " 끝.\n\n- first item\n  - inner item\n\n| 낱말 | 뜻 |\n| --- | --- |\n| 나무 | tree |"},
                 {}},
        Expected{"sample.odt",
                 {"# 말모이\n\n" + kKorean + "[^1]\n\n- first  item\n\n| 낱말 | 뜻 |\n| --- | --- |\n\n[^1]: 각주"},
                 {}},
        Expected{"sample.epub", {"# 첫째 장\n\n" + kKorean + "\n\n# 둘째 장\n\n" + kEnglish}, {}},
        Expected{"sample.pdf",
                 {"Gathered words make a dictionary, and a dictionary makes a language visible to everyone who looks "
                  "for it.\n\n"
                  "A second paragraph stands here."},
                 {}},
        Expected{"table.csv",
                 {kKorean + "\n두 번째 줄에 \"따옴표\"가 있다.",
                  "Gathered words make a dictionary and a dictionary makes a language visible."},
                 {"read.no_text"}},
        Expected{"table_cp949.csv", {kKorean}, {}}, Expected{"table.tsv", {kKorean, "\"" + kEnglish + "\""}, {}},
        Expected{"lines.jsonl", {"첫째 줄", "user: 안녕?\n\nassistant: 반가워요."}, {"read.json", "read.no_text"}},
        Expected{"records.json", {"하나", "둘"}, {}},
        Expected{
            "wiki.xml",
            {"말모이는 주시경이 만들던 국어 사전이다. 바깥 글도 있다.\n\n## 역사\n- 1911년에 시작했다.\n  - 안쪽 항목"},
            {}},
        Expected{"pages.warc.gz", {kKorean, kEnglish}, {"read.http_status"}}, Expected{"pages.wet", {kKorean}, {}},
        Expected{"letter.eml", {kKorean}, {}},
        Expected{"box.mbox", {kKorean, "Hello there,\nFrom the start it was plain text."}, {}},
        Expected{"feed.rss", {kKorean, kEnglish}, {}}, Expected{"feed.atom", {kKorean}, {}},
        Expected{"table.parquet", {}, {"read.unsupported"}}, Expected{"bomb.zip", {}, {"read.damaged"}},
        Expected{"cut.txt.gz", {}, {"read.damaged"}}, Expected{"damaged.zip", {}, {"read.damaged"}},
        Expected{"broken.pdf", {}, {"read.pdf"}}),
    [](const auto& info) {
      std::string name = info.param.file;
      for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
      return name;
    });

TEST(Readers, WhatIsKnownBesideTheTextIsKept) {
  ReadResult warc = read_one("pages.warc.gz");
  ASSERT_EQ(warc.documents.size(), 2u);
  EXPECT_EQ(warc.documents[0].id, "https://example.com/a");
  EXPECT_EQ(warc.documents[0].encoding, "euc-kr");
  EXPECT_EQ(warc.documents[0].meta["url"], "https://example.com/a");
  EXPECT_EQ(read_one("letter.eml").documents.at(0).title, "말모이 소식이");
  EXPECT_EQ(read_one("sample.epub").documents.at(0).title, "말모이 이야기");
  EXPECT_EQ(read_one("sample.pdf").documents.at(0).title, "Gathered words");
  EXPECT_EQ(read_one("table.csv").documents.at(0).title, "제목, 하나");
  EXPECT_EQ(read_one("lines.jsonl").documents.at(0).meta["score"], 0.5);
  EXPECT_EQ(read_one("feed.rss").documents.at(0).meta["url"], "https://example.com/1");
  ReadResult tree = read_one("tree");
  std::map<std::string, std::string> licenses;
  for (const Document& d : tree.documents) licenses[Path(d.path).filename().string()] = d.license;
  EXPECT_EQ(licenses["hello.py"], "MIT");
  EXPECT_EQ(licenses["tagged.c"], "GPL-2.0-or-later");
}

TEST(Readers, ParquetNamesTheConversion) {
  ReadResult result = read_one("table.parquet");
  ASSERT_EQ(result.skips.size(), 1u);
  EXPECT_NE(result.skips[0].detail.find("duckdb"), std::string::npos);
  EXPECT_TRUE(result.skips[0].failed);
}

TEST(Readers, EveryFormatOfTheTableReadsByItsName) {
  std::map<std::string, std::string> files = {
      {"html", "docs.zip"},     {"text", "plain.txt"},   {"markdown", "page.md"}, {"jsonl", "lines.jsonl"},
      {"json", "records.json"}, {"csv", "table.csv"},    {"tsv", "table.tsv"},    {"pdf", "sample.pdf"},
      {"docx", "sample.docx"},  {"odt", "sample.odt"},   {"xlsx", "sample.docx"}, {"pptx", "sample.docx"},
      {"hwpx", "sample.docx"},  {"epub", "sample.epub"}, {"warc", "pages.wet"},   {"mediawiki", "wiki.xml"},
      {"feed", "feed.rss"},     {"mbox", "box.mbox"},    {"eml", "letter.eml"},   {"code", "tree/tagged.c"}};
  for (const FormatEntry& format : format_table()) {
    ASSERT_TRUE(files.contains(std::string(format.name))) << format.name << " has no file of its kind here";
    EXPECT_FALSE(format.summary.empty());
    if (format.name == "html") continue;  // named inside the zip
    ReaderOptions options;
    options.format = format.name;
    EXPECT_FALSE(read_one(files[std::string(format.name)], options).documents.empty()) << format.name;
  }
}

TEST(Readers, SayByWhichFormatTheyRead) {
  auto format_of = [](const std::string& file) {
    Input input{.bytes = memory_source(*read_file(kReaderFiles + file)), .id = file, .path = file, .name = file};
    auto reader = open_reader(std::move(input), {}, [](Skip) {});
    return reader.ok() && *reader ? std::string((*reader)->format()) : "none";
  };
  for (const auto& [file, format] : std::map<std::string, std::string>{{"plain.txt.gz", "text"},
                                                                       {"plain.txt.xz", "archive"},
                                                                       {"docs.zip", "archive"},
                                                                       {"sample.docx", "docx"},
                                                                       {"sample.pdf", "pdf"},
                                                                       {"wiki.xml", "mediawiki"}})
    EXPECT_EQ(format_of(file), format) << file;
}

TEST(Readers, OddNamesAndUnreadableFilesAreReported) {
  Path folder = test_folder("odd_names");
  std::filesystem::create_directories(folder / "sub\nfolder");
  ASSERT_TRUE(write_file(folder / "sub\nfolder" / "name\nwith newline.txt", "읽을 수 있는 글").ok());
  ASSERT_TRUE(write_file(folder / "empty.txt", "").ok());
  ASSERT_TRUE(write_file(folder / "noise.bin.txt", std::string("\0\1\2\3\0\5\6\7\0\1\2\3\0\5\6\7\0\1\2\3", 20)).ok());
  std::filesystem::create_symlink(folder / "nowhere", folder / "broken.txt");
  ReadResult result = read_paths({folder.string()});
  ASSERT_EQ(result.documents.size(), 1u);
  EXPECT_EQ(result.documents[0].text, "읽을 수 있는 글");
  std::set<std::string> rules;
  for (const Skip& skip : result.skips) rules.insert(skip.rule);
  EXPECT_EQ(rules, (std::set<std::string>{"read.empty", "read.binary", "read.ignored"}));
}

TEST(Readers, AFeedThatEndsTooEarlyKeepsItsEntriesAndIsReported) {
  std::string feed = *read_file(kReaderFiles + "feed.rss");
  ReadResult result = read_bytes("x.rss", feed.substr(0, feed.find("</channel>")));
  EXPECT_EQ(result.documents.size(), 2u);
  ASSERT_EQ(result.skips.size(), 1u);
  EXPECT_TRUE(result.skips[0].failed);
  EXPECT_NE(result.skips[0].detail.find("malformed XML"), std::string::npos) << result.skips[0].detail;
}

TEST(Readers, WhatOnlyBeginsLikeAnArchiveIsNamed) {
  ReadResult result = read_bytes("x.bz2", "BZh9 and then something else altogether");
  ASSERT_EQ(result.skips.size(), 1u);
  EXPECT_NE(result.skips[0].detail.find("is none"), std::string::npos) << result.skips[0].detail;
}

TEST(Readers, TablesOfSpreadsheets) {
  std::string wide = "\xFF\xFE";
  for (char c : std::string("title\ttext\r\n1\tone line\r\n")) (wide += c) += '\0';
  wide += std::string("2\0\t\0\x00\xac\x3d\xd8\x00\xde\n\0", 12);  // 가 and an emoji of two units
  ReadResult result = read_bytes("x.tsv", wide);
  ASSERT_EQ(result.documents.size(), 2u);
  EXPECT_EQ(result.documents[0].text, "one line");
  EXPECT_EQ(result.documents[1].text, "가😀");
  result = read_bytes("x.csv", "id;\"text\"\n1;\"semi; colon\"\n2;second\n");
  ASSERT_EQ(result.documents.size(), 2u);
  EXPECT_EQ(result.documents[0].text, "semi; colon");
  EXPECT_EQ(result.documents[1].text, "second");
}

TEST(Readers, DocumentsThatCannotBeReadNameTheConversion) {
  for (const auto& [name, bytes, remedy] :
       std::vector<std::array<std::string, 3>>{{"a.rtf", "{\\rtf1 text}", "soffice"},
                                               {"a.xlsb", std::string("PK\x03\x04") + "[Content_Types].xml", "soffice"},
                                               {"a.hwp", "HWP Document File V3.00 \x1a\1\2\3\4\5", "HWPX"}}) {
    ReadResult result = read_bytes(name, bytes);
    ASSERT_EQ(result.skips.size(), 1u) << name;
    EXPECT_NE(result.skips[0].detail.find(remedy), std::string::npos) << result.skips[0].detail;
  }
}

TEST(Readers, EndlessLinesArePassedOver) {
  SourceLines lines(memory_source("short\n" + std::string(1 << 20, 'x') + "\nlast"), 1000);
  std::string_view line;
  ASSERT_TRUE(*lines.next(line));
  EXPECT_EQ(line, "short");
  ASSERT_TRUE(*lines.next(line));
  EXPECT_TRUE(lines.too_long());
  ASSERT_TRUE(*lines.next(line));
  EXPECT_EQ(line, "last");
  EXPECT_FALSE(*lines.next(line));
}

TEST(Readers, DocumentsBeyondTheLimitAreSkipped) {
  ReaderOptions options;
  options.limits.document_bytes = 100;
  ReadResult result = read_one("plain.txt", options);
  EXPECT_TRUE(result.documents.empty());
  ASSERT_EQ(result.skips.size(), 1u);
  EXPECT_TRUE(result.skips[0].failed);
}

TEST(Mail, EncodingsOfBodies) {
  EXPECT_EQ(decode_base64("7JWI\r\n64WV"), "안녕");
  EXPECT_EQ(decode_quoted_printable("a=3Db=\r\nc=", false), "a=bc");
  EXPECT_EQ(decode_quoted_printable("E=mc2 = 1=", false), "E=mc2 = 1") << "an equals sign that was not coded";
  EXPECT_FALSE(read_mail("Content-Type: image/png\n\nxx").ok());
  EXPECT_FALSE(read_mail("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n").ok());
}

TEST(Wikitext, MarkupGoesAndTextStays) {
  EXPECT_EQ(wikitext_to_markdown("{{a|{{b}}}}글 [[링크|보이는 글]]과 [http://x 주소] ''기울임''<br/>끝"),
            "글 보이는 글과 주소 기울임\n끝");
  EXPECT_EQ(wikitext_to_markdown("{{unclosed\n\n다음 문단"), "다음 문단");
  EXPECT_EQ(wikitext_to_markdown("__목차__\n# 하나\n* 둘"), "1. 하나\n- 둘");
}

TEST(Markdown, EmptySectionsGo) {
  EXPECT_EQ(drop_empty_sections("# A\n\n## B\n\ntext\n\n## C\n\n# D"), "# A\n\n## B\n\ntext");
  EXPECT_EQ(drop_empty_sections("```\n# code\n```"), "```\n# code\n```");
  EXPECT_EQ(drop_empty_sections("# only"), "");
  const std::string fenced = "````\n```\n# a\n# b\n```\n````";
  EXPECT_EQ(drop_empty_sections(fenced + "\n\n# empty"), fenced);
}

TEST(Markdown, ForeignTextShowsAsItIs) {
  EXPECT_EQ(escape_markdown("a*b* <i>_x_</i> [y](z) `q` | ~~n~~ $m$ &lt; \\"),
            "a\\*b\\* \\<i\\>\\_x\\_\\</i\\> \\[y\\](z) \\`q\\` \\| \\~\\~n\\~\\~ \\$m\\$ \\&lt; \\\\");
  EXPECT_EQ(escape_markdown("gopher_quality.mean_word_length"), "gopher_quality.mean_word_length");
  EXPECT_EQ(escape_markdown("이름_하나\nCC-BY-4.0\t(docs/)"), "이름_하나 CC-BY-4.0 (docs/)");
  EXPECT_EQ(code_fence("a ``` b ````"), "`````");
  EXPECT_EQ(code_fence("a `b`"), "```");
}

TEST(License, CommonTexts) {
  EXPECT_EQ(license_of_header("/* SPDX-License-Identifier: MIT OR Apache-2.0 */"), "MIT OR Apache-2.0");
  EXPECT_EQ(license_of_header("# Licensed under the Apache License, Version 2.0 (the \"License\")"), "Apache-2.0");
  EXPECT_EQ(license_of_file("GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007"), "GPL-3.0");
  EXPECT_EQ(license_of_header("int main() {}"), "");
}

}  // namespace
}  // namespace malmoi::data
