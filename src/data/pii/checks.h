// Check digits and dates of the numbers that have them. Digits are values 0-9, not characters.
#pragma once

#include <cstdint>
#include <span>

namespace malmoi::data {

/// Whether the day exists in the Gregorian calendar.
bool is_date(int year, int month, int day);

/// What 13 digits say as a resident or alien registration number: YYMMDD, the century and sex (1-4 and 9, 0 of
/// citizens, 5-8 of foreigners), and the check digit (11 - sum d*[2..9,2..5] mod 11) mod 10, of foreigners 13 - ...
struct RegistrationNumber {
  bool plausible = false;  // a possible date of birth, not in the future
  bool foreigner = false;
  bool checked = false;      // the check digit agrees
  bool random_tail = false;  // born since October 2020: the tail is random and has no check digit
  int birth_year = 0;
};
RegistrationNumber read_registration_number(std::span<const uint8_t, 13> digits);

/// Business registration number: weights 1,3,7,1,3,7,1,3,5 plus floor(5 d9 / 10), mod 10.
bool is_business_number(std::span<const uint8_t, 10> digits);

/// Luhn's check over a card number of 13 to 19 digits that begins as some scheme's numbers do.
bool is_card_number(std::span<const uint8_t> digits);

}  // namespace malmoi::data
