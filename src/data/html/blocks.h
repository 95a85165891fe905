// A page as a list of blocks with their elements: what main-content extraction judges.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/html/tree.h"

namespace malmoi::data::html {

enum class BlockKind : uint8_t { kText, kHeading, kItem, kTable, kCode, kQuote, kCaption, kTitleRow };

struct Block {
  BlockKind kind = BlockKind::kText;
  int level = 0;  // of a heading 1..6; of an item its depth from 0
  bool ordered = false;
  int number = 0;        // of an ordered item
  uint32_t element = 0;  // the element that holds it
  uint32_t group = 0;    // of an item the outermost list; else the same as `element`
  std::string text;      // plain; of a table: rows by '\n', cells by '\t'
  std::string markup;    // with inline marks (code, formulas); empty if it equals `text`
  std::string language;  // of code, where the page names it
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

struct ParseOptions {
  bool keep_all = false;     // only hidden elements go, not boilerplate
  bool show_hidden = false;  // what scripts would unfold counts as shown
};

/// Lists the blocks that are shown and not boilerplate by name.
Page list_blocks(const Tree& tree, const ParseOptions& options);

}  // namespace malmoi::data::html
