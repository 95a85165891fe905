// XLSX: the sheets of a workbook in their order, each under its name: values as their cells show them.
#include <algorithm>
#include <cstdlib>

#include "base/utf8.h"
#include "data/readers/office/blocks.h"
#include "data/readers/office/formats.h"
#include "data/readers/office/number_format.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

constexpr int kMaxColumns = 16384;

// The text of a shared or inline string: its runs, without the readings above them.
std::string string_of(pugi::xml_node item) {
  std::string text;
  for (pugi::xml_node part : item.children()) {
    if (is(part, "t")) text += all_text(part);
    else if (is(part, "r")) text += all_text(child(part, "t"));
  }
  // _x000D_ is how characters stand that XML cannot hold.
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "_x") == 0 && i + 6 < text.size() && text[i + 6] == '_' &&
        text.find_first_not_of("0123456789ABCDEFabcdef", i + 2) == i + 6) {
      auto code = static_cast<char32_t>(std::strtoul(text.substr(i + 2, 4).c_str(), nullptr, 16));
      if (code != '\r' && code != 0) append_utf8(out, code);
      i += 6;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "BC12": 54; -1 where the column is not said.
int column_of(std::string_view reference) {
  int column = 0;
  for (char c : reference) {
    if (c < 'A' || c > 'Z' || column > kMaxColumns) break;
    column = column * 26 + (c - 'A' + 1);
  }
  return column > kMaxColumns ? -1 : column - 1;
}

class WorkbookReader {
 public:
  WorkbookReader(const Source& source, const std::string& main)
      : source_(source), main_(main), limit_(text_limit(source.limits, source.packed)) {}

  Result<OfficeText> read() {
    pugi::xml_document document;
    if (!parse(*source_.package.find(main_), document))
      return invalid_data("malformed " + main_, source_.where, "open it and save it again");
    pugi::xml_node workbook = document.document_element();
    std::string_view epoch = value(child(workbook, "workbookPr"), "date1904");
    epoch_1904_ = epoch == "1" || epoch == "true";
    read_strings();
    read_formats();
    std::map<std::string, std::string> parts;
    for (Relationship& relationship : source_.package.relationships(main_))
      if (relationship.type == "worksheet") parts[relationship.id] = relationship.target;
    Blocks blocks;
    std::set<std::string> read;
    for (pugi::xml_node sheet : child(workbook, "sheets").children()) {
      if (value(sheet, "state") == "hidden" || value(sheet, "state") == "veryHidden") continue;
      auto part = parts.find(std::string(value(sheet, "id")));
      if (part == parts.end()) continue;  // a chart
      Blocks content;
      if (!read.insert(folded(part->second)).second) continue;
      MALMOI_TRY(read_sheet(part->second, content));
      if (is_blank(content)) continue;
      blocks.push_back(heading(std::string(value(sheet, "name")), 2));
      std::ranges::move(content, std::back_inserter(blocks));
    }
    OfficeText out;
    out.title = declared_title(source_.package);
    MALMOI_ASSIGN(out.text, write_blocks(blocks, source_.format, source_.limits, source_.packed, source_.where));
    return out;
  }

 private:
  pugi::xml_node load_related(const char* type, pugi::xml_document& document) {
    std::string part = source_.package.related(main_, type);
    return part.empty() ? pugi::xml_node() : source_.package.load(part, document);
  }

  void read_strings() {
    pugi::xml_document document;
    for (pugi::xml_node item : load_related("sharedStrings", document).children())
      if (is(item, "si")) strings_.push_back(string_of(item));
  }

  void read_formats() {
    pugi::xml_document document;
    pugi::xml_node root = load_related("styles", document);
    std::map<int, std::string> own;
    for (pugi::xml_node format : child(root, "numFmts").children())
      own[attribute(format, "numFmtId").as_int()] = value(format, "formatCode");
    for (pugi::xml_node style : child(root, "cellXfs").children()) {
      int id = attribute(style, "numFmtId").as_int();
      auto found = own.find(id);
      std::string_view code = found == own.end() ? built_in_format(id) : std::string_view(found->second);
      constexpr size_t kLongest = 255;  // of a format's code; a longer one would grow with every cell
      formats_.emplace_back(code.size() <= kLongest ? code : std::string_view());
    }
  }

  std::string cell_text(pugi::xml_node cell) const {
    std::string_view type = value(cell, "t");
    if (type == "inlineStr") return string_of(child(cell, "is"));
    std::string stored = all_text(child(cell, "v"));
    if (stored.empty()) return {};
    if (type == "s") {
      size_t index = std::strtoul(stored.c_str(), nullptr, 10);
      return index < strings_.size() ? strings_[index] : std::string();
    }
    if (type == "b") return stored == "1" ? "TRUE" : "FALSE";
    if (type == "str" || type == "e" || type == "d") return stored;
    char* end = nullptr;
    double number = std::strtod(stored.c_str(), &end);
    if (end == stored.c_str() || *end) return stored;
    auto style = static_cast<size_t>(attribute(cell, "s").as_uint());
    return format_cell(number, style < formats_.size() ? std::string_view(formats_[style]) : "", epoch_1904_);
  }

  // Rows that stand together are a table; an empty row ends it.
  Status read_sheet(const std::string& part, Blocks& out) {
    pugi::xml_document document;
    pugi::xml_node root = source_.package.load(part, document);
    Block table;
    table.kind = Block::Kind::kTable;
    uint32_t previous = 0;
    for (pugi::xml_node node : child(root, "sheetData").children()) {
      uint32_t number = attribute(node, "r").as_uint(previous + 1);
      std::vector<Cell> row;
      MALMOI_TRY(read_row(node, row));
      if (row.empty()) continue;
      if (number != previous + 1 && !table.rows.empty()) {
        out.push_back(table);
        table.rows.clear();
      }
      previous = number;
      table.rows.push_back(std::move(row));
    }
    out.push_back(std::move(table));
    return {};
  }

  Status read_row(pugi::xml_node node, std::vector<Cell>& row) {
    int column = 0, filled = 0;
    for (pugi::xml_node cell : node.children()) {
      int named = column_of(value(cell, "r"));
      int gap = std::max(named - column, 0);
      column += gap + 1;
      std::string text = cell_text(cell);
      if (text.empty()) continue;
      held_ += text.size();  // the same string may stand in every cell
      if (held_ > limit_) return too_much_text(limit_, source_.where);
      if (column - 1 > filled) row.push_back({{}, column - 1 - filled});
      row.push_back({{paragraph(std::move(text))}, 1});
      filled = column;
    }
    return {};
  }

  const Source& source_;
  const std::string& main_;
  uint64_t limit_, held_ = 0;
  bool epoch_1904_ = false;
  std::vector<std::string> strings_, formats_;
};

}  // namespace

Result<OfficeText> read_workbook(const Source& source, const std::string& main) {
  return WorkbookReader(source, main).read();
}

}  // namespace malmoi::data::office
