#include "data/html/html.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/ascii.h"
#include "data/html/blocks.h"
#include "data/html/rules.h"

namespace malmoi::data {
namespace {

using html::Block;
using html::BlockKind;
using html::Page;

constexpr size_t kMaxTags = 2'000'000;  // a tree takes half a kilobyte for each element
constexpr size_t kMaxDepth = 1000;      // the parser's own recursion stays far from the end of any stack

double link_share(const Block& block) {
  return block.width ? static_cast<double>(block.link_width) / static_cast<double>(block.width) : 0;
}

bool is_heading(const Block& block) { return block.kind == BlockKind::kHeading || block.kind == BlockKind::kTitleRow; }

// What a block says for (or against) the element around it being the content.
double block_value(const Block& block) {
  double links = link_share(block);
  auto width = static_cast<double>(std::min<size_t>(block.width, 500));
  bool structured = block.kind == BlockKind::kTable || block.kind == BlockKind::kCode || is_heading(block);
  if (!structured && html::is_boilerplate_line(block.text, block.width)) return -30;
  bool sentence = html::ends_sentence(block.text);
  if (links > (sentence || structured ? 0.5 : 0.3)) return is_heading(block) ? 0 : -(10 + std::min(width, 80.0) * 0.5);
  switch (block.kind) {
    case BlockKind::kHeading: return 15;
    case BlockKind::kTitleRow: return 60;
    case BlockKind::kTable: return width * 0.5 * (1 - links);
    case BlockKind::kCode: return width * 0.7;
    case BlockKind::kItem: return block.width < 8 ? 1 : width * 0.5 * (1 - links);
    default: break;
  }
  if (block.width >= 20 && sentence) return width * (1 - links);
  if (block.width >= 60) return width * 0.6 * (1 - links);
  return block.kind == BlockKind::kCaption ? 2 : -3;
}

struct Choice {
  uint32_t root = 0;
  double value = 0;
};

// The element whose blocks have the largest sum; of equal ones the innermost. Then inwards, as long as what is left
// outside is a small share and itself half boilerplate: one stray sentence among links makes no content.
Choice choose_root(const Page& page, const std::vector<double>& values) {
  size_t n = page.elements.size();
  std::vector<double> gains(n, 0.0), costs(n, 0.0);
  for (size_t i = 0; i < page.blocks.size(); ++i)
    (values[i] > 0 ? gains : costs)[page.blocks[i].element] += std::abs(values[i]);
  for (size_t e = n; e-- > 1;) {
    gains[page.elements[e].parent] += gains[e];
    costs[page.elements[e].parent] += costs[e];
  }
  Choice best;
  for (size_t e = 0; e < n; ++e) {
    double sum = gains[e] - costs[e];
    // What the author calls the content is worth some doubt.
    double value = sum + (page.elements[e].semantic && sum > 0 ? std::min(sum * 0.2, 60.0) : 0);
    if (value >= best.value && value > 0) best = {static_cast<uint32_t>(e), value};
  }
  for (size_t e = best.root + 1; e < n; ++e) {
    if (page.elements[e].parent < best.root) break;  // past the chosen element
    double lost_gain = gains[best.root] - gains[e], lost_cost = costs[best.root] - costs[e];
    if (gains[e] > 0 && lost_gain < 0.3 * gains[best.root] && lost_cost > 0.5 * lost_gain && lost_gain < 150)
      best = {static_cast<uint32_t>(e), gains[e] - costs[e]};
  }
  return best;
}

bool inside(const Page& page, uint32_t element, uint32_t root) {
  while (element > root) element = page.elements[element].parent;
  return element == root;
}

// Comments, related pages and the like under a heading that says so: to the end of the element that holds the heading,
// or to the next heading of its rank.
void cut_sections(const Page& page, std::vector<char>& keep) {
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& heading = page.blocks[i];
    if (!keep[i] || heading.kind != BlockKind::kHeading || heading.level == 1 ||
        !html::is_cutting_heading(heading.text))
      continue;
    uint32_t holder = page.elements[heading.element].parent;
    for (size_t j = i; j < page.blocks.size() && inside(page, page.blocks[j].element, holder); ++j) {
      const Block& block = page.blocks[j];
      if (j > i && block.kind == BlockKind::kHeading && block.level <= heading.level &&
          !html::is_cutting_heading(block.text))
        break;
      keep[j] = 0;
    }
  }
}

// Headings left with nothing under them because what stood there went.
void drop_empty_sections(const Page& page, const std::vector<char>& before, std::vector<char>& keep) {
  for (size_t i = page.blocks.size(); i-- > 0;) {
    const Block& heading = page.blocks[i];
    if (!keep[i] || heading.kind != BlockKind::kHeading || heading.level == 1) continue;
    bool lost = false, filled = false;
    for (size_t j = i + 1; j < page.blocks.size() && before[j] && !filled; ++j) {
      if (page.blocks[j].kind == BlockKind::kHeading && page.blocks[j].level <= heading.level) break;
      filled = keep[j];
      lost |= !keep[j];
    }
    if (lost && !filled) keep[i] = 0;
  }
}

// A heading before the chosen element: the title of the page, where it stands outside.
void add_title(const Page& page, std::vector<char>& keep) {
  size_t first = 0;
  while (first < keep.size() && !keep[first]) ++first;
  if (first == keep.size() || is_heading(page.blocks[first])) return;
  for (size_t i = first; i < std::min(first + 4, keep.size()); ++i)
    if (keep[i] && is_heading(page.blocks[i]) && page.blocks[i].level <= 2) return;
  for (size_t back = 1; back <= std::min<size_t>(first, 12); ++back) {
    const Block& block = page.blocks[first - back];
    bool titled = block.width > 4 && page.title.starts_with(block.text);
    if (!(is_heading(block) && block.level <= 2 && link_share(block) < 0.5) && !titled) continue;
    if (html::is_cutting_heading(block.text)) continue;
    keep[first - back] = 1;
    return;
  }
}

std::vector<char> choose_blocks(const Page& page) {
  std::vector<double> values;
  for (const Block& block : page.blocks) values.push_back(block_value(block));
  std::vector<char> keep(page.blocks.size(), 0);
  Choice choice = choose_root(page, values);
  if (choice.value < 20) return keep;
  for (size_t i = 0; i < keep.size(); ++i) keep[i] = inside(page, page.blocks[i].element, choice.root);
  std::vector<char> before = keep;
  cut_sections(page, keep);
  for (size_t i = 0; i < keep.size(); ++i) {
    const Block& block = page.blocks[i];
    double links = link_share(block);
    bool prose = block.width >= 60 && html::ends_sentence(block.text);
    if (is_heading(block)) continue;
    if (block.kind == BlockKind::kTable ? links > 0.7 : links > (prose ? 0.9 : 0.5)) keep[i] = 0;
    if (block.kind == BlockKind::kText && html::is_boilerplate_line(block.text, block.width)) keep[i] = 0;
    if (block.kind == BlockKind::kItem && values[i] <= -30 && !prose && block.width < 60) keep[i] = 0;
  }
  drop_empty_sections(page, before, keep);
  add_title(page, keep);
  bool content = false;
  for (size_t i = 0; i < keep.size(); ++i) content |= keep[i] && !is_heading(page.blocks[i]);
  if (!content) std::fill(keep.begin(), keep.end(), 0);
  return keep;
}

// --- writing ----------------------------------------------------------------------------------------------------------

void append_table(std::string& out, const std::string& rows) {
  bool first = true;
  for (size_t begin = 0; begin <= rows.size();) {
    size_t end = std::min(rows.find('\n', begin), rows.size());
    std::string_view row = std::string_view(rows).substr(begin, end - begin);
    if (begin > 0) out += '\n';
    out += "| ";
    size_t columns = 1;
    for (char c : row) {
      if (c == '\t') out += " | ", ++columns;
      else if (c == '|') out += "\\|";
      else out += c;
    }
    out += " |";
    if (std::exchange(first, false)) {
      out += "\n|";
      for (size_t i = 0; i < columns; ++i) out += " --- |";
    }
    begin = end + 1;
  }
}

void append_quote(std::string& out, std::string_view text) {
  out += "> ";
  for (char c : text) (out += c) += c == '\n' ? "> " : "";
}

void append_block(std::string& out, const Block& block, TextFormat format) {
  if (format == TextFormat::kPlain) {
    out += block.text;
    return;
  }
  const std::string& text = block.markup.empty() ? block.text : block.markup;
  switch (block.kind) {
    case BlockKind::kHeading:
    case BlockKind::kTitleRow:
      (out.append(static_cast<size_t>(std::clamp(block.level, 1, 6)), '#') += ' ') += block.text;
      break;
    case BlockKind::kItem:
      out.append(static_cast<size_t>(std::min(block.level, 8)) * 2, ' ');
      (out += block.number ? std::to_string(block.number) + ". " : "- ") += text;
      break;
    case BlockKind::kTable: append_table(out, block.text); break;
    case BlockKind::kCode: ((out += "```\n") += block.text) += "\n```"; break;
    case BlockKind::kQuote: append_quote(out, text); break;
    default: out += text;
  }
}

std::string write_blocks(const Page& page, const std::vector<char>& keep, TextFormat format) {
  std::string out;
  const Block* previous = nullptr;
  for (size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    const Block& block = page.blocks[i];
    bool same_list = previous && previous->kind == BlockKind::kItem && block.kind == BlockKind::kItem;
    if (previous) out += same_list ? "\n" : "\n\n";
    append_block(out, block, format);
    previous = &block;
  }
  return out;
}

// "Mending a tap | A Small Workshop" -> "Mending a tap".
std::string page_title(const Page& page, const std::vector<char>& keep) {
  for (size_t i = 0; i < keep.size(); ++i)
    if (keep[i] && is_heading(page.blocks[i]) && page.blocks[i].level <= 2) return page.blocks[i].text;
  std::string title = page.title;
  for (char& c : title)
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
  for (std::string_view separator : {" | ", " - ", " — ", " – ", " :: ", " » ", " : "}) {
    size_t at = title.rfind(separator);
    if (at != std::string::npos && at >= 4) {
      title.resize(at);
      break;
    }
  }
  size_t begin = title.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  return title.substr(begin, title.find_last_not_of(' ') - begin + 1);
}

std::string language_tag(std::string_view lang) {
  std::string out;
  for (char c : ascii_lower(lang.substr(0, lang.find_first_of("-_"))))
    if (c >= 'a' && c <= 'z') out += c;
  return out.size() <= 3 ? out : std::string();
}

}  // namespace

