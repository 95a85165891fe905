#include "data/readers/office/office.h"

#include "data/readers/office/formats.h"
#include "data/readers/office/xml.h"

namespace malmoi::data {
namespace office {
namespace {

// The kinds of ECMA-376 by the root of their main part.
struct Kind {
  std::string_view root;
  Result<OfficeText> (*read)(const Source& source, const std::string& main);
};
constexpr Kind kKinds[] = {{"document", read_word}, {"workbook", read_workbook}, {"presentation", read_presentation}};

// What a main part is called where no relationship names it.
constexpr const char* kUsualNames[] = {"word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"};

std::string main_part(const Package& package) {
  std::string named = package.related("", "officeDocument");
  if (!named.empty()) return named;
  for (const char* name : kUsualNames)
    if (package.find(name)) return name;
  return {};
}

Result<OfficeText> read_ooxml(const Source& source, const std::string& main) {
  const std::string* content = source.package.require(main);
  if (!content) {
    std::vector<PartProblem> problems = source.package.take_problems();
    return invalid_data(main + " " + (problems.empty() ? "is missing" : problems[0].detail), source.where,
                        "check that the file is whole");
  }
  pugi::xml_document document;
  parse(*content, document);
  for (const Kind& kind : kKinds)
    if (is(document.document_element(), kind.root)) return kind.read(source, main);
  return unsupported(main + " holds no document, workbook or presentation", source.where,
                     "convert it: soffice --headless --convert-to docx FILE");
}

Result<OfficeText> read_zip(const Source& source) {
  Package& package = source.package;
  const std::string* mimetype = package.find("mimetype");
  if ((mimetype && mimetype->find("hwp+zip") != std::string::npos) || package.find("Contents/content.hpf"))
    return read_hwpx(source);
  if (std::string main = main_part(package); !main.empty()) return read_ooxml(source, main);
  if (const std::string* content = package.find("content.xml"))
    return read_open_document(source, *content, package.find("meta.xml"));
  return read_epub(source);
}

}  // namespace

std::string declared_title(const Package& package) {
  std::string part = package.related("", "core-properties");
  const std::string* content = package.find(part.empty() ? "docProps/core.xml" : part);
  if (!content) return {};
  pugi::xml_document document;
  parse(*content, document);
  return all_text(child(document.document_element(), "title"));
}

}  // namespace office

Result<OfficeText> read_office(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                               const std::string& where) {
  if (bytes.starts_with("\xD0\xCF\x11\xE0")) return office::read_hwp(bytes, limits, format, where);
  if (!bytes.starts_with("PK")) {
    office::Package none;
    std::string content(bytes);
    return office::read_open_document({none, limits, format, bytes.size(), where}, content, nullptr);
  }
  MALMOI_ASSIGN(office::Package package, office::Package::open(bytes, limits, where));
  MALMOI_ASSIGN(OfficeText text, office::read_zip({package, limits, format, bytes.size(), where}));
  for (PartProblem& problem : package.take_problems()) text.problems.push_back(std::move(problem));
  return text;
}

}  // namespace malmoi::data
