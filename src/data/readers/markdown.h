// Markdown as the pipeline keeps it: sections that lost their content.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::data {

/// The text without headings that have nothing under them (the end, or a heading of the same rank or higher, follows).
/// Headings inside fenced code are left alone.
std::string drop_empty_sections(std::string_view text);

}  // namespace malmoi::data
