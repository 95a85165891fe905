#include "data/readers/office/number_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/ascii.h"

namespace malmoi::data::office {
namespace {

// A piece of a format's code: letters or digits of one kind ("yyyy", "0"), or text that is shown as it is.
struct Token {
  // '"' text, 'y' 'm' 'd' 'h' 's' date, 'a' AM/PM, 'w' day of the week in Korean, 'n' digits, '[' elapsed time, '%',
  // '?' unknown
  char kind = '"';
  std::string text;
};

// The length of a mark that stands at `code`: AM/PM or its Korean form.
size_t half_day_length(std::string_view code) {
  if (ascii_lower(code.substr(0, 5)) == "am/pm") return 5;
  if (ascii_lower(code.substr(0, 3)) == "a/p") return 3;
  constexpr std::string_view kKorean = "오전/오후";
  return code.starts_with(kKorean) ? kKorean.size() : 0;
}

// What [..] says: a currency's sign, elapsed hours, or a colour or locale that shows nothing.
void add_bracket(std::string_view inside, std::vector<Token>& out) {
  std::string low = ascii_lower(inside);
  if (low == "h" || low == "hh" || low == "m" || low == "mm" || low == "s" || low == "ss") out.push_back({'[', low});
  else if (inside.starts_with('$')) out.push_back({'"', std::string(inside.substr(1, inside.find('-') - 1))});
  else if (inside.starts_with('<') || inside.starts_with('>') || inside.starts_with('=')) out.push_back({'?', ""});
}

std::vector<Token> tokenize(std::string_view code) {
  std::vector<Token> out;
  for (size_t i = 0; i < code.size();) {
    char c = code[i], low = static_cast<char>(c | 32);
    size_t begin = i;
    if (c == '"') {
      size_t end = std::min(code.find('"', i + 1), code.size());
      out.push_back({'"', std::string(code.substr(i + 1, end - i - 1))});
      i = end + 1;
    } else if (c == '\\' || c == '_' || c == '*') {  // the next as it is; as much room; repeated
      if (c == '\\' && i + 1 < code.size()) out.push_back({'"', std::string(1, code[i + 1])});
      i += 2;
    } else if (c == '[') {
      size_t end = std::min(code.find(']', i), code.size());
      add_bracket(code.substr(i + 1, end - i - 1), out);
      i = end + 1;
    } else if (size_t length = half_day_length(code.substr(i)); length > 0) {
      out.push_back({'a', std::string(code.substr(i, length))});
      i += length;
    } else if (size_t letters = code.substr(i).find_first_not_of("aA");
               letters == 3 || letters == 4 ||
               (letters == std::string_view::npos && (code.size() - i == 3 || code.size() - i == 4))) {
      out.push_back({'w', std::string(code.substr(i, letters))});
      i += out.back().text.size();
    } else if (low == 'y' || low == 'm' || low == 'd' || low == 'h' || low == 's' || low == 'e') {
      while (i < code.size() && static_cast<char>(code[i] | 32) == low) ++i;
      out.push_back({low, std::string(i - begin, low)});
    } else if (c == '0' || c == '#') {
      while (i < code.size() && (code[i] == '0' || code[i] == '#' || code[i] == ',' || code[i] == '.')) ++i;
      out.push_back({'n', std::string(code.substr(begin, i - begin))});
    } else if (c == '%' || c == '?' || c == '@') {
      out.push_back({c == '@' ? '?' : c, std::string(1, c)});
      ++i;
    } else {
      out.push_back({'"', std::string(1, c)});
      ++i;
    }
  }
  return out;
}

std::string text_of(const std::vector<Token>& tokens) {
  std::string out;
  for (const Token& token : tokens)
    if (token.kind == '"') out += token.text;
  return out;
}

bool has(const std::vector<Token>& tokens, std::string_view kinds) {
  return std::ranges::any_of(tokens, [&](const Token& t) { return kinds.find(t.kind) != std::string_view::npos; });
}

// The section of a code for numbers of that sign: positive;negative;zero;text. `plain_sign`: the minus is not its own.
std::string_view section(std::string_view code, double number, bool& plain_sign) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  bool quoted = false;
  for (size_t i = 0; i <= code.size(); ++i) {
    if (i < code.size() && code[i] == '"') quoted = !quoted;
    if (i < code.size() && (code[i] != ';' || quoted)) continue;
    parts.push_back(code.substr(begin, i - begin));
    begin = i + 1;
  }
  plain_sign = true;
  if (number < 0 && parts.size() >= 2) {
    plain_sign = false;
    return parts[1];
  }
  return number == 0 && parts.size() >= 3 ? parts[2] : parts[0];
}

struct Date {
  int64_t year;
  int month, day;
};

// Days since 1970 to a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
Date civil(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  auto day_of_era = days - era * 146097;
  auto year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  auto month_from_march = (5 * day_of_year + 2) / 153;
  int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  int month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {year_of_era + era * 400 + (month <= 2), month, day};
}

std::string month_name(int month, size_t letters) {
  constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
  std::string_view name = kMonths[month - 1];
  return std::string(letters == 3 ? name.substr(0, 3) : letters == 5 ? name.substr(0, 1) : name);
}

std::string day_name(int64_t days, size_t letters) {
  constexpr std::string_view kDays[] = {"Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"};
  std::string_view name = kDays[(days % 7 + 7) % 7];
  return std::string(letters == 3 ? name.substr(0, 3) : name);
}

// 토, 토요일
std::string korean_day_name(int64_t days, size_t letters) {
  constexpr std::string_view kDays[] = {"목", "금", "토", "일", "월", "화", "수"};
  return std::string(kDays[(days % 7 + 7) % 7]) + (letters == 4 ? "요일" : "");
}

std::string format_date(double number, const std::vector<Token>& tokens, bool epoch_1904) {
  // 1970-01-01 by either count. The 29th of February 1900, which never was, is day 60.
  constexpr int64_t kFrom1900 = 25569, kFrom1904 = 24107, kPhantomDay = 60;
  constexpr double kLastDay = 2958466;  // 10000-01-01
  if (number < 0 || number >= kLastDay) return plain_number(number);
  auto seconds = static_cast<int64_t>(std::llround(number * 86400));
  int64_t serial = seconds / 86400, of_day = seconds % 86400;
  int64_t days = serial - (epoch_1904 ? kFrom1904 : kFrom1900) + (!epoch_1904 && serial < kPhantomDay);
  Date date = civil(days);
  int64_t hour = of_day / 3600, minute = of_day / 60 % 60;
  bool half_days = has(tokens, "a");
  std::string out;
  char previous = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    size_t n = token.text.size();
    auto next = std::find_if(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1, tokens.end(),
                             [](const Token& t) { return t.kind != '"'; });
    auto padded = [&](int64_t value) { return n >= 2 ? fmt::format("{:02}", value) : std::to_string(value); };
    switch (token.kind) {
      case '"': out += token.text; continue;
      case 'y':
      case 'e':
        out += n == 2 && token.kind == 'y' ? fmt::format("{:02}", date.year % 100) : std::to_string(date.year);
        break;
      case 'm':  // minutes after hours or before seconds, else months
        if (previous == 'h' || previous == '[' || (next != tokens.end() && next->kind == 's')) out += padded(minute);
        else out += n >= 3 ? month_name(date.month, n) : padded(date.month);
        break;
      case 'w': out += korean_day_name(days, n); break;
      case 'd': out += n >= 3 ? day_name(days, n) : padded(date.day); break;
      case 'h': out += padded(half_days ? (hour + 11) % 12 + 1 : hour); break;
      case 's': out += padded(of_day % 60); break;
      case 'a':
        if (token.text.starts_with("오전")) out += hour < 12 ? "오전" : "오후";
        else out += hour < 12 ? "AM" : "PM";
        break;
      case '[': out += padded(seconds / (token.text[0] == 'h' ? 3600 : token.text[0] == 'm' ? 60 : 1)); break;
      default: break;  // fractions of seconds
    }
    previous = token.kind;
  }
  return out;
}

