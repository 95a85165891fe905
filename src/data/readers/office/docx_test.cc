// Word documents: what a reader of the document sees, once, in its order.
#include "data/readers/office/test_office.h"

namespace malmoi::data::office {
namespace {

TEST(Docx, TheMainPartIsNamedByRelationships) {
  std::string body = "<w:document><w:body>" + p("하나") + "</w:body></w:document>";
  for (const char* target : {"word/document2.xml", "/word/document2.xml", "./word/document2.xml"})
    EXPECT_EQ(text_of(test_zip({{"_rels/.rels", relationships({{"r1", "officeDocument", target}})},
                                {"word/document2.xml", body},
                                {"word/document.xml", "<w:document/>"}})),
              "하나")
        << target;
  std::string strict =
      "<Relationships><Relationship Id='a' "
      "Type='http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument' "
      "Target='Word/Main.XML'/></Relationships>";
  EXPECT_EQ(text_of(test_zip({{"_rels/.rels", strict}, {"word/main.xml", body}})), "하나");
  EXPECT_NE(text_of(test_zip({{"_rels/.rels", strict}})).find("not there"), std::string::npos);
}

TEST(Docx, OfAMalformedPartStandsWhatIsBeforeTheFault) {
  Result<OfficeText> read = read_office(docx(p("하나") + "<w:p></w:wrong>" + p("둘")), {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->text, "하나");
  ASSERT_EQ(read->problems.size(), 1u);
  EXPECT_EQ(read->problems[0].detail, "is malformed");
  EXPECT_NE(text_of(test_zip({{"word/document.xml", "<w:document>"}})).find("malformed"), std::string::npos);
}

TEST(Docx, PrefixesAreFree) {
  for (const std::string prefix : {"", "ns0:", "x:"}) {
    std::string attributes = prefix.empty() ? " xmlns='w'" : " xmlns:" + prefix.substr(0, prefix.size() - 1) + "='w'";
    auto element = [&](const std::string& name, const std::string& content) {
      return "<" + prefix + name + ">" + content + "</" + prefix + name + ">";
    };
    std::string xml = "<" + prefix + "document" + attributes + ">" +
                      element("body", element("p", element("pPr", "<" + prefix + "outlineLvl " + prefix + "val='0'/>") +
                                                       element("r", element("t", "제목"))) +
                                          element("p", element("r", element("t", "글")))) +
                      "</" + prefix + "document>";
    EXPECT_EQ(text_of(test_zip({{"word/document.xml", xml}})), "# 제목\n\n글") << prefix;
  }
}

TEST(Docx, ChangesAreAccepted) {
  EXPECT_EQ(
      text_of(docx("<w:p><w:r><w:t>요금은 </w:t></w:r><w:del><w:r><w:delText>오천 원</w:delText></w:r></w:del>"
                   "<w:ins><w:r><w:t>육천 원</w:t></w:r></w:ins></w:p>"
                   "<w:p><w:moveFrom><w:r><w:t>옮기기 전 문장.</w:t></w:r></w:moveFrom><w:r><w:t>둘째 </w:t></w:r>"
                   "<w:moveTo><w:r><w:t>옮긴 문장.</w:t></w:r></w:moveTo></w:p>")),
      "요금은 육천 원\n\n둘째 옮긴 문장.");
  // A paragraph whose mark was deleted goes on in the next; one that was deleted whole leaves nothing.
  std::string deleted_mark = "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>";
  EXPECT_EQ(text_of(docx("<w:p>" + deleted_mark + "<w:r><w:t>앞</w:t></w:r></w:p>" + p("뒤") + "<w:p>" + deleted_mark +
                         "<w:del><w:r><w:delText>없음</w:delText></w:r></w:del></w:p>" + p("끝"))),
            "앞뒤\n\n끝");
  std::string table = "<w:tbl><w:tr><w:tc>" + p("칸") + "</w:tc></w:tr></w:tbl>";
  EXPECT_EQ(text_of(docx("<w:p>" + deleted_mark + "<w:r><w:t>앞</w:t></w:r></w:p>" + table + p("뒤"))),
            "앞\n\n칸\n\n뒤");
  EXPECT_EQ(text_of(docx("<w:tbl><w:tr><w:tc>" + p("가") + "</w:tc><w:tc>" + p("나") +
                         "</w:tc></w:tr><w:tr><w:trPr><w:del/></w:trPr><w:tc>" + p("지운 줄") + "</w:tc><w:tc>" +
                         p("x") + "</w:tc></w:tr></w:tbl>")),
            "| 가 | 나 |\n| --- | --- |");
}

TEST(Docx, TextBoxesFollowTheirParagraphAndStandOnce) {
  std::string box = "<w:txbxContent>" + p("Box one.") + p("Box two.") + "</w:txbxContent>";
  std::string drawing = "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>" + box +
                        "</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>" + box +
                        "</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>";
  std::string expected = "Before after.\n\nBox one.\n\nBox two.\n\nNext.";
  std::string body = "<w:p><w:r><w:t xml:space='preserve'>Before </w:t></w:r>" + drawing +
                     "<w:r><w:t>after.</w:t></w:r></w:p>" + p("Next.");
  EXPECT_EQ(text_of(docx(body)), expected);
  // Where only the fallback says anything, it counts.
  size_t choice = body.find("<w:drawing>"), end = body.find("</mc:Choice>");
  EXPECT_EQ(text_of(docx(body.replace(choice, end - choice, "<w:drawing/>"))), expected);
}

TEST(Docx, TablesInTablesAndParagraphsInCells) {
  std::string inner = "<w:tbl><w:tr><w:tc>" + p("안건") + "</w:tc><w:tc>" + p("결과") + "</w:tc></w:tr><w:tr><w:tc>" +
                      p("수리") + "</w:tc><w:tc>" + p("가결") + "</w:tc></w:tr></w:tbl>";
  std::string body =
      "<w:tbl><w:tr><w:tc>" + p("회의 결과") + p("첫째.") + inner + p("셋째.") + "</w:tc></w:tr></w:tbl>";
  EXPECT_EQ(text_of(docx(body)), "회의 결과\n\n첫째.\n\n| 안건 | 결과 |\n| --- | --- |\n| 수리 | 가결 |\n\n셋째.");
  EXPECT_EQ(plain_of(docx(body)), "회의 결과\n\n첫째.\n\n안건\t결과\n수리\t가결\n\n셋째.");
  // A cell of two lines stays a cell.
  std::string lines = "<w:tbl><w:tr><w:tc>" + p("담당") + "</w:tc><w:tc>" + p("김|이") + p("(전화)") +
                      "</w:tc></w:tr><w:tr><w:tc>" + p("날짜") + "</w:tc><w:tc>" + p("3월") + "</w:tc></w:tr></w:tbl>";
  EXPECT_EQ(text_of(docx(lines)), "| 담당 | 김\\|이<br>(전화) |\n| --- | --- |\n| 날짜 | 3월 |");
  EXPECT_EQ(plain_of(docx(lines)), "담당\t김|이\n(전화)\n날짜\t3월");
  // One row that holds a table is laid out; those around it stay a table.
  std::string row = "<w:tr><w:tc>" + p("이름") + "</w:tc><w:tc>" + p("값") + "</w:tc></w:tr>";
  EXPECT_EQ(text_of(docx("<w:tbl>" + row + row + "<w:tr><w:tc>" + p("내역") + "</w:tc><w:tc>" + inner +
                         "</w:tc></w:tr>" + row + "</w:tbl>")),
            "| 이름 | 값 |\n| --- | --- |\n| 이름 | 값 |\n\n내역\n\n| 안건 | 결과 |\n| --- | --- |\n| 수리 | 가결 |\n\n"
            "| 이름 | 값 |\n| --- | --- |");
}

TEST(Docx, MergedCells) {
  auto cell = [](const std::string& text, const std::string& properties = "") {
    return "<w:tc><w:tcPr>" + properties + "</w:tcPr>" + p(text) + "</w:tc>";
  };
  EXPECT_EQ(
      text_of(docx("<w:tbl><w:tr>" + cell("구분", "<w:vMerge w:val='restart'/>") +
                   cell("금액", "<w:gridSpan w:val='2'/>") + "</w:tr><w:tr>" + cell("", "<w:vMerge/>") + cell("작년") +
                   cell("올해") + "</w:tr><w:tr>" + cell("사과") + cell("1") + cell("2") + "</w:tr></w:tbl>")),
      "| 구분 | 금액 |  |\n| --- | --- | --- |\n|  | 작년 | 올해 |\n| 사과 | 1 | 2 |");
  EXPECT_EQ(text_of(docx("<w:tbl><w:tr>" + cell("가", "<w:gridSpan w:val='2147483647'/>") + cell("나") +
                         "</w:tr><w:tr>" + cell("다") + cell("라") + "</w:tr></w:tbl>")),
            "| 가 |  | 나 |\n| --- | --- | --- |\n| 다 | 라 |");
}

TEST(Docx, ControlsAreSeenThrough) {
  std::string control = "<w:sdt><w:sdtPr/><w:sdtContent>";
  EXPECT_EQ(text_of(docx(control + p("블록") + "</w:sdtContent></w:sdt><w:p>" + control +
                         "<w:r><w:t>글줄</w:t></w:r></w:sdtContent></w:sdt></w:p>")),
            "블록\n\n글줄");
  EXPECT_EQ(
      text_of(docx("<w:tbl>" + control + "<w:tr>" + control + "<w:tc>" + p("가") +
                   "</w:tc></w:sdtContent></w:sdt><w:tc>" + p("나") + "</w:tc></w:tr></w:sdtContent></w:sdt></w:tbl>")),
      "| 가 | 나 |\n| --- | --- |");
  EXPECT_EQ(text_of(docx("<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>" + p("Click here to enter text.") +
                         "</w:sdtContent></w:sdt>" + p("글"))),
            "글");
  EXPECT_EQ(text_of(docx(
                "<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj></w:sdtPr>"
                "<w:sdtContent>" +
                p("차례") + p("하나 1") + "</w:sdtContent></w:sdt>" + p("글"))),
            "글");
}

TEST(Docx, NotesStandAtTheEnd) {
  std::string body =
      "<w:p><w:r><w:t>첫째</w:t></w:r><w:r><w:endnoteReference w:id='7'/></w:r><w:r><w:t>와 둘째</w:t></w:r>"
      "<w:r><w:footnoteReference w:id='2'/></w:r></w:p>" +
      p("끝");
  std::string footnotes =
      "<w:footnotes><w:footnote w:id='-1' w:type='separator'>" + p("-----") +
      "</w:footnote><w:footnote w:id='2'><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>각주</w:t></w:r></w:p>" +
      p("이어서") + "</w:footnote><w:footnote w:id='3'>" + p("부르지 않은 것") + "</w:footnote></w:footnotes>";
  std::string endnotes =
      "<w:endnotes><w:endnote w:id='7'><w:p><w:r><w:t>미주</w:t></w:r><w:r><w:footnoteReference w:id='2'/>"
      "</w:r></w:p></w:endnote></w:endnotes>";
  std::string bytes = docx(body, {{"word/footnotes.xml", footnotes}, {"word/endnotes.xml", endnotes}});
  EXPECT_EQ(text_of(bytes), "첫째[^1]와 둘째[^2]\n\n끝\n\n[^1]: 미주[^2]\n[^2]: 각주\n    \n    이어서");
  EXPECT_EQ(plain_of(bytes), "첫째[1]와 둘째[2]\n\n끝\n\n[1] 미주[2]\n[2] 각주\n\n이어서");
}

TEST(Docx, DamagedNotesDoNotLoseTheText) {
  std::string notes(3000, 'x');
  for (size_t i = 0; i < notes.size(); ++i) notes[i] = static_cast<char>('a' + i * i % 23);
  std::string rels = relationships({{"r1", "footnotes", "footnotes.xml"}});
  Result<OfficeText> read = read_office(
      docx(p("글"), {{"word/_rels/document.xml.rels", rels}, {"word/footnotes.xml", notes, false, true, true}}), {},
      TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->text, "글");
  ASSERT_EQ(read->problems.size(), 1u);
  EXPECT_EQ(read->problems[0].part, "word/footnotes.xml");
}

TEST(Docx, HiddenTextIsLeftOut) {
  std::string styles =
      "<w:styles><w:style w:styleId='Secret'><w:rPr><w:vanish/></w:rPr></w:style>"
      "<w:style w:styleId='Child'><w:basedOn w:val='Secret'/></w:style></w:styles>";
  std::string body =
      "<w:p><w:r><w:t>보임</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>숨김</w:t></w:r>"
      "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>보임</w:t></w:r><w:r><w:rPr><w:rStyle w:val='Child'/></w:rPr>"
      "<w:t>숨김</w:t></w:r></w:p><w:p><w:pPr><w:pStyle w:val='Child'/></w:pPr><w:r><w:t>숨김</w:t></w:r></w:p>";
  EXPECT_EQ(text_of(docx(body, {{"word/styles.xml", styles}})), "보임보임");
}

TEST(Docx, RubyKeepsItsBase) {
  EXPECT_EQ(
      text_of(docx(
          "<w:p><w:r><w:ruby><w:rt><w:r><w:t>とう</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>東</w:t></w:r></w:rubyBase>"
          "</w:ruby></w:r><w:r><w:t>쪽</w:t></w:r></w:p>")),
      "東쪽");
}

TEST(Docx, Equations) {
  auto r = [](const std::string& text) { return "<m:r><m:t>" + text + "</m:t></m:r>"; };
  struct Case {
    std::string math, text;
  };
  for (const Case& c : std::vector<Case>{
           {"<m:f><m:num>" + r("a") + "</m:num><m:den>" + r("b") + "</m:den></m:f>", "\\frac{a}{b}"},
           {"<m:sSup><m:e>" + r("x") + "</m:e><m:sup>" + r("2") + "</m:sup></m:sSup>", "x^{2}"},
           {"<m:sSub><m:e>" + r("x") + "</m:e><m:sub>" + r("i") + "</m:sub></m:sSub>", "x_{i}"},
           {"<m:rad><m:deg/><m:e>" + r("x") + "</m:e></m:rad>", "\\sqrt{x}"},
           {"<m:rad><m:deg>" + r("3") + "</m:deg><m:e>" + r("x") + "</m:e></m:rad>", "\\sqrt[3]{x}"},
           {"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>" + r("i=1") + "</m:sub><m:sup>" + r("n") +
                "</m:sup><m:e>" + r("i") + "</m:e></m:nary>",
            "\\sum_{i=1}^{n} i"},
           {"<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr><m:e>" + r("a") + "</m:e></m:d>", "[a]"},
           {"<m:func><m:fName>" + r("sin") + "</m:fName><m:e>" + r("x") + "</m:e></m:func>", "sin x"},
           {"<m:m><m:mr><m:e>" + r("1") + "</m:e><m:e>" + r("0") + "</m:e></m:mr><m:mr><m:e>" + r("0") + "</m:e><m:e>" +
                r("1") + "</m:e></m:mr></m:m>",
            "\\begin{matrix} 1 & 0 \\\\ 0 & 1 \\end{matrix}"}}) {
    EXPECT_EQ(text_of(docx("<w:p><w:r><w:t>값 </w:t></w:r><m:oMath>" + c.math + "</m:oMath></w:p>")),
              "값 $" + c.text + "$");
    EXPECT_EQ(text_of(docx("<w:p><m:oMathPara><m:oMath>" + c.math + "</m:oMath></m:oMathPara></w:p>")),
              "$" + c.text + "$");
  }
}

TEST(Docx, HeadingsAndNumbers) {
  std::string styles =
      "<w:styles><w:style w:styleId='1'><w:name w:val='heading 1'/><w:pPr><w:numPr><w:numId "
      "w:val='1'/></w:numPr></w:pPr></w:style>"
      "<w:style w:styleId='2'><w:name w:val='Heading 2'/><w:pPr><w:numPr><w:ilvl w:val='1'/><w:numId "
      "w:val='1'/></w:numPr></w:pPr></w:style>"
      "<w:style w:styleId='own'><w:name w:val='내 제목'/><w:basedOn w:val='1'/><w:pPr><w:numPr><w:numId "
      "w:val='0'/></w:numPr></w:pPr></w:style>"
      "<w:style w:styleId='body'><w:name w:val='본문'/><w:pPr><w:outlineLvl w:val='9'/></w:pPr></w:style>"
      "<w:style w:styleId='T1'><w:name w:val='toc 1'/></w:style></w:styles>";
  auto level = [](int n, const std::string& format, const std::string& text) {
    return "<w:lvl w:ilvl='" + std::to_string(n) + "'><w:start w:val='1'/><w:numFmt w:val='" + format +
           "'/><w:lvlText w:val='" + text + "'/></w:lvl>";
  };
  std::string numbering = "<w:numbering><w:abstractNum w:abstractNumId='0'>" + level(0, "decimal", "제%1장") +
                          level(1, "decimal", "%1.%2") + "</w:abstractNum><w:abstractNum w:abstractNumId='1'>" +
                          level(0, "decimal", "%1.") + level(1, "ganada", "%2)") + level(2, "bullet", "·") +
                          "</w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num><w:num w:numId='2'>"
                          "<w:abstractNumId w:val='1'/></w:num></w:numbering>";
  auto styled = [](const std::string& style, const std::string& text) {
    return "<w:p><w:pPr><w:pStyle w:val='" + style + "'/></w:pPr><w:r><w:t>" + text + "</w:t></w:r></w:p>";
  };
  auto item = [](int depth, const std::string& text) {
    return "<w:p><w:pPr><w:numPr><w:ilvl w:val='" + std::to_string(depth) +
           "'/><w:numId w:val='2'/></w:numPr></w:pPr><w:r><w:t>" + text + "</w:t></w:r></w:p>";
  };
  std::string bytes = docx(styled("T1", "총칙 1") + styled("1", "총칙") + styled("2", "목적") + styled("2", "정의") +
                               styled("1", "보칙") + styled("2", "기타") + styled("body", "본문") + item(0, "하나") +
                               item(1, "속") + item(1, "속") + item(2, "점") + item(0, "둘") + item(1, "속"),
                           {{"word/styles.xml", styles}, {"word/numbering.xml", numbering}});
  EXPECT_EQ(text_of(bytes),
            "# 제1장 총칙\n\n## 1.1 목적\n\n## 1.2 정의\n\n# 제2장 보칙\n\n## 2.1 기타\n\n본문\n\n"
            "1. 하나\n  - 가) 속\n  - 나) 속\n    - 점\n2. 둘\n  - 가) 속");
  EXPECT_NE(plain_of(bytes).find("1. 하나\n가) 속\n나) 속\n점\n2. 둘"), std::string::npos) << plain_of(bytes);
  EXPECT_EQ(text_of(docx(styled("own", "머리"), {{"word/styles.xml", styles}})), "# 머리");
}

TEST(Docx, FieldsSymbolsAndEmbeddedPages) {
  // Characters of symbol fonts, at their own codes or for private use.
  auto sym = [](const std::string& font, const std::string& code) {
    return "<w:p><w:r><w:t>25</w:t><w:sym w:font='" + font + "' w:char='" + code + "'/><w:t>C</w:t></w:r></w:p>";
  };
  EXPECT_EQ(text_of(docx(sym("Symbol", "F0B0"))), "25°C");
  EXPECT_EQ(text_of(docx(sym("Symbol", "00B0"))), "25°C");
  EXPECT_EQ(text_of(docx(sym("Symbol", "F061"))), "25αC");
  EXPECT_EQ(text_of(docx(sym("Symbol", "F0A3"))), "25≤C");
  EXPECT_EQ(text_of(docx(sym("Symbol", "F0E5"))), "25∑C");
  EXPECT_EQ(text_of(docx(sym("Symbol", "F0F2"))), "25∫C");
  EXPECT_EQ(text_of(docx(sym("Wingdings", "F081"))), "25①C");
  EXPECT_EQ(text_of(docx(sym("Wingdings", "F0FC"))), "25✓C");
  EXPECT_EQ(text_of(docx(sym("Wingdings 2", "F052"))), "25☑C");
  EXPECT_EQ(text_of(docx(sym("Batang", "AC00"))), "25가C");
  EXPECT_EQ(text_of(docx(sym("Batang", "F0B0"))), "25C");
  EXPECT_EQ(text_of(docx(
                "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>HYPERLINK x</w:instrText></w:r>"
                "<w:r><w:t>링크</w:t></w:r><w:r><w:sym w:font='Wingdings' w:char='F0FE'/></w:r><w:r><w:noBreakHyphen/>"
                "<w:tab/><w:t>끝</w:t><w:br/><w:t>줄</w:t></w:r></w:p>")),
            "링크☑-\t끝\n줄");
  std::string rels = relationships({{"c1", "aFChunk", "chunk.html"}});
  EXPECT_EQ(text_of(docx("<w:altChunk r:id='c1'/><w:altChunk r:id='c1'/>",
                         {{"word/_rels/document.xml.rels", rels},
                          {"word/chunk.html", "<html><body><p>붙인 글</p></body></html>"}})),
            "붙인 글");
  std::string message =
      "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/html; "
      "charset=\"utf-8\"\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n<html><body><p>a=3Db</p></body></html>\r\n--b--\r\n";
  EXPECT_EQ(text_of(docx("<w:altChunk r:id='c1'/>",
                         {{"word/_rels/document.xml.rels", relationships({{"c1", "aFChunk", "a.mht"}})},
                          {"word/a.mht", message}})),
            "a=b");
}

}  // namespace
}  // namespace malmoi::data::office
