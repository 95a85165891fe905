// A page as a list of blocks with their elements: what main-content extraction judges.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data::html {

enum class BlockKind : uint8_t { kText, kHeading, kItem, kTable, kCode, kQuote, kCaption, kTitleRow };

struct Block {
  BlockKind kind = BlockKind::kText;
  int level = 0;         // of a heading 1..6; of an item its depth from 0
  int number = 0;        // of an ordered item; 0: unordered
  uint32_t element = 0;  // the element that holds it
  std::string text;      // plain; of a table: rows by '\n', cells by '\t'
  std::string markup;    // with inline marks (code); empty if it equals `text`
  size_t width = 0, link_width = 0;
  bool inside_content = false;  // inside <article>, <main> or the like
};

struct Element {
  uint32_t parent = 0;
  bool semantic = false;  // main, article, role=main, itemprop=articleBody
};

struct Page {
  std::vector<Block> blocks;
  std::vector<Element> elements;  // in document order; 0 is the root
  std::string title, language;
};

/// Whether the tree of a page would be deeper than `limit` (an upper bound, from its tags alone).
bool nests_deeper(std::string_view html, size_t limit);

struct ParseOptions {
  bool keep_all = false;     // only hidden elements go, not boilerplate
  bool show_hidden = false;  // what scripts would unfold counts as shown
};

/// Parses and lists the blocks that are shown and not boilerplate by name.
Page parse_page(std::string_view html, const ParseOptions& options);

/// The text of a page with its tags cut away, for pages that have no usable tree.
std::string strip_tags(std::string_view html);

}  // namespace malmoi::data::html