std::string grouped(const std::string& digits) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

// A number by one run of digits: "#,##0.00", "00000", "0.0,".
std::string format_digits(double number, std::string_view pattern) {
  constexpr int kMostDecimals = 15;
  size_t point = std::min(pattern.find('.'), pattern.size());
  std::string_view whole = pattern.substr(0, point), fraction = pattern.substr(std::min(point + 1, pattern.size()));
  while (!whole.empty() && whole.back() == ',' && fraction.empty()) {  // each shows thousands
    whole.remove_suffix(1);
    number /= 1000;
  }
  auto zeros = [](std::string_view text) { return std::ranges::count(text, '0'); };
  int least = static_cast<int>(zeros(fraction));
  int most = static_cast<int>(std::ranges::count_if(fraction, [](char c) { return c == '0' || c == '#'; }));
  most = std::min(most, kMostDecimals);
  // Halves go up, as in a spreadsheet; numbers beyond have no halves.
  if (double scaled = number * std::pow(10, most); scaled < 1e15) number = std::round(scaled) / std::pow(10, most);
  std::string text = fmt::format("{:.{}f}", number, most);
  size_t dot = text.find('.');
  std::string digits = text.substr(0, dot), decimals = dot == std::string::npos ? "" : text.substr(dot + 1);
  while (static_cast<int>(decimals.size()) > least && decimals.back() == '0') decimals.pop_back();
  auto width = static_cast<size_t>(zeros(whole));
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  if (digits == "0" && width == 0 && !decimals.empty()) digits.clear();
  if (whole.find(',') != std::string_view::npos) digits = grouped(digits);
  return decimals.empty() ? digits : digits + "." + decimals;
}

