#include "data/pii/checks.h"

#include <cstddef>

namespace malmoi::data {
namespace {

constexpr int kLastYear = 2040;  // a later birth is no birth

int two(std::span<const uint8_t> d, size_t i) { return d[i] * 10 + d[i + 1]; }

bool luhn(std::span<const uint8_t> digits) {
  int sum = 0;
  bool twice = false;
  for (size_t i = digits.size(); i-- > 0; twice = !twice) {
    int d = digits[i] * (twice ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  }
  return sum % 10 == 0;
}

}  // namespace

bool is_date(int year, int month, int day) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

RegistrationNumber read_registration_number(std::span<const uint8_t, 13> d) {
  RegistrationNumber out;
  static constexpr int kCentury[10] = {1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800};
  int year = kCentury[d[6]] + two(d, 0), month = two(d, 2), day = two(d, 4);
  out.birth_year = year;
  out.foreigner = d[6] >= 5 && d[6] <= 8;
  out.plausible = is_date(year, month, day) && year <= kLastYear;
  int sum = 0;
  for (int i = 0; i < 12; ++i) sum += d[static_cast<size_t>(i)] * (i < 8 ? i + 2 : i - 6);
  int base = out.foreigner ? 13 : 11;
  out.checked = (base - sum % 11) % 10 == d[12];
  out.random_tail = year > 2020 || (year == 2020 && month >= 10);
  return out;
}

bool is_business_number(std::span<const uint8_t, 10> d) {
  static constexpr int kWeights[9] = {1, 3, 7, 1, 3, 7, 1, 3, 5};
  int sum = 0;
  for (size_t i = 0; i < 9; ++i) sum += d[i] * kWeights[i];
  sum += d[8] * 5 / 10;
  bool office = d[0] != 0;  // tax offices are numbered from 101
  return office && (10 - sum % 10) % 10 == d[9];
}

bool is_card_number(std::span<const uint8_t> d) {
  if (d.size() < 13 || d.size() > 19) return false;
  int first2 = two(d, 0), first4 = first2 * 100 + two(d, 2);
  bool scheme = false;
  switch (d.size()) {
    case 13: scheme = d[0] == 4; break;
    case 14:
      scheme = first2 == 36 || first2 == 38 || first2 == 39 || (first4 >= 3000 && first4 <= 3059) || first4 / 10 == 309;
      break;
    case 15: scheme = first2 == 34 || first2 == 37; break;
    case 16:
      scheme = (d[0] >= 4 && d[0] <= 6) || d[0] == 9 || first2 == 35 || (first4 >= 2200 && first4 <= 2720);
      break;
    default: scheme = d[0] == 4 || d[0] == 5 || d[0] == 6; break;
  }
  return scheme && luhn(d);
}

}  // namespace malmoi::data
