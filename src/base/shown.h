// Names and texts of others as a terminal may be given them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi {

/// Where a text is shown: within a line of ours, or by itself with lines of its own.
enum class Shown : uint8_t { kInLine, kAsText };

/// Control characters, and those that turn the direction of writing, become signs that name them (ESC: ␛; U+009B:
/// ⟨U+009B⟩), ill-formed parts U+FFFD. Errors, messages and progress are shown through this. As a text, new lines, tabs and the
/// direction of writing stay, and controls of eight bits are U+FFFD, too.
std::string show_controls(std::string_view text, Shown as = Shown::kInLine);

}  // namespace malmoi