// A number whose digits are parted by signs, as of telephones: "000-0000-0000". The runs are filled from the last.
std::string format_code(double number, const std::vector<Token>& tokens, bool plain_sign) {
  std::string digits = plain_number(std::round(std::abs(number)));
  auto is_run = [](const Token& t) { return t.kind == 'n'; };
  for (const Token& token : tokens)
    if ((is_run(token) && token.text.find_first_not_of("0#") != std::string::npos) || token.kind == '%')
      return plain_number(number);
  if (digits.find_first_not_of("0123456789") != std::string::npos) return plain_number(number);
  const Token* first = &*std::ranges::find_if(tokens, is_run);
  std::string out;
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
    if (!is_run(*token)) {
      out.insert(0, token->text);
      continue;
    }
    std::string shown;
    for (auto place = token->text.rbegin(); place != token->text.rend(); ++place) {
      if (!digits.empty()) {
        shown.insert(0, 1, digits.back());
        digits.pop_back();
      } else if (*place == '0') {
        shown.insert(0, 1, '0');
      }
    }
    if (&*token == first) shown.insert(0, digits);
    out.insert(0, shown);
  }
  return number < 0 && plain_sign ? "-" + out : out;
}

std::string format_number_cell(double number, const std::vector<Token>& tokens, bool plain_sign) {
  auto runs = std::ranges::count_if(tokens, [](const Token& t) { return t.kind == 'n'; });
  if (runs > 1) return format_code(number, tokens, plain_sign);
  double shown = std::abs(number) * (has(tokens, "%") ? 100 : 1);
  std::string out, digits;
  for (const Token& token : tokens) {
    if (token.kind == 'n') out += digits = format_digits(shown, token.text);
    else out += token.text;
  }
  bool nothing = digits.find_first_of("123456789") == std::string::npos;  // -0.001 shown as 0.00
  return number < 0 && plain_sign && !nothing ? "-" + out : out;
}

}  // namespace

std::string plain_number(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15) return fmt::format("{:.0f}", number == 0 ? 0 : number);
  return fmt::format("{:.15g}", number);
}

std::string format_cell(double number, std::string_view code, bool epoch_1904) {
  if (code.empty() || ascii_lower(code) == "general" || !std::isfinite(number)) return plain_number(number);
  bool plain_sign = true;
  std::string_view own = section(code, number, plain_sign);
  for (std::string_view general : {"general", "g/표준"})
    if (size_t at = ascii_lower(own).find(general); at != std::string::npos) {
      std::string shown = plain_number(plain_sign ? number : std::abs(number));
      return text_of(tokenize(own.substr(0, at))) + shown + text_of(tokenize(own.substr(at + general.size())));
    }
  std::vector<Token> tokens = tokenize(own);
  if (has(tokens, "?")) return plain_number(number);
  if (has(tokens, "ymdhsw[")) return format_date(number, tokens, epoch_1904);
  if (has(tokens, "e")) return plain_number(number);
  if (!has(tokens, "n")) {  // words alone, as "-" is for nothing in accounts
    std::string words(ascii_trim(text_of(tokens)));
    return words.empty() ? plain_number(number) : words;
  }
  return format_number_cell(number, tokens, plain_sign);
}

}  // namespace malmoi::data::office
