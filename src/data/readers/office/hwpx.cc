// HWPX (OWPML, KS X 6101): the sections of a Hangul document in their order, with tables, text boxes, notes, equations.
#include <algorithm>
#include <cstdlib>

#include "base/ascii.h"
#include "data/readers/office/blocks.h"
#include "data/readers/office/formats.h"
#include "data/readers/office/hangul.h"
#include "data/readers/office/notes.h"
#include "data/readers/office/numbering.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

constexpr int kHangulLevels = 10;

NumberStyle hangul_number_style(std::string_view format) {
  struct Named {
    std::string_view name;
    NumberStyle style;
  };
  constexpr Named kNames[] = {{"LATIN_CAPITAL", NumberStyle::kUpperLetter},
                              {"LATIN_SMALL", NumberStyle::kLowerLetter},
                              {"ROMAN_CAPITAL", NumberStyle::kUpperRoman},
                              {"ROMAN_SMALL", NumberStyle::kLowerRoman},
                              {"CIRCLED_DIGIT", NumberStyle::kCircled},
                              {"HANGUL_SYLLABLE", NumberStyle::kSyllable},
                              {"CIRCLED_HANGUL_SYLLABLE", NumberStyle::kCircledSyllable},
                              {"HANGUL_JAMO", NumberStyle::kJamo},
                              {"HANGUL_PHONETIC", NumberStyle::kKoreanDigit},
                              {"IDEOGRAPH", NumberStyle::kIdeograph}};
  for (const Named& named : kNames)
    if (named.name == format) return named.style;
  return NumberStyle::kDecimal;
}

// What a paragraph's shape says of it.
struct Shape {
  HangulShape type = HangulShape::kPlain;
  std::string list;  // that counts
  int level = 0;
};

HangulShape shape_type(std::string_view name) {
  if (name == "OUTLINE") return HangulShape::kOutline;
  if (name == "NUMBER") return HangulShape::kNumber;
  return name == "BULLET" ? HangulShape::kBullet : HangulShape::kPlain;
}

// Contents/header.xml: shapes of paragraphs, numberings, styles.
class Header {
 public:
  void read(pugi::xml_node head) {
    for (pugi::xml_node node = find(head, "paraProperties").first_child(); node; node = node.next_sibling()) {
      pugi::xml_node mark = office::find(node, "heading");
      shapes_[std::string(value(node, "id"))] = {shape_type(value(mark, "type")), std::string(value(mark, "idRef")),
                                                 std::clamp(attribute(mark, "level").as_int(), 0, kHangulLevels - 1)};
    }
    for (pugi::xml_node node = find(head, "numberings").first_child(); node; node = node.next_sibling()) {
      std::vector<ListLevel>& levels = lists_[std::string(value(node, "id"))];
      for (pugi::xml_node level : node.children()) read_level(level, levels);
    }
    for (pugi::xml_node node = find(head, "styles").first_child(); node; node = node.next_sibling()) {
      std::string name = ascii_lower(value(node, "name"));
      int level = 0;
      for (std::string_view prefix : {"개요 ", "outline "})
        if (name.starts_with(prefix)) level = std::atoi(name.c_str() + prefix.size());
      headings_[std::string(value(node, "id"))] = level;
    }
  }

  Shape shape(std::string_view id) const {
    auto found = shapes_.find(id);
    return found == shapes_.end() ? Shape() : found->second;
  }
  const std::vector<ListLevel>* list(const std::string& id) const {
    auto found = lists_.find(id);
    return found == lists_.end() ? nullptr : &found->second;
  }
  /// 0: the style makes no heading.
  int heading(std::string_view style) const {
    auto found = headings_.find(style);
    return found == headings_.end() ? 0 : found->second;
  }

 private:
  static void read_level(pugi::xml_node node, std::vector<ListLevel>& levels) {
    int at = attribute(node, "level").as_int();
    if (!is(node, "paraHead") || at < 1 || at > kHangulLevels) return;
    levels.resize(std::max(levels.size(), static_cast<size_t>(at)));
    std::string text = all_text(node);  // "^1."
    std::ranges::replace(text, '^', '%');
    if (text.size() > ListLevel::kLongest) text.clear();
    levels[static_cast<size_t>(at - 1)] = {hangul_number_style(value(node, "numFormat")), text,
                                           attribute(node, "start").as_int(1)};
  }

