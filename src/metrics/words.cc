#include "metrics/words.h"

#include "base/utf8.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::metrics {
namespace {

using tokenizer::classes_of;

bool is_ascii_digit(char32_t c) { return c >= '0' && c <= '9'; }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// Writes `text` anew: at each place where `matches` takes n characters, `write` says what comes instead. Matches do not
// overlap, as those of a regular expression.
template <typename Matches, typename Write>
std::u32string rewrite(const std::u32string& text, const Matches& matches, const Write& write) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const size_t n = matches(text, i);
    if (n == 0) {
      out += text[i++];
      continue;
    }
    write(out, text, i);
    i += n;
  }
  return out;
}

// Two characters of which the first and the second are such.
template <typename First, typename Second>
auto pair_of(const First& first, const Second& second) {
  return [=](const std::u32string& text, size_t i) -> size_t {
    return i + 1 < text.size() && first(text[i]) && second(text[i + 1]) ? 2 : 0;
  };
}

// "\1 \2 ", "\1 \2" with a space before.
void space_around_second(std::u32string& out, const std::u32string& text, size_t i) {
  (((out += text[i]) += U' ') += text[i + 1]) += U' ';
}
void space_around_first(std::u32string& out, const std::u32string& text, size_t i) {
  (((out += U' ') += text[i]) += U' ') += text[i + 1];
}
void space_around(std::u32string& out, const std::u32string& text, size_t i) { ((out += U' ') += text[i]) += U' '; }

std::u32string separate_13a(std::string text) {
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  replace_all(text, "&quot;", "\"");
  replace_all(text, "&amp;", "&");
  replace_all(text, "&lt;", "<");
  replace_all(text, "&gt;", ">");
  std::u32string line = U" " + code_points(text) + U" ";
  auto is_mark = [](const std::u32string& t, size_t i) -> size_t {
    const char32_t c = t[i];
    return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') ||
           (c >= ':' && c <= '@') || c == '/';
  };
  auto is_no_digit = [](char32_t c) { return !is_ascii_digit(c); };
  auto is_stop = [](char32_t c) { return c == '.' || c == ','; };
  line = rewrite(line, is_mark, space_around);
  line = rewrite(line, pair_of(is_no_digit, is_stop), space_around_second);
  line = rewrite(line, pair_of(is_stop, is_no_digit), space_around_first);
  return rewrite(line, pair_of(is_ascii_digit, [](char32_t c) { return c == '-'; }), space_around_second);
}

std::u32string separate_intl(std::string_view text) {
  auto is_number = [](char32_t c) { return (classes_of(c) & tokenizer::kNumber) != 0; };
  auto is_no_number = [=](char32_t c) { return !is_number(c); };
  auto is_punctuation = [](char32_t c) { return (classes_of(c) & tokenizer::kPunct) != 0; };
  std::u32string line = rewrite(code_points(text), pair_of(is_no_number, is_punctuation), space_around_second);
  line = rewrite(line, pair_of(is_punctuation, is_no_number), space_around_first);
  auto is_symbol = [](const std::u32string& t, size_t i) -> size_t {
    return (classes_of(t[i]) & tokenizer::kSymbol) != 0;
  };
  return rewrite(line, is_symbol, space_around);
}

std::vector<std::string> split(const std::u32string& line) {
  std::vector<std::string> words;
  for (size_t i = 0; i < line.size();) {
    size_t end = i;
    while (end < line.size() && !is_white_space(line[end])) ++end;
    if (end > i) words.push_back(utf8(std::u32string_view(line).substr(i, end - i)));
    i = end + 1;
  }
  return words;
}

std::vector<std::string> characters(const std::u32string& line) {
  std::vector<std::string> out;
  for (char32_t c : line) {
    if (!is_white_space(c)) append_utf8(out.emplace_back(), c);
  }
  return out;
}

}  // namespace

bool is_white_space(char32_t c) { return tokenizer::is_space(c) || (c >= 0x1C && c <= 0x1F); }

std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text, at);
    out += c.code_point;
    at += c.length;
  }
  return out;
}

std::string utf8(std::u32string_view text) {
  std::string out;
  for (char32_t c : text) append_utf8(out, c);
  return out;
}

std::u32string lower_case(std::u32string_view text) {
  std::u32string out;
  for (char32_t c : text) {
    const tokenizer::Lower lower = tokenizer::to_lower(c);
    out += lower.first;
    if (lower.second) out += lower.second;
  }
  return out;
}

std::vector<std::string> split_words(std::string_view text, WordRule rule) {
  switch (rule) {
    case WordRule::k13a: return split(separate_13a(std::string(text)));
    case WordRule::kIntl: return split(separate_intl(text));
    case WordRule::kChar: return characters(code_points(text));
    case WordRule::kNone: break;
  }
  return split(code_points(text));
}

}  // namespace malmoi::metrics
