// OpenDocument (OASIS, 1.3): content.xml of a text, a spreadsheet or a presentation, zipped or flat.
#include <algorithm>

#include "data/readers/office/blocks.h"
#include "data/readers/office/formats.h"
#include "data/readers/office/notes.h"
#include "data/readers/office/numbering.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

const std::string kOutline = " outline";  // the list of headings; no style is called so
constexpr int kMostRepeats = 100;  // of a cell or a space that says how often it stands; sheets fill their ends so

NumberStyle odf_number_style(std::string_view format) {
  if (format == "1") return NumberStyle::kDecimal;
  if (format == "a") return NumberStyle::kLowerLetter;
  if (format == "A") return NumberStyle::kUpperLetter;
  if (format == "i") return NumberStyle::kLowerRoman;
  if (format == "I") return NumberStyle::kUpperRoman;
  if (format.starts_with("가")) return NumberStyle::kSyllable;
  if (format.starts_with("ㄱ")) return NumberStyle::kJamo;
  if (format.starts_with("①")) return NumberStyle::kCircled;
  return format.empty() ? NumberStyle::kNone : NumberStyle::kDecimal;
}

ListLevel read_level(pugi::xml_node node, int level) {
  ListLevel out;
  if (is(node, "list-level-style-bullet")) return out;
  out.style = odf_number_style(value(node, "num-format"));
  out.start = attribute(node, "start-value").as_int(1);
  int shown = std::clamp(attribute(node, "display-levels").as_int(1), 1, level);
  out.text = value(node, "num-prefix");
  for (int i = level - shown + 1; i <= level; ++i)
    (out.text += i > level - shown + 1 ? ".%" : "%") += std::to_string(i);
  out.text += value(node, "num-suffix");
  if (out.text.size() > ListLevel::kLongest) out.text.clear();
  return out;
}

class OpenDocumentReader {
 public:
  explicit OpenDocumentReader(const Source& source)
      : source_(source), notes_(source.format), limit_(text_limit(source.limits, source.packed)) {}

  void read_styles(pugi::xml_node styles) {
    for (pugi::xml_node node : styles.children()) {
      std::string name(value(node, "name"));
      if (is(node, "list-style") || is(node, "outline-style")) {
        std::vector<ListLevel>& levels = lists_[is(node, "outline-style") ? kOutline : name];
        for (pugi::xml_node level : node.children()) {
          int at = attribute(level, "level").as_int();
          if (at < 1 || at > 9) continue;
          levels.resize(std::max(levels.size(), static_cast<size_t>(at)));
          levels[static_cast<size_t>(at - 1)] = read_level(level, at);
        }
      } else if (is(node, "style") && value(child(node, "text-properties"), "display") == "none") {
        hidden_.insert(name);
      }
    }
  }

  Blocks read(pugi::xml_node body) {
    Blocks out;
    blocks(body, out, {}, 0);
    for (const Block& block : out)
      if (block.kind == Block::Kind::kHeading && title_.empty()) title_ = block.text;
    notes_.append(out, [&](const std::string& key) {
      Blocks note;
      blocks(note_bodies_[key], note, {}, 0);
      return note;
    });
    return out;
  }

  const std::string& title() const { return title_; }
  bool full() const { return held_ > limit_; }

 private:
  struct List {
    std::string style, counted;  // the style and whose numbers it goes on
    int depth = 0;               // 0: none
    bool first = false;          // the first paragraph of an item, which has its number
  };

  void blocks(pugi::xml_node node, Blocks& out, List list, int depth) {
    if (depth > kMaxDepth || full()) return;
    for (pugi::xml_node part : node.children()) {
      std::string_view name = local_name(part);
      if (name == "h" || name == "p") {
        line_block(part, out, list, depth);
        list.first = false;
      } else if (name == "list") {
        read_list(part, out, list, depth + 1);
      } else if (name == "table") {
        read_table(part, out, depth + 1);
      } else if (name == "frame" && value(part, "class") == "title") {
        read_title(part, out, depth + 1);
      } else if (!is_left_out(part)) {
        blocks(part, out, list, depth + 1);
      }
    }
  }

