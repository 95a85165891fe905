// CSV, TSV, JSON and JSON lines as spreadsheets, editors and old systems write them.
#include <gtest/gtest.h>

#include "data/readers/lines.h"
#include "data/readers/test_read.h"
#include "base/test_growth.h"

namespace malmoi::data {
namespace {

using Texts = std::vector<std::string>;

Texts texts_of(const ReadResult& result) {
  Texts texts;
  for (const Document& document : result.documents) texts.push_back(document.text);
  return texts;
}

// "번호,본문" and two rows, in CP949.
const std::string kKoreanTable =
    "\xb9\xf8\xc8\xa3,\xba\xbb\xb9\xae\n1,\xb9\xe8\xc6\xf7\xbe\xc8\xb3\xbb\n2,"
    "\xba\xce\xbb\xea\xb1\xa4\xbf\xaa\xbd\xc3\n";

TEST(Tables, OneEncodingForAFile) {
  ReadResult result = read_bytes("x.csv", kKoreanTable);
  EXPECT_EQ(texts_of(result), (Texts{"배포안내", "부산광역시"}));
  ASSERT_EQ(result.documents.size(), 2u);
  EXPECT_EQ(result.documents[0].meta["번호"], "1");
  EXPECT_EQ(result.documents[0].encoding, "euc-kr");
}

TEST(Tables, AColumnIsFoundByItsKoreanName) {
  for (const char* name : {"본문", "\u1107\u1169\u11ab\u1106\u116e\u11ab"}) {  // in syllables, and in letters
    ReaderOptions options;
    options.text_field = name;
    EXPECT_EQ(texts_of(read_bytes("x.csv", kKoreanTable, options)), (Texts{"배포안내", "부산광역시"}));
  }
}

TEST(Tables, HeadersBehindAMark) {
  ReaderOptions options;
  options.text_field = "text";
  EXPECT_EQ(texts_of(read_bytes("x.csv", "\xEF\xBB\xBF\"text\",\"id\"\n\"one, line\",\"1\"\n", options)),
            Texts{"one, line"});
  EXPECT_EQ(texts_of(read_bytes("x.csv", "\xEF\xBB\xBFtext;id\none line;1\n", options)), Texts{"one line"});
  EXPECT_EQ(texts_of(read_bytes("x.csv", " id , text \n1,one line\n", options)), Texts{"one line"});
}

TEST(Tables, WhatStandsBeforeTheHeader) {
  for (const char* table :
       {"sep=;\nid;text\n1;one, line\n", "\xEF\xBB\xBFsep=,\r\n\"id\",\"text\"\r\n1,\"one, line\"\r\n",
        "\n \nid,text\n1,\"one, line\"\n", "id|text\n1|one, line\n"})
    EXPECT_EQ(texts_of(read_bytes("x.csv", table)), Texts{"one, line"}) << table;
  EXPECT_TRUE(texts_of(read_bytes("x.csv", "\n\n")).empty());
  EXPECT_EQ(texts_of(read_bytes("x.csv", "\"a\nb|c\",text\n1,one line\n")), Texts{"one line"});
}

TEST(Tables, Utf16WithoutAMark) {
  for (bool big : {false, true}) {
    auto wide = [&](std::string_view ascii) {
      std::string out;
      for (char c : ascii) (big ? out += '\0' : out += c) += big ? c : '\0';
      return out;
    };
    EXPECT_EQ(texts_of(read_bytes("x.csv", wide("id,text\r\n1,one\r\n2,two\r\n"))), (Texts{"one", "two"}));
    EXPECT_EQ(texts_of(read_bytes("x.tsv", wide("id\ttext\n1\tone\n2\ttwo\n"))), (Texts{"one", "two"}));
    EXPECT_EQ(texts_of(read_bytes("x.jsonl", wide("{\"text\":\"one\"}\n{\"text\":\"two\"}\n"))), (Texts{"one", "two"}));
  }
}

TEST(Tables, EveryEndOfLines) {
  for (std::string end : {"\n", "\r\n", "\r"}) {
    std::string table = "id,text" + end + "1,\"first" + end + "second\"" + end + "2,third" + end;
    ReadResult result = read_bytes("x.csv", table);
    EXPECT_EQ(texts_of(result), (Texts{"first\nsecond", "third"})) << dump_json(end);
    EXPECT_EQ(texts_of(read_bytes("x.tsv", "id\ttext" + end + "1\tone" + end + "2\ttwo")), (Texts{"one", "two"}));
    EXPECT_EQ(texts_of(read_bytes("x.jsonl", "{\"text\":\"one\"}" + end + "{\"text\":\"two\"}" + end)),
              (Texts{"one", "two"}));
  }
  // A CR alone is no end where lines end with LF.
  EXPECT_EQ(texts_of(read_bytes("x.csv", "id,text\n1,one\rtwo\n")), Texts{"one\ntwo"});
}

TEST(Tables, RowsThatLoseSomethingAreReported) {
  ReadResult result =
      read_bytes("x.csv", "id,text,label\n1,one,two,three,four\n2,fine,a\n3,fine too,b,,\n4,\"open\n5,x,y\n");
  EXPECT_EQ(texts_of(result), (Texts{"fine", "fine too"}));
  ASSERT_EQ(result.skips.size(), 2u);
  EXPECT_EQ(result.skips[0].detail, "line 2: the row has 5 of 3 columns");
  EXPECT_EQ(result.skips[1].detail, "line 5: a quote is opened that nothing closes");
  EXPECT_TRUE(result.skips[0].failed && result.skips[1].failed);
  // Commas that nobody quoted, in a last column of text.
  EXPECT_EQ(texts_of(read_bytes("x.csv", "id,text\n1,one, two, three\n")), Texts{"one, two, three"});
}

TEST(Tables, JsonLinesInOtherEncodings) {
  ReadResult result =
      read_bytes("x.jsonl", "{\"text\": \"first\"}\n{\"text\": \"\xc7\xd1\xb1\xdb \xb9\xae\xc0\xe5\"}\n");
  EXPECT_EQ(texts_of(result), (Texts{"first", "한글 문장"}));
  // Shift_JIS, whose second bytes may be a backslash: 表示 ソース
  result = read_bytes("x.jsonl",
                      "{\"text\": \"\x95\x5c\x8e\xa6\x82\xcc\x83\x5c\x81\x5b\x83\x58\x82\xf0\x8c\xa9\x82\xe9\"}\n");
  EXPECT_EQ(texts_of(result), Texts{"表示のソースを見る"});
  result = read_bytes("x.json", "[{\"text\": \"\xc7\xd1\xb1\xdb\"}, {\"text\": \"\xb9\xae\xc0\xe5\"}]");
  EXPECT_EQ(texts_of(result), (Texts{"한글", "문장"}));
}

TEST(Tables, BadJsonLinesAreNamedByTheLineOfTheFile) {
  ReadResult result = read_bytes("x.jsonl", "{\"text\": \"one\"}\n\n{\"text\": oops}\n[]\n");
  ASSERT_EQ(result.skips.size(), 2u);
  EXPECT_EQ(result.skips[0].detail.find("line 3: malformed JSON at byte 10"), 0u) << result.skips[0].detail;
  EXPECT_EQ(result.skips[0].detail.find("(line"), std::string::npos) << result.skips[0].detail;
  EXPECT_EQ(result.skips[1].detail, "line 4: not an object");
}

TEST(Tables, HalvesOfSurrogatePairsLoseNoLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"(cut \ud83d off, and more)", "cut \uFFFD off, and more"},
      {R"(\ude00 stands first)", "\uFFFD stands first"},
      {R"(\ud83d\ud83d\ude00 beside a pair)", "\uFFFD😀 beside a pair"},
      {R"(before a letter \uD83D\u0062)", "before a letter \uFFFDb"},
      {R"(before a line end \ud83d\nof text)", "before a line end \uFFFD\nof text"},
      {R"(a pair \uD83D\uDE00 alone)", "a pair 😀 alone"},
      {R"(\ude00 beside \\ud83d)", "\uFFFD beside \\ud83d"}};  // a backslash, and no escape
  std::string lines, array;
  for (const auto& [escaped, text] : cases) {
    lines += "{\"text\": \"" + escaped + "\", \"\\ud800\": 1}\n";
    array += std::string(array.empty() ? "[" : ",") + "{\"text\": \"" + escaped + "\"}";
  }
  for (const auto& [name, bytes] :
       {std::pair<std::string, std::string>{"a.jsonl", lines}, {"a.json", array + "]"}, {"b.json", lines}}) {
    ReadResult result = read_bytes(name, bytes);
    ASSERT_EQ(result.documents.size(), cases.size()) << name;
    for (size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(result.documents[i].text, cases[i].second) << name;
    EXPECT_FALSE(result.failures());
  }
  EXPECT_TRUE(read_bytes("a.jsonl", "{\"text\": \"\\ud83d\\x\"}\n").failures()) << "other faults stay faults";
}

TEST(Tables, EveryArrayOfRecordsCounts) {
  EXPECT_EQ(texts_of(read_bytes("x.json", R"({"a": [{"text": "one"}], "b": [{"text": "two"}, {"text": "three"}]})")),
            (Texts{"one", "two", "three"}));
  EXPECT_EQ(texts_of(read_bytes("x.json", R"({"text": "the text", "spans": [{"begin": 0}]})")), Texts{"the text"});
}

TEST(Tables, JsonLinesUnderTheNameOfJson) {
  for (size_t size : {10, 10'000}) {  // within what is looked at first, and beyond
    std::string first(size, 'x');
    ReadResult result = read_bytes("x.json", "{\"text\": \"" + first + "\"}\r\n{\"text\": \"two\"}\n{oops}\n");
    EXPECT_EQ(texts_of(result), (Texts{first, "two"}));
    ASSERT_EQ(result.skips.size(), 1u);
    EXPECT_EQ(result.skips[0].detail.find("line 3"), 0u);
  }
}

TEST(Lines, EndsAcrossBuffers) {
  // Ends at every place around the edge of what is read at once.
  for (size_t size = (1 << 17) - 3; size < (1 << 17) + 3; ++size)
    for (std::string end : {"\n", "\r\n", "\r"}) {
      std::string first(size, 'x');
      SourceLines lines(memory_source("a" + end + first + end + "last" + end), 1 << 20);
      std::string_view line;
      ASSERT_TRUE(*lines.next(line) && line == "a");
      ASSERT_TRUE(*lines.next(line) && line == first);
      ASSERT_TRUE(*lines.next(line) && line == "last") << size << dump_json(end);
      EXPECT_EQ(lines.number(), 3u);
      EXPECT_FALSE(*lines.next(line));
    }
}

TEST(Lines, WhatLiesAheadStaysWhole) {
  SourceLines lines(memory_source("one\ntwo\n" + std::string(1 << 18, 'x') + "\nend"), 1 << 20);
  std::string_view line;
  ASSERT_TRUE(*lines.next(line));
  EXPECT_EQ(lines.ahead(1 << 18)->substr(0, 8), "one\ntwo\n");
  ASSERT_TRUE(*lines.next(line));
  EXPECT_EQ(line, "two");
  ASSERT_TRUE(*lines.next(line));
  EXPECT_EQ(line.size(), 1u << 18);
  ASSERT_TRUE(*lines.next(line));
  EXPECT_EQ(line, "end");
}

TEST(Lines, TimeGrowsWithTheSize) {
  const std::string rows = "1,\"a \"\"quoted\"\" cell\",,,\r\n",
                    json = "{\"text\": \"caf\xe9 \xc7\xd1\xb1\xdb of a long day\"}\n";
  struct Kind {
    const char* name;
    std::string head, unit;
    bool has_documents;  // one for each unit
  };
  for (const Kind& kind : {Kind{"x.csv", "id,text\n", rows, true}, Kind{"x.jsonl", "", json, true},
                           Kind{"x.csv", "id,text\n1,\"", "\"\"\n", false}, Kind{"x.csv", "id,text\n", ",\"\"", false},
                           Kind{"x.txt", "", json + rows, false}}) {
    auto read = [&](size_t n) {
      std::string bytes = kind.head;
      for (size_t i = 0; i < n; ++i) bytes += kind.unit;
      size_t documents = read_bytes(kind.name, bytes).documents.size();
      if (kind.has_documents) {
        EXPECT_EQ(documents, n) << kind.unit;
      }
    };
    EXPECT_LT(growth_of(read, 5000), kSteepestGrowth) << kind.unit;
  }
}

}  // namespace
}  // namespace malmoi::data
