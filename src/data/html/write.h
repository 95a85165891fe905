// Blocks as text or Markdown.
#pragma once

#include <string>
#include <vector>

#include "data/html/blocks.h"
#include "data/html/html.h"

namespace malmoi::data::html {

/// Those of `keep`, separated by an empty line, items of one list by a line end.
std::string write_blocks(const Page& page, const std::vector<char>& keep, TextFormat format);

}  // namespace malmoi::data::html