  // What was deleted, what speaks of the text without being it, and tables of contents.
  static bool is_left_out(pugi::xml_node node) {
    constexpr std::string_view kNames[] = {"tracked-changes",
                                           "sequence-decls",
                                           "variable-decls",
                                           "forms",
                                           "annotation",
                                           "table-of-content",
                                           "user-field-decls",
                                           "settings",
                                           "shapes",
                                           "desc",
                                           "title",
                                           "scripts",
                                           "font-face-decls",
                                           "calculation-settings",
                                           "named-expressions",
                                           "database-ranges",
                                           "binary-data",
                                           "dde-connection-decls"};
    std::string_view name = local_name(node);
    if (std::ranges::find(kNames, name) != std::end(kNames)) return true;
    return name == "section" && value(node, "display") == "none";
  }

  void line_block(pugi::xml_node node, Blocks& out, const List& list, int depth) {
    if (hidden_.contains(std::string(value(node, "style-name")))) return;
    Line line;
    content(node, line, depth);
    Block block = paragraph(trimmed(line.text));
    held_ += block.text.size();
    if (!block.text.empty()) {
      std::string number;
      bool is_item = list.depth > 0 && list.first;
      if (auto levels = lists_.find(list.style); is_item && levels != lists_.end()) {
        number = counters_.next(list.counted, list.depth - 1, levels->second);
        auto at = static_cast<size_t>(list.depth - 1);
        is_item = at >= levels->second.size() || levels->second[at].style != NumberStyle::kNone;
      }
      if (is(node, "h")) {
        if (number.empty()) number = outline_number(node);
        block = heading(number.empty() ? block.text : number + " " + block.text,
                        attribute(node, "outline-level").as_int(1));
      } else if (is_item) {
        block.kind = Block::Kind::kItem;
        block.level = list.depth - 1;
        block.marker = number;
      }
      out.push_back(std::move(block));
    }
    std::ranges::move(line.after, std::back_inserter(out));
  }

  // Headings outside lists have the numbers of the outline, where it has any.
  std::string outline_number(pugi::xml_node heading) {
    auto levels = lists_.find(kOutline);
    if (levels == lists_.end() || attribute(heading, "is-list-header").as_bool()) return {};
    return counters_.next(kOutline, std::clamp(attribute(heading, "outline-level").as_int(1), 1, 10) - 1,
                          levels->second);
  }

  void read_list(pugi::xml_node node, Blocks& out, List outer, int depth) {
    List list = outer;
    ++list.depth;
    if (std::string_view style = value(node, "style-name"); !style.empty()) list.style = style;
    // A list of the outermost level begins anew, unless it goes on from the one before of its style.
    if (outer.depth == 0) {
      bool goes_on = attribute(node, "continue-numbering").as_bool() || attribute(node, "continue-list");
      std::string& last = last_list_[list.style];
      if (!goes_on || last.empty()) last = list.style + " " + std::to_string(++lists_read_);
      list.counted = last;
    }
    for (pugi::xml_node item : node.children()) {
      if (!is(item, "list-item") && !is(item, "list-header")) continue;
      list.first = is(item, "list-item");
      if (pugi::xml_attribute start = attribute(item, "start-value"))
        counters_.restart(list.counted, list.depth - 1, start.as_int(1));
      blocks(item, out, list, depth + 1);
    }
  }

  // The title of a slide.
  void read_title(pugi::xml_node node, Blocks& out, int depth) {
    Blocks lines;
    blocks(node, lines, {}, depth);
    std::string text;
    for (const Block& line : lines) (text += text.empty() ? "" : " ") += line.text;
    if (!text.empty()) out.push_back(heading(std::move(text), 2));
  }

