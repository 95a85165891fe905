// DOCX: word/document.xml, with the names of its heading styles from word/styles.xml.
#include <pugixml.hpp>

#include <cstdlib>
#include <cstring>
#include <map>

#include "data/readers/archive.h"
#include "data/readers/office.h"
#include "data/readers/office_writer.h"

namespace malmoi::data {
namespace {

constexpr int kMaxDepth = 200;

bool named(pugi::xml_node node, const char* name) { return std::strcmp(node.name(), name) == 0; }

class DocxReader {
 public:
  DocxReader(TextFormat format) : writer_(format) {}

  void read_styles(pugi::xml_node styles) {
    for (pugi::xml_node style : styles.children("w:style")) {
      std::string id = style.attribute("w:styleId").value(), name = style.child("w:name").attribute("w:val").value();
      pugi::xml_node outline = style.child("w:pPr").child("w:outlineLvl");
      if (outline) levels_[id] = outline.attribute("w:val").as_int() + 1;
      else if (name.starts_with("heading ") || name.starts_with("Heading ")) levels_[id] = std::atoi(name.c_str() + 8);
      else if (name == "Title" || name == "title") levels_[id] = 1;
    }
  }

  void walk(pugi::xml_node node, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node child : node.children()) {
      if (named(child, "w:p")) paragraph(child);
      else if (named(child, "w:tbl")) table(child, depth);
      else if (!named(child, "w:del") && !named(child, "w:sectPr")) walk(child, depth + 1);
    }
  }

  OfficeText take() { return {writer_.take(), title_, ""}; }

 private:
  static void text_of(pugi::xml_node node, std::string& out, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node child : node.children()) {
      if (named(child, "w:t")) out += child.text().get();
      else if (named(child, "w:tab")) out += '\t';
      else if (named(child, "w:br") || named(child, "w:cr")) out += '\n';
      else if (named(child, "w:noBreakHyphen")) out += '-';
      else if (named(child, "w:del") || named(child, "w:instrText") || named(child, "w:pPr") || named(child, "w:rPr") ||
               named(child, "mc:Fallback"))
        continue;
      else {
        // A text box holds paragraphs of its own.
        if (named(child, "w:p") && !out.empty()) out += '\n';
        text_of(child, out, depth + 1);
      }
    }
  }

  void paragraph(pugi::xml_node node) {
    std::string text;
    text_of(node, text, 0);
    size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string::npos) return;
    text = text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
    pugi::xml_node properties = node.child("w:pPr");
    auto level = levels_.find(properties.child("w:pStyle").attribute("w:val").value());
    int outline =
        properties.child("w:outlineLvl") ? properties.child("w:outlineLvl").attribute("w:val").as_int() + 1 : 0;
    if (level != levels_.end() || (outline > 0 && outline <= 9)) {
      writer_.heading(text, level != levels_.end() ? level->second : outline);
      if (title_.empty()) title_ = text;
    } else if (pugi::xml_node number = properties.child("w:numPr")) {
      writer_.item(text, number.child("w:ilvl").attribute("w:val").as_int());
    } else {
      writer_.paragraph(text);
    }
  }

  void table(pugi::xml_node node, int depth) {
    std::vector<std::vector<std::string>> rows;
    for (pugi::xml_node row : node.children("w:tr")) {
      rows.emplace_back();
      for (pugi::xml_node cell : row.children("w:tc")) {
        std::string text;
        for (pugi::xml_node p : cell.children("w:p")) {
          if (!text.empty()) text += ' ';
          text_of(p, text, depth);
        }
        for (char& c : text)
          if (c == '\n' || c == '\t') c = ' ';
        rows.back().push_back(text);
      }
    }
    writer_.table(rows);
  }

  OfficeWriter writer_;
  std::map<std::string, int> levels_;
  std::string title_;
};

}  // namespace

Result<OfficeText> read_docx(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                             const std::string& where) {
  std::map<std::string, std::string> parts;
  MALMOI_TRY(visit_zip(
      bytes, limits, where,
      [](std::string_view name) {
        return name == "word/document.xml" || name == "word/styles.xml" || name == "docProps/core.xml";
      },
      [&](const std::string& name, std::string content) {
        parts[name] = std::move(content);
        return true;
      }));
  auto body = parts.find("word/document.xml");
  if (body == parts.end())
    return invalid_data("has no word/document.xml", where, "check that it is a Word document (.docx)");
  pugi::xml_document styles, document, core;
  styles.load_buffer(parts["word/styles.xml"].data(), parts["word/styles.xml"].size());
  pugi::xml_parse_result parsed =
      document.load_buffer(body->second.data(), body->second.size(), pugi::parse_default | pugi::parse_ws_pcdata);
  if (!parsed)
    return invalid_data(std::string("malformed word/document.xml: ") + parsed.description(), where,
                        "open it and save it again");
  DocxReader reader(format);
  reader.read_styles(styles.child("w:styles"));
  reader.walk(document.child("w:document").child("w:body"), 0);
  OfficeText text = reader.take();
  core.load_buffer(parts["docProps/core.xml"].data(), parts["docProps/core.xml"].size());
  if (const char* title = core.document_element().child("dc:title").text().get(); *title) text.title = title;
  return text;
}

}  // namespace malmoi::data
