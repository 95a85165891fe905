// Hangul documents: HWPX (a zip of XML) and HWP 5 (records in a compound file).
#include "data/readers/office/test_office.h"
#include "formats/test_compound_file.h"

namespace malmoi::data::office {
namespace {

std::string paragraph(const std::string& content, const std::string& attributes = "") {
  return "<hp:p " + attributes + "><hp:run charPrIDRef='0'>" + content + "</hp:run><hp:linesegarray/></hp:p>";
}
std::string text(const std::string& words) { return "<hp:t>" + words + "</hp:t>"; }

std::string cell(int row, int column, const std::string& content, int columns = 1, int rows = 1) {
  return "<hp:tc><hp:subList>" + content + "</hp:subList><hp:cellAddr colAddr='" + std::to_string(column) +
         "' rowAddr='" + std::to_string(row) + "'/><hp:cellSpan colSpan='" + std::to_string(columns) + "' rowSpan='" +
         std::to_string(rows) + "'/></hp:tc>";
}

std::string hwpx(const std::string& body, std::vector<TestEntry> more = {}) {
  more.insert(more.begin(), {{"mimetype", "application/hwp+zip", false, false},
                             {"Contents/section0.xml", "<hs:sec xmlns:hs='s' xmlns:hp='p'>" + body + "</hs:sec>"}});
  return test_zip(more);
}

TEST(Hwpx, ParagraphsAndWhatStandsInThem) {
  EXPECT_EQ(
      text_of(hwpx(paragraph(text("첫째<hp:tab/>줄<hp:lineBreak/>다음")) +
                   paragraph(text("남은 <hp:deleteBegin/>지운 것<hp:deleteEnd/>글")) +
                   paragraph("<hp:ctrl><hp:header><hp:subList>" + paragraph(text("머리말")) +
                             "</hp:subList></hp:header></hp:ctrl>" + text("본문")) +
                   paragraph("<hp:dutmal><hp:mainText>漢字</hp:mainText><hp:subText>한자</hp:subText></hp:dutmal>") +
                   paragraph("<hp:equation><hp:shapeComment>수식입니다.</hp:shapeComment><hp:script>a over "
                             "b</hp:script></hp:equation>"))),
      "첫째\t줄\n다음\n\n남은 글\n\n본문\n\n漢字\n\n$a over b$");
}

TEST(Hwpx, TablesBoxesAndNotes) {
  std::string table = "<hp:tbl><hp:caption side='TOP'><hp:subList>" + paragraph(text("표 1")) +
                      "</hp:subList></hp:caption><hp:tr>" + cell(0, 0, paragraph(text("구분")), 1, 2) +
                      cell(0, 1, paragraph(text("금액")), 2) + "</hp:tr><hp:tr>" + cell(1, 1, paragraph(text("작년"))) +
                      cell(1, 2, paragraph(text("올해"))) + "</hp:tr></hp:tbl>";
  std::string numbered =
      "<hp:tbl><hp:caption side='TOP'><hp:subList>" +
      paragraph(text("&lt;표 ") + "<hp:ctrl><hp:autoNum num='3' numType='TABLE'/></hp:ctrl>" + text("&gt; 예산")) +
      "</hp:subList></hp:caption><hp:tr>" + cell(0, 0, paragraph(text("가"))) + cell(0, 1, paragraph(text("나"))) +
      "</hp:tr></hp:tbl>";
  EXPECT_EQ(text_of(hwpx(paragraph(numbered))), "<표 3> 예산\n\n| 가 | 나 |\n| --- | --- |");
  std::string note = "<hp:ctrl><hp:footNote><hp:subList>" +
                     paragraph("<hp:ctrl><hp:autoNum num='1' numType='FOOTNOTE'/></hp:ctrl>" + text("각주")) +
                     "</hp:subList></hp:footNote></hp:ctrl>";
  std::string box = "<hp:rect><hp:drawText><hp:subList>" + paragraph(text("글상자")) +
                    "</hp:subList></hp:drawText><hp:shapeComment>사각형입니다.</hp:shapeComment></hp:rect>";
  EXPECT_EQ(
      text_of(hwpx(paragraph(text("앞") + table + text("뒤") + note) + paragraph(box + text("끝")))),
      "앞뒤[^1]\n\n표 1\n\n| 구분 | 금액 |  |\n| --- | --- | --- |\n|  | 작년 | 올해 |\n\n끝\n\n글상자\n\n[^1]: 각주");
}

TEST(Hwpx, HeadingsAndNumbersByTheHeaderPart) {
  std::string header =
      "<hh:head xmlns:hh='h'><hh:refList><hh:numberings><hh:numbering id='1'><hh:paraHead level='1' "
      "numFormat='ROMAN_CAPITAL'>^1."
      "</hh:paraHead><hh:paraHead level='2' "
      "numFormat='HANGUL_SYLLABLE'>^2)</hh:paraHead></hh:numbering></hh:numberings>"
      "<hh:paraProperties><hh:paraPr id='0'><hh:heading type='NONE'/></hh:paraPr><hh:paraPr id='1'><hh:heading "
      "type='NUMBER' "
      "idRef='1' level='0'/></hh:paraPr><hh:paraPr id='2'><hh:heading type='NUMBER' idRef='1' level='1'/></hh:paraPr>"
      "<hh:paraPr id='3'><hh:heading type='BULLET' idRef='1' level='0'/></hh:paraPr></hh:paraProperties>"
      "<hh:styles><hh:style id='0' name='바탕글'/><hh:style id='2' name='개요 1'/></hh:styles></hh:refList></hh:head>";
  EXPECT_EQ(text_of(hwpx(paragraph(text("머리"), "styleIDRef='2' paraPrIDRef='0'") +
                             paragraph(text("하나"), "paraPrIDRef='1'") + paragraph(text("속"), "paraPrIDRef='2'") +
                             paragraph(text("둘"), "paraPrIDRef='1'") + paragraph(text("점"), "paraPrIDRef='3'"),
                         {{"Contents/header.xml", header}})),
            "# 머리\n\n- I. 하나\n  - 가) 속\n- II. 둘\n- 점");
}

TEST(Hwpx, SectionsInTheirOrderAndOneDamaged) {
  std::string hpf =
      "<opf:package><opf:metadata><opf:title>보고서</opf:title></opf:metadata><opf:manifest>"
      "<opf:item id='header' href='Contents/header.xml'/><opf:item id='s0' href='Contents/section0.xml'/>"
      "<opf:item id='s1' href='Contents/section1.xml'/><opf:item id='s2' href='Contents/section2.xml'/></opf:manifest>"
      "<opf:spine><opf:itemref idref='header'/><opf:itemref idref='s1'/><opf:itemref idref='s0'/>"
      "<opf:itemref idref='s2'/><opf:itemref idref='s1'/></opf:spine></opf:package>";
  auto section = [](const std::string& words) { return "<hs:sec>" + paragraph(text(words)) + "</hs:sec>"; };
  std::string noise;
  for (int i = 0; i < 500; ++i) noise += std::to_string(i * i);
  Result<OfficeText> read =
      read_office(hwpx(paragraph(text("둘째")), {{"Contents/content.hpf", hpf},
                                                 {"Contents/section1.xml", section("첫째")},
                                                 {"Contents/section2.xml", section(noise), false, true, true}}),
                  {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->text, "첫째\n\n둘째");
  EXPECT_EQ(read->title, "보고서");
  ASSERT_EQ(read->problems.size(), 1u);
  EXPECT_EQ(read->problems[0].part, "Contents/section2.xml");
  // Without a package file by their numbers: the tenth after the second.
  EXPECT_EQ(plain_of(hwpx(paragraph(text("0")),
                          {{"Contents/section10.xml", section("10")}, {"Contents/section2.xml", section("2")}})),
            "0\n\n2\n\n10");
}

TEST(Hwpx, APasswordIsSaid) {
  std::string manifest = "<odf:manifest><odf:file-entry><odf:encryption-data/></odf:file-entry></odf:manifest>";
  EXPECT_NE(text_of(hwpx("", {{"META-INF/manifest.xml", manifest}})).find("password"), std::string::npos);
}

// --- HWP 5 ------------------------------------------------------------------------------------------------------------

using formats::little_endian;

std::string record(uint32_t tag, uint32_t level, const std::string& data) {
  auto size = static_cast<uint32_t>(data.size());
  if (size < 0xFFF) return little_endian(tag | level << 10 | size << 20) + data;
  return little_endian(tag | level << 10 | 0xFFFu << 20) + little_endian(size) + data;
}

std::string utf16(const std::u16string& words) {
  std::string out;
  for (char16_t unit : words) out += little_endian(static_cast<uint16_t>(unit));
  return out;
}
std::string counted(const std::u16string& words) {
  return little_endian(static_cast<uint16_t>(words.size())) + utf16(words);
}

// A control of eight units in a paragraph's text.
std::u16string control(char16_t code) {
  return std::u16string(1, code) + std::u16string(6, u'x') + std::u16string(1, code);
}
std::string control_id(const char* id) { return {id[3], id[2], id[1], id[0]}; }

std::string hwp_paragraph(uint32_t level, const std::u16string& words, const std::string& inside = "",
                          uint16_t shape = 0, char style = 0) {
  std::string head =
      little_endian<uint32_t>(0) + little_endian<uint32_t>(0) + little_endian(shape) + std::string(1, style);
  return record(66, level, head) + record(67, level + 1, utf16(words + u"\r")) + inside;
}

std::string hwp_cell(uint32_t level, uint16_t row, uint16_t column, const std::u16string& words, uint16_t columns = 1) {
  std::string data = std::string(8, '\0') + little_endian(column) + little_endian(row) + little_endian(columns) +
                     little_endian<uint16_t>(1);
  return record(72, level, data) + hwp_paragraph(level, words);
}

std::string hwp(const std::string& section, const std::string& information = "", uint32_t flags = 1,
                std::vector<std::pair<std::string, std::string>> more = {}) {
  std::string header = "HWP Document File";
  header.resize(32, '\0');
  header += little_endian<uint32_t>(0x05000300) + little_endian(flags) + std::string(216, '\0');
  auto packed = [&](const std::string& stream) { return flags & 1 ? deflate_raw(stream) : stream; };
  more.insert(more.begin(),
              {{"FileHeader", header}, {"DocInfo", packed(information)}, {"BodyText/Section0", packed(section)}});
  return formats::TestCompoundFile(more).bytes();
}

TEST(Hwp, ParagraphsPackedAndNot) {
  std::string section = hwp_paragraph(0, u"첫째" + control(9) + u"줄\n다음") +
                        hwp_paragraph(0, u"둘째 " + control(3) + u"링크" + control(4) + u" 끝");
  for (uint32_t flags : {0u, 1u})
    EXPECT_EQ(text_of(hwp(section, "", flags)), "첫째\t줄\n다음\n\n둘째 링크 끝") << flags;
}

TEST(Hwp, OtherCompoundFilesAreNamed) {
  for (const auto& [stream, word] :
       std::vector<std::pair<std::string, std::string>>{{"WordDocument", "Word"},
                                                        {"Workbook", "Excel"},
                                                        {"PowerPoint Document", "PowerPoint"},
                                                        {"EncryptedPackage", "password"},
                                                        {"Other", "not read"}})
    EXPECT_NE(text_of(formats::TestCompoundFile({{stream, "x"}}).bytes()).find(word), std::string::npos) << stream;
  EXPECT_NE(text_of(hwp("", "", 3)).find("password"), std::string::npos);
  EXPECT_NE(text_of(hwp("", "", 5)).find("distribution"), std::string::npos);
}

TEST(Hwp, TablesBoxesAndNotes) {
  std::string table = record(71, 1, control_id("tbl ")) + record(72, 2, std::string(8, '\0')) +
                      hwp_paragraph(2, u"표 하나") + record(77, 2, std::string(8, '\0')) + hwp_cell(2, 0, 0, u"구분") +
                      hwp_cell(2, 0, 1, u"금액", 2) + hwp_cell(2, 1, 1, u"작년") + hwp_cell(2, 1, 2, u"올해");
  std::string note =
      record(71, 1, control_id("fn  ")) + record(72, 2, std::string(8, '\0')) + hwp_paragraph(2, u"각주");
  std::string box = record(71, 1, control_id("gso ")) + record(76, 2, std::string(8, '\0')) +
                    record(72, 3, std::string(8, '\0')) + hwp_paragraph(3, u"글상자");
  std::string math =
      record(71, 1, control_id("eqed")) + record(88, 2, little_endian<uint32_t>(0) + counted(u"a over b"));
  std::string header =
      record(71, 1, control_id("head")) + record(72, 2, std::string(8, '\0')) + hwp_paragraph(2, u"머리말");
  std::string section =
      hwp_paragraph(0, control(16) + u"앞" + control(11) + u"뒤" + control(17), header + table + note) +
      hwp_paragraph(0, control(11) + u"끝 " + control(11), box + math);
  EXPECT_EQ(text_of(hwp(section)),
            "앞뒤[^1]\n\n표 하나\n\n| 구분 | 금액 |  |\n| --- | --- | --- |\n|  | 작년 | 올해 |\n\n끝 $a over "
            "b$\n\n글상자\n\n[^1]: 각주");
}

TEST(Hwp, HeadingsAndNumbers) {
  std::string numbering;
  for (const char16_t* level : {u"^1.", u"^2)", u"^3", u"^4", u"^5", u"^6", u"^7"})
    numbering += little_endian<uint32_t>(level[1] == u'2' ? 8u << 5 : 0) + std::string(8, '\0') + counted(level);
  auto shape = [](uint32_t type, uint32_t level) {
    return record(25, 0, little_endian(type << 23 | level << 25) + std::string(26, '\0') + little_endian<uint16_t>(1));
  };
  std::string information = record(23, 0, numbering) + shape(0, 0) + shape(2, 0) + shape(2, 1) + shape(3, 0) +
                            record(26, 0, counted(u"바탕글") + counted(u"Normal")) +
                            record(26, 0, counted(u"개요 1") + counted(u"Outline 1"));
  std::string section = hwp_paragraph(0, u"머리", "", 0, 1) + hwp_paragraph(0, u"하나", "", 1) +
                        hwp_paragraph(0, u"속", "", 2) + hwp_paragraph(0, u"둘", "", 1) +
                        hwp_paragraph(0, u"점", "", 3);
  EXPECT_EQ(text_of(hwp(section, information)), "# 머리\n\n1. 하나\n  - 가) 속\n2. 둘\n- 점");
}

TEST(Hwp, ADamagedSectionDoesNotLoseTheOthers) {
  Result<OfficeText> read = read_office(hwp(hwp_paragraph(0, u"첫째"), "", 1,
                                            {{"BodyText/Section1", "\xFF\xFF\xFF no deflate"},
                                             {"BodyText/Section2", deflate_raw(hwp_paragraph(0, u"셋째"))}}),
                                        {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->text, "첫째\n\n셋째");
  ASSERT_EQ(read->problems.size(), 1u);
  EXPECT_EQ(read->problems[0].part, "BodyText/Section1");
}

// A table in a cell of a table and so on, beyond where it is looked into.
TEST(Hwp, TablesInTables) {
  auto nested = [](uint32_t depth) {
    std::string section;
    for (uint32_t i = 0; i < depth; ++i)
      section += record(66, 2 * i, std::string(12, '\0')) + record(67, 2 * i + 1, utf16(control(11) + u"\r")) +
                 record(71, 2 * i + 1, control_id("tbl ")) + record(77, 2 * i + 2, std::string(8, '\0')) +
                 record(72, 2 * i + 2, std::string(16, '\0'));
    return hwp(section + hwp_paragraph(2 * depth, u"속"));
  };
  EXPECT_EQ(text_of(nested(3)), "속");
  EXPECT_EQ(text_of(nested(500)), "");
}

TEST(Hwp, ABombIsAnError) { EXPECT_NE(text_of(hwp(std::string(100 << 20, '\0'))).find("error"), std::string::npos); }

}  // namespace
}  // namespace malmoi::data::office
