// OpenDocument: texts, sheets and slides.
#include "data/readers/office/test_office.h"

namespace malmoi::data::office {
namespace {

std::string odf(const std::string& body, const std::string& styles = "", std::vector<TestEntry> more = {}) {
  more.insert(more.begin(), {{"mimetype", "application/vnd.oasis.opendocument.text", false, false},
                             {"content.xml", "<office:document-content><office:automatic-styles>" + styles +
                                                 "</office:automatic-styles><office:body>" + body +
                                                 "</office:body></office:document-content>"}});
  return test_zip(more);
}
std::string odt(const std::string& body, const std::string& styles = "", std::vector<TestEntry> more = {}) {
  return odf("<office:text>" + body + "</office:text>", styles, std::move(more));
}
std::string p(const std::string& text) { return "<text:p>" + text + "</text:p>"; }

TEST(Odt, ChangesHiddenTextAndRuby) {
  std::string styles = "<style:style style:name='H'><style:text-properties text:display='none'/></style:style>";
  EXPECT_EQ(
      text_of(
          odt("<text:tracked-changes><text:changed-region><text:deletion>" + p("지운 글") +
                  "</text:deletion></text:changed-region></text:tracked-changes>" +
                  p("보임<text:span text:style-name='H'>숨김</text:span><office:annotation>" + p("덧글") +
                    "</office:annotation>") +
                  "<text:p text:style-name='H'>숨김</text:p><text:section text:display='none'>" + p("숨김") +
                  "</text:section>" +
                  p("<text:ruby><text:ruby-base>東</text:ruby-base><text:ruby-text>동</text:ruby-text></text:ruby>쪽"),
              styles)),
      "보임\n\n東쪽");
}

TEST(Odt, NotesBoxesAndFormulas) {
  std::string note =
      "<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation><text:note-body>" + p("각주") +
      "</text:note-body></text:note>";
  std::string box =
      "<draw:frame><draw:text-box>" + p("글상자") + "</draw:text-box><svg:title>그림</svg:title></draw:frame>";
  std::string formula = "<draw:frame><draw:object xlink:href='./Object 1'/></draw:frame>";
  EXPECT_EQ(
      text_of(
          odt(p("앞" + note + " 뒤" + box + formula) + p("끝"), "",
              {{"Object 1/content.xml",
                "<math><semantics><mrow><mi>x</mi></mrow><annotation>{a} over {b}</annotation></semantics></math>"}})),
      "앞[^1] 뒤${a} over {b}$\n\n글상자\n\n끝\n\n[^1]: 각주");
}

TEST(Odt, ListsAndNumbers) {
  std::string styles =
      "<text:list-style style:name='L'><text:list-level-style-number text:level='1' style:num-format='1' "
      "style:num-suffix='.'/>"
      "<text:list-level-style-number text:level='2' style:num-format='a' style:num-suffix=')'/></text:list-style>"
      "<text:list-style style:name='B'><text:list-level-style-bullet text:level='1'/></text:list-style>";
  auto item = [](const std::string& content) { return "<text:list-item>" + content + "</text:list-item>"; };
  EXPECT_EQ(
      text_of(odt("<text:list text:style-name='L'>" +
                      item(p("하나") + p("이어서") + "<text:list>" + item(p("속")) + item(p("속")) + "</text:list>") +
                      item(p("둘")) + "</text:list>" + p("사이") +
                      "<text:list text:style-name='L' text:continue-numbering='true'>" + item(p("셋")) +
                      "</text:list><text:list text:style-name='L'>" + item(p("다시")) +
                      "</text:list><text:list text:style-name='B'>" + item(p("점")) + "</text:list>",
                  styles)),
      "1. 하나\n\n이어서\n\n  - a) 속\n  - b) 속\n2. 둘\n\n사이\n\n3. 셋\n1. 다시\n- 점");
}

TEST(Odt, ItemsMaySayTheirNumbers) {
  std::string styles =
      "<text:list-style style:name='L'><text:list-level-style-number text:level='1' style:num-format='1' "
      "style:num-suffix='.'/></text:list-style>";
  EXPECT_EQ(text_of(odt("<text:list text:style-name='L'><text:list-item>" + p("하나") +
                            "</text:list-item><text:list-item text:start-value='5'>" + p("다섯") +
                            "</text:list-item><text:list-item>" + p("여섯") +
                            "</text:list-item><text:list-item text:start-value='2000000000'>" + p("많이") +
                            "</text:list-item></text:list>",
                        styles)),
            "1. 하나\n5. 다섯\n6. 여섯\n1000000. 많이");
}

TEST(Odt, NumbersOfHeadings) {
  std::string styles =
      "<office:document-styles><office:styles><text:outline-style><text:outline-level-style text:level='1' "
      "style:num-format='1' style:num-prefix='제' style:num-suffix='장'/><text:outline-level-style text:level='2' "
      "style:num-format='1' text:display-levels='2'/><text:outline-level-style text:level='3' style:num-format=''/>"
      "</text:outline-style></office:styles></office:document-styles>";
  auto h = [](int level, const std::string& text) {
    return "<text:h text:outline-level='" + std::to_string(level) + "'>" + text + "</text:h>";
  };
  EXPECT_EQ(text_of(odt(h(1, "총칙") + h(2, "목적") + h(3, "속") + h(1, "보칙") + h(2, "기타"), "",
                        {{"styles.xml", styles}})),
            "# 제1장 총칙\n\n## 1.1 목적\n\n### 속\n\n# 제2장 보칙\n\n## 2.1 기타");
}

TEST(Odt, Tables) {
  auto cell = [](const std::string& content, const std::string& attributes = "") {
    return "<table:table-cell " + attributes + ">" + content + "</table:table-cell>";
  };
  EXPECT_EQ(text_of(odt("<table:table><table:table-header-rows><table:table-row>" + cell(p("구분")) +
                        cell(p("금액"), "table:number-columns-spanned='2'") +
                        "<table:covered-table-cell/></table:table-row></table:table-header-rows><table:table-row>" +
                        cell(p("가") + p("나")) + cell(p("1")) + cell(p("2")) + "</table:table-row></table:table>")),
            "| 구분 | 금액 |  |\n| --- | --- | --- |\n| 가<br>나 | 1 | 2 |");
}

TEST(Odt, SheetsAndSlides) {
  std::string sheet =
      "<table:table table:name='장부'><table:table-row><table:table-cell>" + p("이름") +
      "</table:table-cell><table:table-cell office:value='3'>" + p("3") +
      "</table:table-cell><table:table-cell table:number-columns-repeated='16382'/></table:table-row>"
      "<table:table-row table:number-rows-repeated='1048575'><table:table-cell table:number-columns-repeated='16384'/>"
      "</table:table-row></table:table><table:table table:name='빈 것'/>";
  EXPECT_EQ(text_of(odf("<office:spreadsheet>" + sheet + "</office:spreadsheet>")),
            "## 장부\n\n| 이름 | 3 |\n| --- | --- |");
  std::string page = "<draw:page><draw:frame presentation:class='title'><draw:text-box>" + p("제목") +
                     "</draw:text-box></draw:frame><draw:frame><draw:text-box>" + p("글") +
                     "</draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box>" + p("말할 것") +
                     "</draw:text-box></draw:frame></presentation:notes></draw:page>";
  EXPECT_EQ(text_of(odf("<office:presentation>" + page + "</office:presentation>")), "## 제목\n\n글\n\n말할 것");
}

TEST(Odt, FlatFilesAndOtherPrefixes) {
  EXPECT_EQ(text_of("<?xml version='1.0'?><o:document xmlns:o='o' xmlns:t='t'><o:body><o:text><t:h "
                    "t:outline-level='2'>머리</t:h><t:p>글</t:p></o:text></o:body></o:document>"),
            "## 머리\n\n글");
  EXPECT_NE(text_of("<?xml version='1.0'?><other/>").find("error"), std::string::npos);
}

}  // namespace
}  // namespace malmoi::data::office