  std::map<std::string, Shape, std::less<>> shapes_;
  std::map<std::string, std::vector<ListLevel>> lists_;
  std::map<std::string, int, std::less<>> headings_;
};

class SectionReader {
 public:
  SectionReader(const Header& header, TextFormat format) : header_(header), notes_(format) {}

  void read(pugi::xml_node section, Blocks& out) {
    outline_ = value(find(section, "secPr"), "outlineShapeIDRef");
    blocks(section, out, 0);
  }
  void append_notes(Blocks& out) {
    notes_.append(out, [&](const std::string& key) { return content_of(note_bodies_[key], 0); });
  }

 private:
  Blocks content_of(pugi::xml_node node, int depth) {
    Blocks out;
    blocks(node, out, depth);
    return out;
  }

  void blocks(pugi::xml_node node, Blocks& out, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node part : node.children()) {
      if (is(part, "p")) paragraph(part, out, depth + 1);
      else if (!is(part, "switch")) blocks(part, out, depth + 1);
      else blocks(branch(part), out, depth + 1);
    }
  }

  // Of the branches of a switch, which say the same, the one for readers that know no more than the standard.
  static pugi::xml_node branch(pugi::xml_node node) {
    pugi::xml_node plain = child(node, "default");
    return plain ? plain : child(node, "case");
  }

  void paragraph(pugi::xml_node node, Blocks& out, int depth) {
    Line line;
    deleted_ = false;
    content(node, line, depth);
    paragraphs_.append(std::move(line), look_of(node), out);
  }

  HangulLook look_of(pugi::xml_node node) const {
    Shape shape = header_.shape(value(node, "paraPrIDRef"));
    const std::string& list = shape.type == HangulShape::kOutline ? outline_ : shape.list;
    return {shape.type, shape.level, header_.heading(value(node, "styleIDRef")), list, header_.list(list)};
  }

  void content(pugi::xml_node node, Line& line, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node part : node.children()) element(part, line, depth + 1);
  }

  void element(pugi::xml_node node, Line& line, int depth) {
    std::string_view name = local_name(node);
    if (name == "t") return text(node, line.text, depth);
    if (name == "tbl") {
      if (pugi::xml_node caption = child(node, "caption"); caption && value(caption, "side") != "BOTTOM")
        std::ranges::move(content_of(caption, depth), std::back_inserter(line.after));
      line.after.push_back(table(node, depth));
      if (pugi::xml_node caption = child(node, "caption"); caption && value(caption, "side") == "BOTTOM")
        std::ranges::move(content_of(caption, depth), std::back_inserter(line.after));
    } else if (name == "drawText" || name == "caption") {
      std::ranges::move(content_of(node, depth), std::back_inserter(line.after));
    } else if (name == "footNote" || name == "endNote") {
      std::string key = std::to_string(note_bodies_.size());
      note_bodies_[key] = node;
      line.text += notes_.mark(key);
    } else if (name == "equation") {
      std::string script = trimmed(all_text(child(node, "script")));
      if (!script.empty()) line.text += "$" + script + "$";
    } else if (name == "dutmal") {
      line.text += all_text(child(node, "mainText"));  // as of ruby the base
    } else if (name == "compose") {
      line.text += value(node, "composeText");
    } else if (name == "autoNum") {
      line.text += number_of_caption(node);
    } else if (name == "switch") {
      content(branch(node), line, depth);
    } else if (!is_left_out(name)) {
      content(node, line, depth);
    }
  }

  // The number of a picture, a table, an equation; notes are numbered otherwise, and pages are not.
  static std::string number_of_caption(pugi::xml_node node) {
    std::string_view type = value(node, "numType");
    bool counts = type == "TABLE" || type == "PICTURE" || type == "FIGURE" || type == "EQUATION";
    return std::string(counts ? value(node, "num") : "");
  }

  // What stands on every page, comments, and what speaks of the text without being it.
  static bool is_left_out(std::string_view name) {
    constexpr std::string_view kNames[] = {"secPr",        "header",       "footer",  "hiddenComment",
                                           "linesegarray", "shapeComment", "script",  "parameters",
                                           "fieldBegin",   "newNum",       "pageNum", "metaTag"};
    return std::ranges::find(kNames, name) != std::end(kNames);
  }

  // A run of text with marks in it; between those of a deletion nothing counts.
  void text(pugi::xml_node node, std::string& out, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node part : node.children()) {
      std::string_view name = local_name(part);
      if (name == "deleteBegin") deleted_ = true;
      else if (name == "deleteEnd") deleted_ = false;
      else if (deleted_) continue;
      else if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) out += part.value();
      else if (name == "lineBreak") out += '\n';
      else if (name == "tab") out += '\t';
      else if (name == "nbSpace" || name == "fwSpace") out += ' ';
      else if (name == "hyphen") out += '-';
      else text(part, out, depth + 1);
    }
  }

  // Cells say where they are; those that a merged one covers are not there.
  Block table(pugi::xml_node node, int depth) {
    Block block;
    block.kind = Block::Kind::kTable;
    for (pugi::xml_node row : node.children()) {
      if (!is(row, "tr")) continue;
      std::vector<Cell>& cells = block.rows.emplace_back();
      int filled = 0;
      for (pugi::xml_node part : row.children()) {
        if (!is(part, "tc")) continue;
        int column = std::clamp(attribute(child(part, "cellAddr"), "colAddr").as_int(filled), 0, Cell::kMaxSpan);
        if (column > filled) cells.push_back({{}, column - filled});
        int span = std::clamp(attribute(child(part, "cellSpan"), "colSpan").as_int(1), 1, Cell::kMaxSpan);
        cells.push_back({content_of(child(part, "subList"), depth + 1), span});
        filled = std::min(std::max(filled, column) + span, Cell::kMaxSpan);
      }
    }
    return block;
  }

  const Header& header_;
  Notes notes_;
  std::map<std::string, pugi::xml_node> note_bodies_;
  HangulParagraphs paragraphs_;
  std::string outline_;  // the numbering of the section's outline
  bool deleted_ = false;
};

