#include "data/pii/number_groups.h"

namespace malmoi::data {
namespace {

// The separator at `at`, and where the next group begins; 0 if no digit follows it.
std::pair<char32_t, size_t> read_separator(const FoldedText& text, size_t at) {
  size_t i = at;
  bool space = text.at(i) == U' ';
  if (space) ++i;
  char32_t c = text.at(i);
  char32_t found = U'\0';
  if (c == U'-' || c == U'_' || c == U'~') {
    found = c == U'~' ? U'\0' : U'-';
    if (found != 0) ++i;
    if (found != 0 && text.at(i) == U'-') ++i;  // a doubled hyphen
  } else if (c == U')' && !space) {
    found = U')';
    ++i;
    if (text.at(i) == U'-' || text.at(i) == U'.') ++i;
  } else if (c == U'.' && !space) {
    found = U'.';
    ++i;
    return is_digit(text.at(i)) ? std::pair{found, i} : std::pair{U'\0', at};  // ". " ends a sentence
  }
  if (found == 0) return space && is_digit(text.at(i)) ? std::pair{U' ', i} : std::pair{U'\0', at};
  if (text.at(i) == U' ') ++i;
  return is_digit(text.at(i)) ? std::pair{found, i} : std::pair{U'\0', at};
}

}  // namespace

NumberGroups::NumberGroups(const FoldedText& text, size_t at) {
  while (count < kMax && is_digit(text.at(at))) {
    size_t i = at;
    while (is_digit(text.at(i))) ++i;
    begin[count] = at;
    length[count] = i - at;
    auto [sign, next] = read_separator(text, i);
    separator[count++] = sign;
    if (sign == 0) break;
    at = next;
  }
}

bool NumberGroups::has_shape(std::initializer_list<std::pair<size_t, size_t>> lengths) const {
  if (lengths.size() > count) return false;
  size_t g = 0;
  for (auto [low, high] : lengths) {
    if (length[g] < low || length[g] > high) return false;
    ++g;
  }
  return true;
}

char32_t NumberGroups::separator_of(size_t groups) const {
  if (groups < 2) return 0;
  for (size_t g = 1; g + 1 < groups; ++g)
    if (separator[g] != separator[0]) return 0;
  return separator[0];
}

size_t NumberGroups::run(char32_t by) const {
  size_t groups = 1;
  while (groups < count && separator[groups - 1] == by) ++groups;
  return groups;
}

size_t NumberGroups::digits(size_t groups) const {
  size_t sum = 0;
  for (size_t g = 0; g < groups; ++g) sum += length[g];
  return sum;
}

}  // namespace malmoi::data
