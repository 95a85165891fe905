// Workbooks and presentations: values as shown, sheets and slides in their order.
#include "data/readers/office/number_format.h"
#include "data/readers/office/test_office.h"

namespace malmoi::data::office {
namespace {

struct Sheet {
  std::string name, data, state;
};

std::string xlsx(const std::vector<Sheet>& sheets, const std::string& strings = "", const std::string& styles = "",
                 const std::string& properties = "") {
  std::string list;
  std::vector<std::vector<std::string>> targets = {{"s1", "sharedStrings", "sharedStrings.xml"},
                                                   {"s2", "styles", "styles.xml"}};
  std::vector<TestEntry> parts;
  for (size_t i = 0; i < sheets.size(); ++i) {
    std::string id = "rId" + std::to_string(i), part = "sheet" + std::to_string(sheets.size() - i) + ".xml";
    list += "<sheet name='" + sheets[i].name + "' sheetId='9' state='" + sheets[i].state + "' r:id='" + id + "'/>";
    targets.push_back({id, "worksheet", "worksheets/" + part});
    parts.push_back({"xl/worksheets/" + part, "<worksheet><sheetData>" + sheets[i].data + "</sheetData></worksheet>"});
  }
  parts.push_back({"_rels/.rels", relationships({{"r", "officeDocument", "xl/workbook.xml"}})});
  parts.push_back({"xl/workbook.xml",
                   "<workbook xmlns:r='r'><workbookPr " + properties + "/><sheets>" + list + "</sheets></workbook>"});
  parts.push_back({"xl/_rels/workbook.xml.rels", relationships(targets)});
  parts.push_back({"xl/sharedStrings.xml", "<sst>" + strings + "</sst>"});
  parts.push_back({"xl/styles.xml", "<styleSheet>" + styles + "</styleSheet>"});
  return test_zip(parts);
}

std::string number(const std::string& cell, const std::string& value, int style = 0) {
  return "<c r='" + cell + "' s='" + std::to_string(style) + "'><v>" + value + "</v></c>";
}

TEST(Xlsx, SheetsStringsAndTypes) {
  std::string strings =
      "<si><t>이름</t></si><si><r><t>굵</t></r><r><t xml:space='preserve'>은 글</t></r><rPh><t>x</t></rPh></si>"
      "<si><t>a_x000D_\nb</t></si>";
  std::string rows =
      "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c><c r='C1' "
      "t='inlineStr'><is><t>안</t></is></c></row>"
      "<row r='2'><c r='A2' t='b'><v>1</v></c><c r='B2' t='str'><f>A1</f><v>식</v></c><c r='C2' "
      "t='e'><v>#REF!</v></c></row>"
      "<row r='3'><c r='A3'><v>0.30000000000000004</v></c><c r='C3' t='s'><v>2</v></c></row>";
  EXPECT_EQ(text_of(xlsx({{"둘째 장", rows, ""},
                          {"숨김", rows, "hidden"},
                          {"매우", rows, "veryHidden"},
                          {"끝", number("A1", "7"), ""}},
                         strings)),
            "## 둘째 장\n\n| 이름 | 굵은 글 | 안 |\n| --- | --- | --- |\n| TRUE | 식 | #REF! |\n| 0.3 |  | a<br>b |");
  EXPECT_EQ(text_of(xlsx({{"가", rows, ""}, {"나", "<row>" + number("A1", "7") + "</row>", ""}}, strings)).substr(0, 9),
            "## 가\n\n|");
}

TEST(Xlsx, CellsWithoutNamesGapsAndBlocks) {
  std::string rows =
      "<row><c t='inlineStr'><is><t>제목</t></is></c></row><row r='3'><c r='B3'><v>1</v></c><c><v>2</v></c></row>"
      "<row r='4'><c r='B4'><v>3</v></c><c r='D4'><v>4</v></c></row>";
  EXPECT_EQ(text_of(xlsx({{"가", rows, ""}})), "## 가\n\n제목\n\n| 1 | 2 |  |\n| --- | --- | --- |\n| 3 |  | 4 |");
  EXPECT_EQ(plain_of(xlsx({{"가", rows, ""}})), "가\n\n제목\n\n1\t2\n3\t\t4");
}

TEST(Xlsx, DatesAndNumbersAsShown) {
  std::string styles =
      "<numFmts><numFmt numFmtId='164' formatCode='yyyy&quot;년&quot; m&quot;월&quot;'/></numFmts>"
      "<cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='164'/><xf numFmtId='9'/></cellXfs>";
  std::string row = "<row>" + number("A1", "45353", 1) + number("B1", "45353", 2) + number("C1", "0.15", 3) +
                    number("D1", "45353") + "</row>";
  EXPECT_EQ(plain_of(xlsx({{"가", row, ""}}, "", styles)), "가\n\n2024-03-02\t2024년 3월\t15%\t45353");
  EXPECT_EQ(plain_of(xlsx({{"가", "<row>" + number("A1", "43891", 1) + "</row>", ""}}, "", styles, "date1904='1'")),
            "가\n\n2024-03-02");
}

TEST(Xlsx, FormatsOfNumbers) {
  struct Case {
    double number;
    const char *code, *shown;
  };
  for (const Case& c : std::vector<Case>{{1234567, "#,##0", "1,234,567"},
                                         {-1234.5, "#,##0.00", "-1,234.50"},
                                         {7, "00000", "00007"},
                                         {0.5, "0.00", "0.50"},
                                         {0.5, "#.##", ".5"},
                                         {1500000, "#,##0,", "1,500"},
                                         {12000, "\"₩\"#,##0", "₩12,000"},
                                         {12000, "[$₩-412]#,##0", "₩12,000"},
                                         {12000, "#,##0\"원\"", "12,000원"},
                                         {-5, "#,##0;[Red]\\-#,##0", "-5"},
                                         {-5, "0;(0)", "(5)"},
                                         {0, "0;-0;\"없음\"0", "없음0"},
                                         {0.256, "0.0%", "25.6%"},
                                         {1.5, "# ?/?", "1.5"},
                                         {12345, "0.00E+00", "12345"},
                                         {3, "General", "3"},
                                         {3, "General\"원\"", "3원"},
                                         {-3, "\"약 \"General", "약 -3"},
                                         {1012345678, "000-0000-0000", "010-1234-5678"},
                                         {-12, "000-0;(000-0)", "(001-2)"},
                                         {8503141234567, "000000-0000000", "850314-1234567"},
                                         {212345678, "0##\\-####\\-####", "02-1234-5678"},
                                         {123456789012, "000-0000-0000", "1234-5678-9012"},
                                         {1.5e300, "000-0000", "1.5e+300"},
                                         {0, "_-* #,##0_-;\\-* #,##0_-;_-* \"-\"_-;_-@_-", "-"},
                                         {1234, "_-* #,##0_-;\\-* #,##0_-;_-* \"-\"_-;_-@_-", "1,234"},
                                         {0, "0;-0;;@", "0"},
                                         {45353, "yyyy-mm-dd (aaa)", "2024-03-02 (토)"},
                                         {45353, "m\"월\" d\"일\" aaaa", "3월 2일 토요일"},
                                         {3, "G/표준", "3"},
                                         {-0.001, "0.00", "0.00"},
                                         {45353.75, "yyyy-mm-dd hh:mm", "2024-03-02 18:00"},
                                         {45353.75, "yyyy\\-mm\\-dd\\ AM/PM\\ h:mm:ss", "2024-03-02 PM 6:00:00"},
                                         {45353.25, "오전/오후 h\"시\"", "오전 6시"},
                                         {45353, "[$-412]yyyy\"년\" m\"월\" d\"일\" dddd", "2024년 3월 2일 Saturday"},
                                         {45353, "d-mmm-yy", "2-Mar-24"},
                                         {2.5, "0", "3"},
                                         {0.125, "0.00", "0.13"},
                                         {1.5, "[h]:mm", "36:00"},
                                         {0.000011574, "mm:ss", "00:01"},
                                         {59, "yyyy-mm-dd", "1900-02-28"},
                                         {61, "yyyy-mm-dd", "1900-03-01"},
                                         {1, "yyyy-mm-dd", "1900-01-01"},
                                         {-1, "yyyy-mm-dd", "-1"},
                                         {1e300, "yyyy-mm-dd", "1e+300"},
                                         {1e20, "", "1e+20"},
                                         {123456789012345, "", "123456789012345"}})
    EXPECT_EQ(format_cell(c.number, c.code, false), c.shown) << c.code;
}

// One string of many letters in many cells.
TEST(Xlsx, AStringThatStandsTooOftenIsABomb) {
  std::string row;
  for (int i = 0; i < 20'000; ++i) row += "<c t='s'><v>0</v></c>";
  EXPECT_NE(text_of(xlsx({{"가", "<row>" + row + "</row>", ""}}, "<si><t>" + std::string(10'000, 'x') + "</t></si>"))
                .find("bomb"),
            std::string::npos);
}

TEST(Xlsx, ADamagedSheetDoesNotLoseTheOthers) {
  std::string noise;
  for (int i = 0; i < 500; ++i) noise += number("A1", std::to_string(i * i));
  std::string bytes =
      xlsx({{"가", "<row>" + noise + "</row>", ""}, {"나", "<row>" + number("A1", "7") + "</row>", ""}});
  size_t at = bytes.find("xl/worksheets/sheet2.xml");
  for (size_t i = at + 100; i < at + 110; ++i) bytes[i] = '\xFF';
  Result<OfficeText> read = read_office(bytes, {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->text, "나\n\n7");
  EXPECT_EQ(read->problems.size(), 1u);
}

TEST(Xlsx, AMalformedSheetGivesWhatStandsBeforeTheFault) {
  std::string rows = "<row>" + number("A1", "1") + "</row><row>" + number("A2", "2") + "</row></wrong>";
  Result<OfficeText> read = read_office(xlsx({{"가", rows, ""}, {"나", "<row>" + number("A1", "7") + "</row>", ""}}),
                                        {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->text, "가\n\n1\n\n2\n\n나\n\n7");
  ASSERT_EQ(read->problems.size(), 1u);
  EXPECT_EQ(read->problems[0].detail, "is malformed");
}

std::string shape(const std::string& type, const std::string& paragraphs) {
  std::string holder = type.empty() ? "" : "<p:ph type='" + type + "'/>";
  return "<p:sp><p:nvSpPr><p:nvPr>" + holder + "</p:nvPr></p:nvSpPr><p:txBody>" + paragraphs + "</p:txBody></p:sp>";
}
std::string line(const std::string& words, int level = 0) {
  return "<a:p><a:pPr lvl='" + std::to_string(level) + "'/><a:r><a:t>" + words + "</a:t></a:r></a:p>";
}

std::string pptx(const std::vector<std::string>& slides, const std::string& order, const std::string& notes = "") {
  std::vector<TestEntry> parts = {{"_rels/.rels", relationships({{"r", "officeDocument", "ppt/presentation.xml"}})},
                                  {"ppt/presentation.xml", "<p:presentation xmlns:p='p' xmlns:r='r'><p:sldIdLst>" +
                                                               order + "</p:sldIdLst></p:presentation>"}};
  std::vector<std::vector<std::string>> targets;
  for (size_t i = 0; i < slides.size(); ++i) {
    std::string n = std::to_string(i + 1);
    targets.push_back({"rId" + n, "slide", "slides/slide" + n + ".xml"});
    parts.push_back({"ppt/slides/slide" + n + ".xml", slides[i]});
  }
  parts.push_back({"ppt/_rels/presentation.xml.rels", relationships(targets)});
  parts.push_back(
      {"ppt/slides/_rels/slide1.xml.rels", relationships({{"r1", "notesSlide", "../notesSlides/notesSlide1.xml"}})});
  parts.push_back({"ppt/notesSlides/notesSlide1.xml", notes});
  return test_zip(parts);
}
std::string slide(const std::string& shapes, const std::string& attributes = "") {
  return "<p:sld " + attributes + "><p:cSld><p:spTree>" + shapes + "</p:spTree></p:cSld></p:sld>";
}

TEST(Pptx, SlidesInTheirOrderWithNotes) {
  std::string order =
      "<p:sldId id='256' r:id='rId2'/><p:sldId id='257' r:id='rId1'/><p:sldId id='258' r:id='rId3'/><p:sldId id='259' "
      "r:id='rId2'/>";
  std::string notes = "<p:notes><p:cSld><p:spTree>" + shape("sldImg", "") + shape("body", line("말할 것")) +
                      shape("sldNum", line("1")) + "</p:spTree></p:cSld></p:notes>";
  EXPECT_EQ(text_of(pptx({slide(shape("", line("상자")) + shape("title", line("첫 장")) + shape("ftr", line("꼬리말"))),
                          slide(shape("ctrTitle", line("표지")) + shape("body", line("하나") + line("속", 1))),
                          slide(shape("title", line("숨긴 장")), "show='0'")},
                         order, notes)),
            "## 표지\n\n- 하나\n  - 속\n\n## 첫 장\n\n상자\n\n말할 것");
}

TEST(Pptx, TablesAndGroups) {
  auto cell = [](const std::string& words, const std::string& attributes = "") {
    return "<a:tc " + attributes + "><a:txBody>" + line(words) + "</a:txBody></a:tc>";
  };
  std::string table = "<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr>" + cell("구분", "rowSpan='2'") +
                      cell("금액", "gridSpan='2'") + cell("", "hMerge='1'") + "</a:tr><a:tr>" + cell("", "vMerge='1'") +
                      cell("작년") + cell("올해") + "</a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>";
  EXPECT_EQ(text_of(pptx({slide("<p:grpSp>" + shape("", line("묶음")) + "</p:grpSp>" + table)},
                         "<p:sldId id='1' r:id='rId1'/>")),
            "묶음\n\n| 구분 | 금액 |  |\n| --- | --- | --- |\n|  | 작년 | 올해 |");
}

}  // namespace
}  // namespace malmoi::data::office