HtmlText extract_html(std::string_view source, const HtmlOptions& options) {
  HtmlText result;
  auto tags = static_cast<size_t>(std::count(source.begin(), source.end(), '<'));
  if (tags > kMaxTags || html::nests_deeper(source, kMaxDepth)) {
    result.text = html::strip_tags(source);
    result.flattened = true;
    return result;
  }
  Page page = html::parse_page(source, {options.whole_page, false});
  std::vector<char> keep = options.whole_page ? std::vector<char>(page.blocks.size(), 1) : choose_blocks(page);
  bool hides = source.find("hidden") != std::string_view::npos || source.find("none") != std::string_view::npos;
  if (!options.whole_page && hides && std::none_of(keep.begin(), keep.end(), [](char k) { return k; })) {
    // A page that scripts unfold: all of its content is hidden at first. A hidden note or window is too short for that.
    Page unfolded = html::parse_page(source, {false, true});
    std::vector<char> chosen = choose_blocks(unfolded);
    size_t width = 0;
    for (size_t i = 0; i < chosen.size(); ++i) width += chosen[i] ? unfolded.blocks[i].width : 0;
    if (width >= 300) page = std::move(unfolded), keep = std::move(chosen);
  }
  result.text = write_blocks(page, keep, options.format);
  result.title = page_title(page, keep);
  result.language = language_tag(page.language);
  return result;
}

}  // namespace malmoi::data
