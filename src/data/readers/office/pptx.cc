// PPTX: the slides that are shown, in their order: title, text and tables as they lie in the slide, then its notes.
#include <algorithm>

#include "data/readers/office/blocks.h"
#include "data/readers/office/formats.h"
#include "data/readers/office/math.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

// What a shape is for, by its placeholder: "title", "body", "sldNum" ...; empty for one that stands alone.
std::string placeholder(pugi::xml_node shape) {
  for (pugi::xml_node part : shape.children()) {
    if (!local_name(part).starts_with("nv")) continue;
    pugi::xml_node holder = child(child(part, "nvPr"), "ph");
    if (!holder) return {};
    std::string_view type = value(holder, "type");
    return type.empty() ? "body" : std::string(type);
  }
  return {};
}

bool is_title(std::string_view type) { return type == "title" || type == "ctrTitle"; }

// What stands on every slide.
bool is_furniture(std::string_view type) { return type == "dt" || type == "ftr" || type == "hdr" || type == "sldNum"; }

void append_text(pugi::xml_node node, std::string& out, int depth) {
  if (depth > kMaxDepth) return;
  for (pugi::xml_node part : node.children()) {
    std::string_view name = local_name(part);
    if (name == "t") out += all_text(part);
    else if (name == "br") out += '\n';
    else if (name == "oMath" || name == "oMathPara") out += read_math(part);
    else if (name == "AlternateContent")
      append_text(child(part, child(part, "Choice") ? "Choice" : "Fallback"), out, depth + 1);
    else if (name != "pPr" && name != "rPr" && name != "endParaRPr") append_text(part, out, depth + 1);
  }
}

// Whether a paragraph has a bullet or a number: as it says, else as those of its kind of shape have.
bool is_item(pugi::xml_node properties, bool usual) {
  for (pugi::xml_node part : properties.children()) {
    std::string_view name = local_name(part);
    if (name == "buNone") return false;
    if (name == "buChar" || name == "buAutoNum" || name == "buBlip") return true;
  }
  return usual;
}

void append_paragraphs(pugi::xml_node body, bool in_list, Blocks& out, int depth) {
  for (pugi::xml_node node : body.children()) {
    if (!is(node, "p")) continue;
    std::string text;
    append_text(node, text, depth);
    Block block = paragraph(trimmed(text));
    pugi::xml_node properties = child(node, "pPr");
    if (is_item(properties, in_list)) {
      block.kind = Block::Kind::kItem;
      block.level = attribute(properties, "lvl").as_int();
    }
    if (!block.text.empty()) out.push_back(std::move(block));
  }
}

Block read_table(pugi::xml_node table, int depth) {
  Block block;
  block.kind = Block::Kind::kTable;
  for (pugi::xml_node row : table.children()) {
    if (!is(row, "tr")) continue;
    block.rows.emplace_back();
    for (pugi::xml_node node : row.children()) {
      if (!is(node, "tc")) continue;
      Cell cell;  // a merged cell's others stand there, too, empty
      auto merged = [&](std::string_view name) { return attribute(node, name).as_bool(); };
      if (!merged("hMerge") && !merged("vMerge"))
        append_paragraphs(child(node, "txBody"), false, cell.blocks, depth + 1);
      block.rows.back().push_back(std::move(cell));
    }
  }
  return block;
}

class SlideReader {
 public:
  void read_shapes(pugi::xml_node node, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node part : node.children()) {
      std::string_view name = local_name(part);
      if (name == "sp") {
        read_shape(part, depth);
      } else if (name == "tbl") {
        blocks_.push_back(read_table(part, depth));
      } else if (name == "AlternateContent") {
        read_shapes(child(part, child(part, "Choice") ? "Choice" : "Fallback"), depth + 1);
      } else {
        read_shapes(part, depth + 1);
      }
    }
  }

  /// The title first, wherever it lies.
  Blocks take() {
    if (!title_.empty()) blocks_.insert(blocks_.begin(), heading(title_, 2));
    return std::move(blocks_);
  }
  const std::string& title() const { return title_; }

 private:
  void read_shape(pugi::xml_node shape, int depth) {
    std::string type = placeholder(shape);
    if (is_furniture(type)) return;
    Blocks content;
    append_paragraphs(child(shape, "txBody"), type == "body" || type == "obj", content, depth + 1);
    if (!is_title(type) || !title_.empty()) {
      std::ranges::move(content, std::back_inserter(blocks_));
      return;
    }
    for (const Block& block : content) (title_ += title_.empty() ? "" : " ") += block.text;
  }

  std::string title_;
  Blocks blocks_;
};

// The parts that go with a slide. Each is read once, whatever refers to it.
class SlideParts {
 public:
  explicit SlideParts(Package& package) : package_(package) {}

  /// Whether a part was not asked for before.
  bool is_new(const std::string& part) { return !part.empty() && read_.insert(folded(part)).second; }

  void append(const std::string& slide, Blocks& out) {
    std::vector<Relationship> all = package_.relationships(slide);
    for (const Relationship& relationship : all)
      if (relationship.type == "diagramData" && is_new(relationship.target)) append_diagram(relationship.target, out);
    for (const Relationship& relationship : all)
      if (relationship.type == "notesSlide" && is_new(relationship.target)) append_notes(relationship.target, out);
  }

 private:
  // What the speaker says: the body of the notes, beside the slide's picture and its number.
  void append_notes(const std::string& part, Blocks& out) {
    pugi::xml_document document;
    for (pugi::xml_node shape : child(child(package_.load(part, document), "cSld"), "spTree").children())
      if (is(shape, "sp") && placeholder(shape) == "body") append_paragraphs(child(shape, "txBody"), false, out, 0);
  }

  // The text of a diagram (SmartArt), which lies in a part of its own.
  void append_diagram(const std::string& part, Blocks& out) {
    pugi::xml_document document;
    for (pugi::xml_node point : child(package_.load(part, document), "ptLst").children())
      append_paragraphs(child(point, "t"), true, out, 0);
  }

  Package& package_;
  std::set<std::string> read_;
};

}  // namespace

Result<OfficeText> read_presentation(const Source& source, const std::string& main) {
  Package& package = source.package;
  pugi::xml_document document;
  if (!parse(*package.find(main), document))
    return invalid_data("malformed " + main, source.where, "open it and save it again");
  std::map<std::string, std::string> parts;
  for (Relationship& relationship : package.relationships(main)) parts[relationship.id] = relationship.target;
  OfficeText out;
  out.title = declared_title(package);
  SlideParts beside(package);
  Blocks blocks;
  for (pugi::xml_node reference : child(document.document_element(), "sldIdLst").children()) {
    // The attribute "id" stands twice, the relationship's with a prefix.
    std::string id;
    for (pugi::xml_attribute candidate : reference.attributes())
      if (std::string_view(candidate.name()).ends_with(":id")) id = candidate.value();
    auto part = parts.find(id);
    if (part == parts.end() || !beside.is_new(part->second)) continue;
    const std::string& name = part->second;
    pugi::xml_document slide;
    pugi::xml_node root = package.load(name, slide);
    if (value(root, "show") == "0" || value(root, "show") == "false") continue;
    SlideReader reader;
    reader.read_shapes(child(child(root, "cSld"), "spTree"), 0);
    if (out.title.empty()) out.title = reader.title();
    std::ranges::move(reader.take(), std::back_inserter(blocks));
    beside.append(name, blocks);
  }
  MALMOI_ASSIGN(out.text, write_blocks(blocks, source.format, source.limits, source.packed, source.where));
  return out;
}

}  // namespace malmoi::data::office
