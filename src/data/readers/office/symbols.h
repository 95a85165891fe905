// Characters of symbol fonts (Symbol, Wingdings) as those of Unicode that look and mean the same.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::data::office {

/// The character of that code in that font, empty where Unicode or the font has none. Fonts of symbols lie at U+F000 and
/// above or at their codes themselves; of other fonts a code is a character of Unicode, unless it is for private use.
std::string symbol(std::string_view font, char32_t code);

}  // namespace malmoi::data::office
