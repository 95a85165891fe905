#include "data/readers/office/docx_text.h"

#include <algorithm>
#include <cstdlib>

#include "data/readers/office/math.h"
#include "data/readers/office/symbols.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// What was deleted or moved away, and what speaks of the text without being it.
bool is_left_out(std::string_view name) {
  return one_of(name, {"del", "moveFrom", "instrText", "delInstrText", "delText", "pPr", "rPr", "sectPr", "tblPr",
                       "tblGrid", "trPr", "tcPr", "sdtPr", "sdtEndPr", "fldChar", "rt", "rubyPr", "docPr"});
}

// A content control that shows how to fill it in, or the table of contents.
bool is_left_out_control(pugi::xml_node control) {
  pugi::xml_node properties = child(control, "sdtPr");
  if (read_switch(properties, "showingPlcHdr").value_or(false)) return true;
  return value(child(child(properties, "docPartObj"), "docPartGallery"), "val") == "Table of Contents";
}

// Of the branches of mc:AlternateContent, which say the same, the first that says anything.
template <typename F>
void first_branch(pugi::xml_node node, F read) {
  for (pugi::xml_node branch : node.children())
    if ((is(branch, "Choice") || is(branch, "Fallback")) && read(branch)) return;
}

}  // namespace

Blocks DocxText::read(pugi::xml_node node, int depth) {
  Line outer = std::exchange(joined_, {});
  Blocks out;
  blocks(node, out, depth);
  finish({}, std::exchange(joined_, std::move(outer)), out);
  return out;
}

void DocxText::blocks(pugi::xml_node node, Blocks& out, int depth) {
  if (depth > kMaxDepth) return;
  for (pugi::xml_node part : node.children()) {
    std::string_view name = local_name(part);
    if (name == "p") {
      paragraph(part, out, depth + 1);
    } else if (name == "tbl") {
      finish({}, std::exchange(joined_, {}), out);  // nothing goes on beyond a table
      Block table;
      table.kind = Block::Kind::kTable;
      rows(part, table.rows, depth + 1);
      out.push_back(std::move(table));
    } else if (name == "AlternateContent") {
      first_branch(part, [&](pugi::xml_node branch) {
        size_t before = out.size();
        blocks(branch, out, depth + 1);
        return out.size() > before;
      });
    } else if (name == "altChunk") {
      out.push_back(office::paragraph(embedded_(std::string(value(part, "id")))));
    } else if (name == "oMathPara" || name == "oMath") {
      out.push_back(office::paragraph(read_math(part)));
    } else if (!is_left_out(name) && !(name == "sdt" && is_left_out_control(part))) {
      blocks(part, out, depth + 1);
    }
  }
}

void DocxText::paragraph(pugi::xml_node node, Blocks& out, int depth) {
  pugi::xml_node properties = child(node, "pPr");
  DocxStyle style = styles_.resolve(value(child(properties, "pStyle"), "val"));
  if (style.contents) return;
  Line line = std::exchange(joined_, {});
  line.hidden = style.hidden.value_or(false);
  content(node, line, depth);
  pugi::xml_node mark = child(properties, "rPr");
  if (child(mark, "del") || child(mark, "moveFrom")) joined_ = std::move(line);
  else finish(properties, std::move(line), out);
}

void DocxText::finish(pugi::xml_node properties, Line line, Blocks& out) {
  Block block = office::paragraph(trimmed(line.text));
  if (!block.text.empty()) {
    DocxStyle style = styles_.resolve(value(child(properties, "pStyle"), "val"));
    pugi::xml_node outline = child(properties, "outlineLvl"), numbers = child(properties, "numPr");
    int level = outline ? std::clamp(attribute(outline, "val").as_int(), -1, 9) + 1 : style.heading;
    bool is_heading = level >= 1 && level <= 9;  // the tenth level is body text
    pugi::xml_node own_list = child(numbers, "numId");
    std::string list = own_list ? std::string(value(own_list, "val")) : style.list;
    std::string number;
    bool is_item = !list.empty() && list != "0";
    if (is_item) {
      int depth = child(numbers, "ilvl") ? attribute(child(numbers, "ilvl"), "val").as_int() : style.level.value_or(0);
      block.level = std::clamp(depth, 0, 8);
      if (const std::vector<ListLevel>* levels = styles_.list(list)) {
        number = counters_.next(styles_.counted(list), block.level, *levels);
        auto at = static_cast<size_t>(block.level);
        is_item = at >= levels->size() || (*levels)[at].style != NumberStyle::kNone;
      }
    }
    if (is_heading) {
      block = heading(number.empty() ? block.text : number + " " + block.text, level);
    } else if (is_item) {
      block.kind = Block::Kind::kItem;
      block.marker = number;
    }
    out.push_back(std::move(block));
  }
  std::ranges::move(line.after, std::back_inserter(out));
}

