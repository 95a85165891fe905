// Numbers in texts as people and models write them.
#pragma once

#include <optional>
#include <string_view>

namespace malmoi::reward {

/// The last number of a text: digits, with commas between thousands, a fraction, an exponent, and a sign that is not a minus between
/// two numbers. Digits of words (H2O) and of versions (1.2.3) are none. Time is linear in the text.
std::optional<double> last_number(std::string_view text);

/// A text that is a number as a whole: one of the above with a unit or a currency around it, `a/b`, or `\frac{a}{b}`.
std::optional<double> whole_number(std::string_view text);

}  // namespace malmoi::reward
