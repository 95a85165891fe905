#include "data/readers/pdf_words.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "base/utf8.h"
#include "data/html/rules.h"

namespace malmoi::data {
namespace {

// The labels 가. 나. 다. in their order.
constexpr std::string_view kLabels = "가나다라마바사아자차카타파하";

bool is_label(std::string_view syllable, std::string_view before) {
  size_t at = kLabels.find(syllable);
  if (at == std::string_view::npos) return false;
  return at == 0 || before.starts_with(kLabels.substr(at - 3, 3));
}

}  // namespace

bool is_syllable(char32_t c) { return c >= 0xAC00 && c <= 0xD7A3; }
bool is_ideograph(char32_t c) { return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF); }
bool is_lower(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0x24F); }
bool is_latin(char32_t c) { return (c >= 'A' && c <= 'Z') || is_lower(c) || (c >= 0xC0 && c <= 0xDE); }

char32_t first_letter(std::string_view text) { return text.empty() ? 0 : decode_utf8(text, 0).code_point; }

char32_t last_letter(std::string_view text) {
  size_t at = text.size();
  while (at > 0 && is_utf8_continuation(text[--at])) {
  }
  return first_letter(text.substr(at));
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }
std::string_view last_word(std::string_view text) {
  size_t space = text.find_last_of(" \n");
  return space == std::string_view::npos ? text : text.substr(space + 1);
}

bool ends_word(std::string_view word) {
  constexpr size_t kSyllable = 3;  // bytes
  if (word.size() < 2 * kSyllable) return false;
  if (html::ends_sentence(word)) return true;
  auto ends = [&](std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(), [&](std::string_view end) { return word.ends_with(end); });
  };
  if (ends({"은", "는", "을", "를", "의", "에", "와", "과", "로", "며", "고", "서", "도"})) return true;
  return word.size() >= 3 * kSyllable && ends({"가", "이", "한", "인"});
}

bool is_item(std::string_view text, std::string_view before) {
  std::string_view word = first_word(text);
  if (word.size() == text.size() && word.size() > 4) return false;
  for (std::string_view mark :
       {"•", "-", "–", "—", "·", "*", "▪", "■", "□", "○", "●", "◦", "◆", "▶", "※", "ㆍ", "∙", "►"})
    if (word == mark) return true;
  for (std::string_view mark : {"•", "■", "□", "○", "●", "◦", "▪", "※"})
    if (word.starts_with(mark)) return true;
  char32_t first = first_letter(word);
  if (first >= 0x2460 && first <= 0x2473) return true;  // ① ...
  bool bracketed = word.starts_with('(');
  if (bracketed) word.remove_prefix(1);
  size_t digits = 0;
  while (digits < word.size() && std::isdigit(static_cast<unsigned char>(word[digits]))) ++digits;
  std::string_view rest = word.substr(digits);
  bool syllable = digits == 0 && word.size() > 3 && is_label(word.substr(0, 3), before);
  if (syllable) rest = word.substr(3);
  bool letter = digits == 0 && !syllable && word.size() > 1 && is_latin(first_letter(word));
  if (letter) rest = word.substr(1);
  if (digits > 3 || (digits == 0 && !syllable && !letter)) return false;
  return rest == ")" || (!bracketed && rest == "." && !letter);
}

}  // namespace malmoi::data