  void content(pugi::xml_node node, Line& line, int depth) {
    if (depth > kMaxDepth) return;
    for (pugi::xml_node part : node.children()) {
      if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) append_spaced(part.value(), line.text);
      else element(part, line, depth + 1);
    }
  }

  // White space counts as one space; only <text:s> and <text:tab> are more.
  static void append_spaced(std::string_view text, std::string& out) {
    for (char c : text) {
      bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (!space) out += c;
      else if (!out.empty() && out.back() != ' ') out += ' ';
    }
  }

  void element(pugi::xml_node node, Line& line, int depth) {
    std::string_view name = local_name(node);
    if (name == "s") {
      line.text.append(static_cast<size_t>(std::clamp(attribute(node, "c").as_int(1), 0, kMostRepeats)), ' ');
    } else if (name == "tab") {
      line.text += '\t';
    } else if (name == "line-break") {
      line.text += '\n';
    } else if (name == "note") {
      std::string key = std::to_string(note_bodies_.size());
      note_bodies_[key] = child(node, "note-body");
      line.text += notes_.mark(key);
    } else if (name == "text-box") {
      blocks(node, line.after, {}, depth);
    } else if (name == "table") {
      read_table(node, line.after, depth);
    } else if (name == "object") {
      line.text += read_formula(node);
    } else if (name == "span" && hidden_.contains(std::string(value(node, "style-name")))) {
      return;
    } else if (!is_left_out(node) && name != "ruby-text" && name != "hidden-text" && name != "hidden-paragraph") {
      content(node, line, depth);
    }
  }

  // A formula lies in a part of its own (or here, in a flat file), with its source as an annotation of its MathML.
  std::string read_formula(pugi::xml_node object) {
    pugi::xml_node annotation = find(object, "annotation");
    pugi::xml_document document;
    std::string part = resolve("", value(object, "href"));
    if (!annotation && formulas_read_.insert(folded(part)).second) {
      const std::string* content = source_.package.find(part + "/content.xml");
      if (content) parse(*content, document);
      annotation = find(document, "annotation");
    }
    std::string text = trimmed(all_text(annotation));
    return text.empty() ? text : "$" + text + "$";
  }

  void read_table(pugi::xml_node node, Blocks& out, int depth) {
    // A sheet has a name that its readers see; other tables have one that they do not.
    if (is(node.parent(), "spreadsheet")) out.push_back(heading(std::string(value(node, "name")), 2));
    Block table;
    table.kind = Block::Kind::kTable;
    rows(node, table.rows, depth);
    if (is_blank(table) && is(node.parent(), "spreadsheet")) out.pop_back();
    else out.push_back(std::move(table));
  }

  void rows(pugi::xml_node node, std::vector<std::vector<Cell>>& out, int depth) {
    if (depth > kMaxDepth || full()) return;
    for (pugi::xml_node part : node.children()) {
      if (!is(part, "table-row")) {
        if (!is(part, "table-cell") && !is_left_out(part)) rows(part, out, depth + 1);
        continue;
      }
      out.emplace_back();
      for (pugi::xml_node cell : part.children()) {
        bool is_covered = is(cell, "covered-table-cell");
        if (!is_covered && !is(cell, "table-cell")) continue;
        Cell read;
        if (!is_covered) blocks(cell, read.blocks, {}, depth + 1);
        int repeats = std::max(attribute(cell, "number-columns-repeated").as_int(1), 1);
        // The cells that one covers beside it stand there as covered ones.
        if (is_blank(read.blocks)) read.span = repeats;
        else
          for (int i = 1; i < std::min(repeats, kMostRepeats) && !full(); ++i) {
            for (const Block& block : read.blocks) held_ += block.text.size();
            out.back().push_back(read);
          }
        out.back().push_back(std::move(read));
      }
    }
  }

  const Source& source_;
  Notes notes_;
  uint64_t limit_, held_ = 0;
  std::map<std::string, std::vector<ListLevel>> lists_;
  std::set<std::string> hidden_, formulas_read_;
  std::map<std::string, pugi::xml_node> note_bodies_;
  std::map<std::string, std::string> last_list_;  // of a style: whose numbers it goes on
  int lists_read_ = 0;
  ListCounters counters_;
  std::string title_;
};

}  // namespace

Result<OfficeText> read_open_document(const Source& source, const std::string& content, const std::string* meta) {
  pugi::xml_document document, properties, styles;
  bool is_whole = parse(content, document);
  pugi::xml_node root = document.document_element(), body = child(root, "body");
  if (!body) return invalid_data("is no OpenDocument file", source.where, "check that it is one (.odt, .ods, .odp)");
  OpenDocumentReader reader(source);
  if (source.package.find("styles.xml")) reader.read_styles(child(source.package.load("styles.xml", styles), "styles"));
  reader.read_styles(child(root, "styles"));
  reader.read_styles(child(root, "automatic-styles"));
  Blocks blocks = reader.read(body);
  if (reader.full()) return too_much_text(text_limit(source.limits, source.packed), source.where);
  OfficeText out;
  if (!is_whole) out.problems.push_back({"content.xml", "read.damaged", "is malformed"});
  if (meta) parse(*meta, properties);
  out.title = all_text(child(child(meta ? properties.document_element() : root, "meta"), "title"));
  if (out.title.empty()) out.title = reader.title();
  MALMOI_ASSIGN(out.text, write_blocks(blocks, source.format, source.limits, source.packed, source.where));
  return out;
}

}  // namespace malmoi::data::office
