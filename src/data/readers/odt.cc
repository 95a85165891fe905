// ODT: content.xml of OpenDocument text, zipped or flat.
#include <pugixml.hpp>

#include <cstring>

#include "data/readers/archive.h"
#include "data/readers/office.h"
#include "data/readers/office_writer.h"

namespace malmoi::data {
namespace {

constexpr int kMaxDepth = 200;

bool named(pugi::xml_node node, const char* name) { return std::strcmp(node.name(), name) == 0; }

class OdtReader {
 public:
  explicit OdtReader(TextFormat format) : writer_(format) {}

  void walk(pugi::xml_node node, int list_depth, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node child : node.children()) {
      if (named(child, "text:h")) {
        std::string text = text_of(child);
        writer_.heading(text, child.attribute("text:outline-level").as_int(1));
        if (title_.empty()) title_ = text;
      } else if (named(child, "text:p")) {
        if (list_depth > 0) writer_.item(text_of(child), list_depth - 1);
        else writer_.paragraph(text_of(child));
      } else if (named(child, "text:list")) {
        walk(child, list_depth + 1, depth + 1);
      } else if (named(child, "table:table")) {
        table(child, depth);
      } else if (!named(child, "text:tracked-changes") && !named(child, "text:sequence-decls") &&
                 !named(child, "office:forms") && !named(child, "text:table-of-content")) {
        walk(child, list_depth, depth + 1);
      }
    }
  }

  OfficeText take() { return {writer_.take(), title_, ""}; }

 private:
  static void append(pugi::xml_node node, std::string& out, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node child : node.children()) {
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
        for (const char* c = child.value(); *c; ++c) {
          bool space = *c == ' ' || *c == '\n' || *c == '\t' || *c == '\r';  // only text:s and text:tab count as more
          if (!space) out += *c;
          else if (!out.empty() && out.back() != ' ') out += ' ';
        }
      } else if (named(child, "text:s")) {
        out.append(static_cast<size_t>(std::min(child.attribute("text:c").as_uint(1), 100u)), ' ');
      } else if (named(child, "text:tab")) {
        out += '\t';
      } else if (named(child, "text:line-break")) {
        out += '\n';
      } else if (!named(child, "text:note") && !named(child, "office:annotation")) {
        append(child, out, depth + 1);
      }
    }
  }

  static std::string text_of(pugi::xml_node node) {
    std::string text;
    append(node, text, 0);
    size_t begin = text.find_first_not_of(" \t\n");
    return begin == std::string::npos ? std::string() : text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
  }

  static void collect_rows(pugi::xml_node node, std::vector<std::vector<std::string>>& rows, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node child : node.children()) {
      if (!named(child, "table:table-row")) {
        if (!named(child, "table:table-cell")) collect_rows(child, rows, depth + 1);
        continue;
      }
      rows.emplace_back();
      for (pugi::xml_node cell : child.children("table:table-cell")) {
        std::string text;
        for (pugi::xml_node p : cell.children()) (text += text.empty() ? "" : " ") += text_of(p);
        for (char& c : text)
          if (c == '\n' || c == '\t') c = ' ';
        rows.back().push_back(text);
      }
    }
  }

  void table(pugi::xml_node node, int depth) {
    std::vector<std::vector<std::string>> rows;
    collect_rows(node, rows, depth);
    writer_.table(rows);
  }

  OfficeWriter writer_;
  std::string title_;
};

}  // namespace

Result<OfficeText> read_odt(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                            const std::string& where) {
  std::string content, meta;
  if (bytes.starts_with("PK")) {
    MALMOI_TRY(visit_zip(
        bytes, limits, where, [](std::string_view name) { return name == "content.xml" || name == "meta.xml"; },
        [&](const std::string& name, std::string part) {
          (name == "content.xml" ? content : meta) = std::move(part);
          return true;
        }));
    if (content.empty())
      return invalid_data("has no content.xml", where, "check that it is an OpenDocument text (.odt)");
  } else {
    content = bytes;
  }
  pugi::xml_document document, properties;
  pugi::xml_parse_result parsed =
      document.load_buffer(content.data(), content.size(), pugi::parse_default | pugi::parse_ws_pcdata);
  if (!parsed)
    return invalid_data(std::string("malformed content.xml: ") + parsed.description(), where,
                        "open it and save it again");
  OdtReader reader(format);
  reader.walk(document.document_element().child("office:body").child("office:text"), 0, 0);
  OfficeText text = reader.take();
  properties.load_buffer(meta.data(), meta.size());
  pugi::xml_node information = (meta.empty() ? document : properties).document_element().child("office:meta");
  if (const char* title = information.child("dc:title").text().get(); *title) text.title = title;
  return text;
}

}  // namespace malmoi::data
