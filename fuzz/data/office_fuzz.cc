// The XML (and the records) of office documents: the first byte says which part of which kind the rest is; the other
// parts are there and whole. Bytes that begin like a zip or a compound file are read as they are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "data/readers/office/office.h"
#include "data/readers/test_zip.h"

namespace {

using malmoi::data::TestEntry;

const std::string kRelationships =
    "<Relationships><Relationship Id='r1' Type='/officeDocument' Target='main.xml'/>"
    "<Relationship Id='r2' Type='/styles' Target='styles.xml'/><Relationship Id='r3' Type='/numbering' "
    "Target='numbering.xml'/>"
    "<Relationship Id='r4' Type='/footnotes' Target='notes.xml'/><Relationship Id='r5' Type='/worksheet' "
    "Target='sheet.xml'/>"
    "<Relationship Id='r6' Type='/sharedStrings' Target='strings.xml'/><Relationship Id='r7' Type='/slide' "
    "Target='slide.xml'/>"
    "</Relationships>";

// One kind of document with the parts that may be replaced by what is fuzzed, in order.
struct Kind {
  std::vector<TestEntry> parts;
  size_t first = 0;  // of those that may be
};

TestEntry part(const char* name, std::string content) { return {name, std::move(content), false, false, false}; }

std::vector<Kind> kinds() {
  std::vector<TestEntry> common = {part("_rels/.rels", kRelationships), part("_rels/main.xml.rels", kRelationships)};
  std::vector<Kind> out(5);
  out[0] = {common, 2};
  out[0].parts.push_back(
      part("main.xml",
           "<document><body><p><pPr><pStyle val='a'/><numPr><numId val='1'/></numPr></pPr><r><t>x</t>"
           "<footnoteReference id='1'/></r></p></body></document>"));
  out[0].parts.push_back(part("styles.xml", "<styles/>"));
  out[0].parts.push_back(part("numbering.xml", "<numbering/>"));
  out[0].parts.push_back(part("notes.xml", "<footnotes/>"));
  out[1] = {common, 2};
  out[1].parts.push_back(part("main.xml", "<workbook><sheets><sheet name='a' id='r5'/></sheets></workbook>"));
  out[1].parts.push_back(part("sheet.xml",
                              "<worksheet><sheetData><row><c s='0'><v>45000.5</v></c><c t='s'><v>0</v></c></row>"
                              "</sheetData></worksheet>"));
  out[1].parts.push_back(part("strings.xml", "<sst><si><t>x</t></si></sst>"));
  out[1].parts.push_back(part("styles.xml", "<styleSheet/>"));
  out[2] = {common, 2};
  out[2].parts.push_back(part("main.xml", "<presentation><sldIdLst><sldId r:id='r7'/></sldIdLst></presentation>"));
  out[2].parts.push_back(part("slide.xml", "<sld/>"));
  out[3] = {{part("mimetype", "application/hwp+zip")}, 1};
  out[3].parts.push_back(
      part("Contents/section0.xml", "<sec><p paraPrIDRef='1' styleIDRef='1'><run><t>x</t></run></p></sec>"));
  out[3].parts.push_back(part("Contents/header.xml", "<head/>"));
  out[3].parts.push_back(part("Contents/content.hpf", "<package/>"));
  out[4].parts.push_back(part("content.xml", "<document-content/>"));
  out[4].parts.push_back(part("a.opf", "<package/>"));
  out[4].parts.push_back(part("META-INF/container.xml", "<container/>"));
  out[4].parts.push_back(part("a.html", "<p>x</p>"));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  if (size < 2) return 0;
  static const std::vector<Kind> all = kinds();
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with("PK") && !bytes.starts_with("\xD0\xCF")) {
    const Kind& kind = all[data[0] % all.size()];
    std::vector<TestEntry> parts = kind.parts;
    size_t replaced = kind.first + data[0] / all.size() % (parts.size() - kind.first);
    parts[replaced].content = bytes.substr(1);
    // OpenDocument's part stands before that of a book, so that a book is fuzzed without it.
    if (parts[0].name == "content.xml" && replaced > 0) parts.erase(parts.begin());
    bytes = data::test_zip(parts);
  }
  data::ReaderLimits limits;
  limits.document_bytes = 1 << 20;
  for (data::TextFormat format : {data::TextFormat::kPlain, data::TextFormat::kMarkdown}) {
    auto text = data::read_office(bytes, limits, format, "fuzz");
    if (text.ok() && text->text.size() > limits.document_bytes + (1 << 16)) std::abort();
  }
  return 0;
}
