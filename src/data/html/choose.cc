#include "data/html/choose.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "data/html/rules.h"

namespace malmoi::data::html {
namespace {

double link_share(const Block& block) {
  if (block.kind == BlockKind::kCode) return 0;  // names in listings are often linked
  return block.width ? static_cast<double>(block.link_width) / static_cast<double>(block.width) : 0;
}

constexpr size_t kProseAround = 100;  // width: two lines or so

// Of a block of links: whether what stands around it makes it content.
enum class Linked : uint8_t { kNo, kContent, kMinor };

// The prose in an element: its paragraphs and its own text.
struct Prose {
  size_t width = 0;
  size_t first = SIZE_MAX, last = 0;  // blocks
};

std::vector<Prose> find_prose(const Page& page) {
  std::vector<Prose> prose(page.elements.size());
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    bool sentences = block.kind != BlockKind::kTable && block.width >= 40 && ends_sentence(block.text);
    if (!sentences || link_share(block) > 0.5 || is_boilerplate_line(block.text, block.width) ||
        is_separated_line(block.text, block.width))
      continue;
    for (uint32_t element : {block.group, page.elements[block.group].parent}) {
      prose[element].width += block.width;
      prose[element].first = std::min(prose[element].first, i);
      prose[element].last = i;
      if (page.elements[element].parent == element) break;  // the root is its own parent
    }
  }
  return prose;
}

// Blocks of links that are content: their list (or table, or paragraph) is the neighbour of prose, as a child of the same
// element or of a wrapper there. What navigates stands in containers of its own or, where a page calls nothing its
// content, before and after all prose. It is minor where the prose is more.
std::vector<Linked> find_linked_content(const Page& page, const std::vector<Prose>& prose) {
  constexpr uint32_t kBody = 2;  // after the root and <html>
  std::vector<size_t> links(page.elements.size(), 0);
  for (const Block& block : page.blocks) links[block.group] += block.link_width;
  std::vector<Linked> linked(page.blocks.size(), Linked::kNo);
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    uint32_t holder = page.elements[block.group].parent;
    const Prose& around = prose[holder];
    if (block.inside_content) {
      bool wrapped = prose[page.elements[holder].parent].width >= kProseAround;
      if (around.width >= kProseAround || wrapped) linked[i] = Linked::kMinor;
      continue;
    }
    bool between = block.kind == BlockKind::kText || holder <= kBody;
    if (around.width < kProseAround || i < around.first || (between && i > around.last)) continue;
    linked[i] = links[block.group] <= around.width ? Linked::kMinor : Linked::kContent;
  }
  return linked;
}

// Which blocks are lines beside content, not content.
std::vector<char> find_boilerplate(const Page& page, const std::vector<Prose>& prose) {
  std::vector<char> found;
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    const Prose& around = prose[page.elements[block.group].parent];
    bool between = around.first < i && i < around.last;
    // "2. Log in" is a step of what the page explains.
    bool step = block.kind == BlockKind::kItem && block.ordered;
    found.push_back(!step && (is_boilerplate_line(block.text, block.width) ||
                              (!between && is_separated_line(block.text, block.width))));
  }
  return found;
}

// What a block says for (or against) the element around it being the content.
double block_value(const Block& block, Linked linked, bool boilerplate) {
  double links = link_share(block);
  auto width = static_cast<double>(std::min<size_t>(block.width, 500));
  bool structured = block.kind == BlockKind::kTable || block.kind == BlockKind::kCode || is_heading(block);
  if (!structured && boilerplate) return -30;
  bool sentence = ends_sentence(block.text);
  if (links > 0.3 && linked == Linked::kMinor) return block.inside_content ? 0 : -2;
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
// One that nothing stands before is the page's own title.
void cut_sections(const Page& page, std::vector<char>& keep) {
  bool begun = false;
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& heading = page.blocks[i];
    begun = begun || (keep[i] && !is_heading(heading));
    if (!begun) continue;
    if (!keep[i] || heading.kind != BlockKind::kHeading || heading.level == 1 || !is_cutting_heading(heading.text))
      continue;
    uint32_t holder = page.elements[heading.element].parent;
    for (size_t j = i; j < page.blocks.size() && inside(page, page.blocks[j].element, holder); ++j) {
      const Block& block = page.blocks[j];
      if (j > i && block.kind == BlockKind::kHeading && block.level <= heading.level && !is_cutting_heading(block.text))
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
    if (is_cutting_heading(block.text)) continue;
    keep[first - back] = 1;
    return;
  }
}

}  // namespace

bool is_heading(const Block& block) { return block.kind == BlockKind::kHeading || block.kind == BlockKind::kTitleRow; }

std::vector<char> choose_blocks(const Page& page) {
  std::vector<Prose> prose_in = find_prose(page);
  std::vector<Linked> linked = find_linked_content(page, prose_in);
  std::vector<char> boilerplate = find_boilerplate(page, prose_in);
  std::vector<double> values;
  for (size_t i = 0; i < page.blocks.size(); ++i)
    values.push_back(block_value(page.blocks[i], linked[i], boilerplate[i]));
  std::vector<char> keep(page.blocks.size(), 0);
  Choice choice = choose_root(page, values);
  if (choice.value < 20) return keep;
  for (size_t i = 0; i < keep.size(); ++i) keep[i] = inside(page, page.blocks[i].element, choice.root);
  std::vector<char> before = keep;
  cut_sections(page, keep);
  for (size_t i = 0; i < keep.size(); ++i) {
    const Block& block = page.blocks[i];
    double links = link_share(block);
    bool prose = block.width >= 60 && ends_sentence(block.text);
    if (is_heading(block)) continue;
    bool all_links = block.kind == BlockKind::kTable ? links > 0.7 : links > (prose ? 0.9 : 0.5);
    if (all_links && linked[i] == Linked::kNo) keep[i] = 0;
    if (block.kind == BlockKind::kText && boilerplate[i]) keep[i] = 0;
    if (block.kind == BlockKind::kItem && values[i] <= -30 && !prose && block.width < 60) keep[i] = 0;
  }
  drop_empty_sections(page, before, keep);
  add_title(page, keep);
  bool content = false;
  for (size_t i = 0; i < keep.size(); ++i) content |= keep[i] && !is_heading(page.blocks[i]);
  if (!content) std::fill(keep.begin(), keep.end(), 0);
  return keep;
}

}  // namespace malmoi::data::html
