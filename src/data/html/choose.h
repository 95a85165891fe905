// Which blocks of a page are its main content.
#pragma once

#include <vector>

#include "data/html/blocks.h"

namespace malmoi::data::html {

bool is_heading(const Block& block);

/// One for each block: whether it is kept. Prose counts for the element around it, links and boilerplate lines against;
/// the content is the element with the largest sum. Within it, lists, tables and paragraphs of links are kept where they
/// stand beside prose. None is kept where no element has enough.
std::vector<char> choose_blocks(const Page& page);

}  // namespace malmoi::data::html
