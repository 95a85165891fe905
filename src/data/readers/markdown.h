// Markdown as the pipeline keeps and writes it: sections that lost their content, text that is no markup, fences.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::data {

/// The text without headings that have nothing under them (the end, or a heading of the same rank or higher, follows).
/// Headings inside fenced code are left alone.
std::string drop_empty_sections(std::string_view text);

/// Foreign text as one line that shows as it is: no markup, no HTML, and it ends no cell of a table.
std::string escape_markdown(std::string_view text);

constexpr size_t kShortestFence = 3;  // backticks around a block of code (CommonMark)

/// A fence for a block of code: longer than any that it holds.
std::string code_fence(std::string_view code);
/// Code in a line of text, in its fence.
std::string inline_code(std::string_view code);

/// The backticks that a line begins with, if they are enough to fence a block; else 0.
size_t fence_length(std::string_view line);

}  // namespace malmoi::data