// The sections by the package file's spine; where that names none, by their numbers.
std::vector<std::string> sections(const Package& package, pugi::xml_node root) {
  std::map<std::string, std::string> items;
  for (pugi::xml_node item : child(root, "manifest").children())
    if (attribute(item, "href")) items[std::string(value(item, "id"))] = value(item, "href");
  std::vector<std::string> parts;
  std::set<std::string> seen;
  for (pugi::xml_node reference : child(root, "spine").children()) {
    std::string& href = items[std::string(value(reference, "idref"))];
    if (href.empty() || href.find("section") == std::string::npos) continue;
    // Relative to the package's root, as Hangul writes, or to the file itself.
    std::string part = package.find(href) ? href : resolve("Contents/content.hpf", href);
    if (!package.find(part)) part = href;
    if (seen.insert(folded(part)).second) parts.push_back(part);
  }
  if (!parts.empty()) return parts;
  for (const std::string& name : package.names())
    if (folded(name).starts_with("contents/section") && name.ends_with(".xml")) parts.push_back(name);
  std::ranges::sort(parts, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return parts;
}

}  // namespace

Result<OfficeText> read_hwpx(const Source& source) {
  Package& package = source.package;
  if (const std::string* manifest = package.find("META-INF/manifest.xml");
      manifest && manifest->find("encryption-data") != std::string::npos)
    return unsupported("needs a password", source.where, "save it in Hangul without one");
  pugi::xml_document content, head;
  if (const std::string* part = package.find("Contents/content.hpf")) parse(*part, content);
  pugi::xml_node root = content.document_element();
  Header header;
  if (package.find("Contents/header.xml")) header.read(package.load("Contents/header.xml", head));
  SectionReader reader(header, source.format);
  Blocks blocks;
  std::vector<pugi::xml_document> documents;  // kept, since notes are read at the end
  std::vector<std::string> parts = sections(package, root);
  documents.reserve(parts.size());
  bool is_there = false;
  for (const std::string& part : parts) {
    pugi::xml_node section = package.load(part, documents.emplace_back());
    is_there |= !section.empty();
    reader.read(section, blocks);
  }
  if (!is_there) return invalid_data("has no section that can be read", source.where, "open it and save it again");
  reader.append_notes(blocks);
  OfficeText out;
  out.title = trimmed(all_text(child(child(root, "metadata"), "title")));
  if (out.title.empty()) out.title = first_heading(blocks);
  MALMOI_ASSIGN(out.text, write_blocks(blocks, source.format, source.limits, source.packed, source.where));
  return out;
}

}  // namespace malmoi::data::office