void DocxText::content(pugi::xml_node node, Line& line, int depth) {
  if (depth > kMaxDepth) return;
  for (pugi::xml_node part : node.children()) element(part, line, depth + 1);
}

void DocxText::element(pugi::xml_node node, Line& line, int depth) {
  std::string_view name = local_name(node);
  if (name == "r") return run(node, line, depth);
  if (name == "t") {
    line.text += all_text(node);
  } else if (name == "tab" || name == "ptab") {
    line.text += '\t';
  } else if (name == "br" || name == "cr") {
    line.text += '\n';
  } else if (name == "noBreakHyphen") {
    line.text += '-';
  } else if (name == "sym") {
    std::string code(value(node, "char"));
    line.text += symbol(value(node, "font"), static_cast<char32_t>(std::strtoul(code.c_str(), nullptr, 16)));
  } else if (name == "footnoteReference" || name == "endnoteReference") {
    line.text += notes_.mark(std::string(name.substr(0, name.find("note"))) + "note " + std::string(value(node, "id")));
  } else if (name == "oMath" || name == "oMathPara") {
    line.text += read_math(node);
  } else if (name == "txbxContent") {
    std::ranges::move(read(node, depth), std::back_inserter(line.after));
  } else if (name == "AlternateContent") {
    first_branch(node, [&](pugi::xml_node branch) {
      size_t text = line.text.size(), after = line.after.size();
      content(branch, line, depth);
      return line.text.size() > text || line.after.size() > after;
    });
  } else if (!is_left_out(name) && !(name == "sdt" && is_left_out_control(node))) {
    if (name == "p" && !line.text.empty()) line.text += '\n';  // of a drawing
    content(node, line, depth);
  }
}

void DocxText::run(pugi::xml_node node, Line& line, int depth) {
  pugi::xml_node properties = child(node, "rPr");
  std::optional<bool> hidden = read_switch(properties, "vanish");
  if (!hidden && properties) hidden = styles_.resolve(value(child(properties, "rStyle"), "val")).hidden;
  if (!hidden.value_or(line.hidden)) content(node, line, depth);
}

void DocxText::rows(pugi::xml_node node, std::vector<std::vector<Cell>>& out, int depth) {
  if (depth > kMaxDepth) return;
  for (pugi::xml_node part : node.children()) {
    if (is(part, "tr")) {
      pugi::xml_node properties = child(part, "trPr");
      if (child(properties, "del") || read_switch(properties, "hidden").value_or(false)) continue;
      out.emplace_back();
      if (int before = attribute(child(properties, "gridBefore"), "val").as_int(); before > 0)
        out.back().push_back({{}, before});
      cells(part, out.back(), depth + 1);
    } else if (!is_left_out(local_name(part))) {
      rows(part, out, depth + 1);  // within a content control
    }
  }
}

void DocxText::cells(pugi::xml_node node, std::vector<Cell>& out, int depth) {
  if (depth > kMaxDepth) return;
  for (pugi::xml_node part : node.children()) {
    if (!is(part, "tc")) {
      if (!is_left_out(local_name(part))) cells(part, out, depth + 1);
      continue;
    }
    pugi::xml_node properties = child(part, "tcPr");
    if (child(properties, "cellDel")) continue;
    Cell cell;
    cell.span = std::max(attribute(child(properties, "gridSpan"), "val").as_int(1), 1);
    auto is_covered = [&](std::string_view merge) {
      pugi::xml_node merged = child(properties, merge);
      return merged && value(merged, "val") != "restart";
    };
    if (!is_covered("vMerge") && !is_covered("hMerge")) cell.blocks = read(part, depth + 1);
    out.push_back(std::move(cell));
  }
}

}  // namespace malmoi::data::office
