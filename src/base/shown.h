// Names and texts of others as a terminal may be given them.
#pragma once

#include <string>
#include <string_view>

namespace malmoi {

/// Control characters, and those that turn the direction of writing, become signs that name them (ESC: ␛; U+009B:
/// ⟨U+009B⟩), ill-formed parts U+FFFD. Errors, messages and progress are shown through this.
std::string show_controls(std::string_view text);

}  // namespace malmoi
