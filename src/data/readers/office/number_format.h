// Numbers and dates of a spreadsheet as its cells show them, as far as the format of a cell says (ECMA-376 part 1,
// 18.8.30 and 18.8.31). Formats that show no plain number or date (fractions, exponents, conditions) leave the number as
// it is stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi::data::office {

/// The code of a built-in format by its number; empty for a general one. Those that follow the system's language are
/// Korean, dates without one year-month-day.
std::string_view built_in_format(int id);

/// A cell's number as shown. `epoch_1904`: days are counted from 1904, as old Macs did.
std::string format_cell(double number, std::string_view code, bool epoch_1904);

/// Fifteen digits, as a spreadsheet keeps them, without an exponent where it can be: "0.3", "1234567".
std::string plain_number(double number);

}  // namespace malmoi::data::office
