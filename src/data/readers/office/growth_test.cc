// The time of reading grows with the size of a document, whatever it is large in: four times as much takes not much more
// than four times as long.
#include <functional>

#include "data/readers/office/test_office.h"
#include "base/test_growth.h"

namespace malmoi::data::office {
namespace {

std::string repeated(size_t n, const std::string& text) {
  std::string out;
  out.reserve(n * text.size());
  for (size_t i = 0; i < n; ++i) out += text;
  return out;
}

std::string numbered(size_t n, const std::function<std::string(const std::string&)>& part) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += part(std::to_string(i));
  return out;
}

std::string workbook(const std::string& rows) {
  return test_zip({{"_rels/.rels", relationships({{"r", "officeDocument", "xl/workbook.xml"}})},
                   {"xl/workbook.xml", "<workbook><sheets><sheet name='a' r:id='r1'/></sheets></workbook>"},
                   {"xl/_rels/workbook.xml.rels", relationships({{"r1", "worksheet", "sheet.xml"}})},
                   {"xl/sheet.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}});
}

std::string book(size_t n) {
  std::vector<TestEntry> parts = {
      {"a.opf", "<package><manifest>" +
                    numbered(n, [](const std::string& i) { return "<item id='" + i + "' href='" + i + ".html'/>"; }) +
                    "</manifest><spine>" +
                    numbered(n, [](const std::string& i) { return "<itemref idref='" + i + "'/>"; }) +
                    "</spine></package>"}};
  for (size_t i = 0; i < n; ++i) parts.push_back({std::to_string(i) + ".html", "<p>A chapter of a long book.</p>"});
  return test_zip(parts);
}

struct Large {
  const char* name;
  std::function<std::string(size_t)> make;
  size_t size;
};

class Growth : public testing::TestWithParam<Large> {};

TEST_P(Growth, IsAboutLinear) {
  const Large& large = GetParam();
  const std::string small = large.make(large.size), big = large.make(4 * large.size);
  ReaderLimits limits;
  limits.expansion_ratio = 1e6;
  auto read = [&](size_t n) {
    (void)read_office(n == large.size ? small : big, limits, TextFormat::kMarkdown, "test");
  };
  EXPECT_LT(growth_of(read, large.size), kSteepestGrowth);
}

INSTANTIATE_TEST_SUITE_P(
    Office, Growth,
    testing::Values(
        Large{"paragraphs", [](size_t n) { return docx(repeated(n, p("word"))); }, 4000},
        Large{"depth", [](size_t n) { return docx(repeated(n, "<w:sdt>") + p("x") + repeated(n, "</w:sdt>")); },
              20'000},
        Large{"depth_of_runs",
              [](size_t n) { return docx("<w:p>" + repeated(n, "<w:ins>") + repeated(n, "</w:ins>") + "</w:p>"); },
              20'000},
        Large{"tables_in_tables",
              [](size_t n) {
                return docx(repeated(n, "<w:tbl><w:tr><w:tc>") + p("x") + repeated(n, "</w:tc></w:tr></w:tbl>"));
              },
              5000},
        Large{"cells_in_a_row",
              [](size_t n) {
                return docx("<w:tbl><w:tr>" + repeated(n, "<w:tc>" + p("x") + "</w:tc>") + "</w:tr></w:tbl>");
              },
              4000},
        Large{"attributes",
              [](size_t n) {
                return docx("<w:p " + numbered(n, [](const std::string& i) { return "a" + i + "='1' "; }) + "/>" +
                            p("x"));
              },
              20'000},
        Large{"a_huge_attribute", [](size_t n) { return docx("<w:p a='" + std::string(n, 'x') + "'/>" + p("x")); },
              1'000'000},
        Large{"branches",
              [](size_t n) {
                return docx("<w:p>" + repeated(n, "<mc:AlternateContent><mc:Choice>") +
                            repeated(n, "</mc:Choice><mc:Fallback/></mc:AlternateContent>") + "</w:p>");
              },
              5000},
        Large{"notes",
              [](size_t n) {
                return docx(
                    "<w:p>" +
                        numbered(n, [](const std::string& i) { return "<w:footnoteReference w:id='" + i + "'/>"; }) +
                        "</w:p>",
                    {{"word/footnotes.xml", "<w:footnotes>" + numbered(n, [](const std::string& i) {
                                              return "<w:footnote w:id='" + i + "'>" + p("note") + "</w:footnote>";
                                            }) + "</w:footnotes>"}});
              },
              2000},
        Large{"deleted_marks",
              [](size_t n) {
                return docx(repeated(n, "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>"));
              },
              4000},
        Large{"equations",
              [](size_t n) {
                return docx("<w:p><m:oMath>" + repeated(n, "<m:sSup><m:e>") + repeated(n, "</m:e></m:sSup>") +
                            "</m:oMath></w:p>");
              },
              5000},
        Large{"rows", [](size_t n) { return workbook(repeated(n, "<row><c><v>1</v></c><c><v>2</v></c></row>")); },
              4000},
        Large{"cells", [](size_t n) { return workbook("<row>" + repeated(n, "<c><v>1</v></c>") + "</row>"); }, 4000},
        Large{"a_diagonal",
              [](size_t n) {
                std::string rows;
                for (size_t i = 0; i < n; ++i) {
                  std::string column{static_cast<char>('A' + i / 26 % 26), static_cast<char>('A' + i % 26)};
                  rows += "<row><c r='" + column + "1'><v>1</v></c><c r='ZZ1'><v>1</v></c></row>";
                }
                return workbook(rows);
              },
              500},
        Large{"chapters", book, 300},
        Large{"marks_that_never_end",
              [](size_t n) {
                return test_zip(
                    {{"a.opf",
                      "<package><manifest><item id='a' href='a.html'/></manifest><spine><itemref idref='a'/>"
                      "</spine></package>"},
                     {"a.html", "<?xml version='1.0'?>" + repeated(n, "<")}});
              },
              10'000},
        Large{"entries",
              [](size_t n) {
                std::vector<TestEntry> parts = {
                    {"word/document.xml", "<document><body><p><r><t>x</t></r></p></body></document>"}};
                for (size_t i = 0; i < n; ++i) parts.push_back({std::to_string(i) + ".xml", "<a/>"});
                return test_zip(parts);
              },
              2000},
        Large{"odt_lists",
              [](size_t n) {
                return "<document><body><text>" + repeated(n, "<list><list-item>") +
                       repeated(n, "</list-item></list>") + "</text></body></document>";
              },
              5000},
        Large{"embedded_pages",
              [](size_t n) {
                std::vector<TestEntry> parts;
                std::vector<std::vector<std::string>> targets;
                for (size_t i = 0; i < n; ++i) {
                  targets.push_back({"c" + std::to_string(i), "aFChunk", std::to_string(i) + ".html"});
                  parts.push_back({"word/" + std::to_string(i) + ".html", "<html><p>A page of few words.</p></html>"});
                }
                parts.push_back({"word/_rels/document.xml.rels", relationships(targets)});
                return docx(numbered(n, [](const std::string& i) { return "<w:altChunk r:id='c" + i + "'/>"; }), parts);
              },
              500},
        Large{"ids_of_one_sheet",
              [](size_t n) {
                std::vector<std::vector<std::string>> targets;
                for (size_t i = 0; i < n; ++i) targets.push_back({"r" + std::to_string(i), "worksheet", "sheet.xml"});
                return test_zip(
                    {{"_rels/.rels", relationships({{"r", "officeDocument", "xl/workbook.xml"}})},
                     {"xl/workbook.xml",
                      "<workbook><sheets>" +
                          numbered(n, [](const std::string& i) { return "<sheet name='a' r:id='r" + i + "'/>"; }) +
                          "</sheets></workbook>"},
                     {"xl/_rels/workbook.xml.rels", relationships(targets)},
                     {"xl/sheet.xml", "<worksheet><sheetData>" + repeated(n, "<row><c><v>1</v></c></row>") +
                                          "</sheetData></worksheet>"}});
              },
              1000},
        Large{"hwpx_paragraphs",
              [](size_t n) {
                return test_zip(
                    {{"mimetype", "application/hwp+zip"},
                     {"Contents/section0.xml", "<sec>" + repeated(n, "<p><run><t>x<tab/></t></run></p>") + "</sec>"}});
              },
              4000}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace malmoi::data::office
