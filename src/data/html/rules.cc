#include "data/html/rules.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/html/word_lists.h"

namespace malmoi::data::html {
namespace {

bool starts_with_any(std::string_view text, WordList list) {
  const auto& starts = words(list);
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return text.starts_with(start); });
}

bool is_one_of(std::string_view text, WordList list) {
  const auto& all = words(list);
  return std::find(all.begin(), all.end(), text) != all.end();
}

// "postMeta sr-only" -> post, meta, sr, only; and srOnly joined with its neighbour as one word too.
template <typename Visit>
void for_each_word(std::string_view attribute, const Visit& visit) {
  std::string word, whole;
  auto end_word = [&] {
    if (!word.empty()) visit(word);
    word.clear();
  };
  auto end_name = [&] {
    end_word();
    if (!whole.empty()) visit(whole);
    whole.clear();
  };
  char previous = 0;
  for (char c : attribute) {
    auto u = static_cast<unsigned char>(c);
    if (std::isspace(u)) {
      end_name();
    } else if (!std::isalnum(u) && u < 0x80) {
      end_word();
    } else {
      if (std::isupper(u) && std::islower(static_cast<unsigned char>(previous))) end_word();
      if (std::isdigit(u)) {
        end_word();
      } else {
        word += static_cast<char>(std::tolower(u));
        whole += static_cast<char>(std::tolower(u));
      }
    }
    previous = c;
  }
  end_name();
}

const std::unordered_map<std::string_view, NameHint>& names() {
  static const auto* table = [] {
    auto* map = new std::unordered_map<std::string_view, NameHint>;
    for (std::string_view name : words(WordList::kShapeNames)) (*map)[name] = NameHint::kShape;
    for (std::string_view name : words(WordList::kWeakNames)) (*map)[name] = NameHint::kWeak;
    for (std::string_view name : words(WordList::kStrongNames)) (*map)[name] = NameHint::kStrong;
    for (std::string_view name : words(WordList::kHiddenNames)) (*map)[name] = NameHint::kHidden;
    return map;
  }();
  return *table;
}

bool has_date(std::string_view text) {
  // 2024.03.02, 2024-3-2, 2024년 3월, 12:34; or a month's name beside a year.
  for (size_t i = 0; i + 6 < text.size(); ++i) {
    if ((text[i] != '1' && text[i] != '2') || (i > 0 && std::isdigit(static_cast<unsigned char>(text[i - 1]))))
      continue;
    if (!std::all_of(text.begin() + static_cast<long>(i), text.begin() + static_cast<long>(i) + 4,
                     [](char c) { return std::isdigit(static_cast<unsigned char>(c)); }))
      continue;
    size_t j = i + 4;
    if (text.substr(j).starts_with("년")) return true;
    if (text[j] != '.' && text[j] != '-' && text[j] != '/') continue;
    while (++j < text.size() && text[j] == ' ') {
    }
    if (j < text.size() && std::isdigit(static_cast<unsigned char>(text[j]))) return true;
  }
  std::string low = ascii_lower(text);
  constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::string_view month : kMonths) {
    size_t at = low.find(month);
    if (at == std::string::npos || (at > 0 && std::isalpha(static_cast<unsigned char>(low[at - 1])))) continue;
    if (low.find("20", at) != std::string::npos || low.find("19", at) != std::string::npos) return true;
  }
  return false;
}

size_t count_separators(std::string_view text) {
  size_t count = 0;
  for (std::string_view separator : {"|", "·", " > ", "›", "»", " / ", "ㅣ", "•"})
    for (size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, at + separator.size()))
      ++count;
  return count;
}

}  // namespace

NameHint name_hint(std::string_view attribute) {
  NameHint hint = NameHint::kNone;
  for_each_word(attribute, [&](const std::string& word) {
    auto found = names().find(word);
    if (found != names().end()) hint = std::max(hint, found->second);
  });
  return hint;
}

bool names_content(std::string_view attribute) {
  bool found = false;
  for_each_word(attribute, [&](const std::string& word) { found = found || is_one_of(word, WordList::kContentNames); });
  return found;
}

bool is_boilerplate_line(std::string_view text, size_t width) {
  if (width > 220) return false;
  std::string low = ascii_lower(text);
  const auto& parts = words(WordList::kLineParts);
  if (std::any_of(parts.begin(), parts.end(),
                  [&](std::string_view part) { return low.find(part) != std::string::npos; }) &&
      (!ends_sentence(text) || low.find("무단") != std::string::npos || low.find("all rights") != std::string::npos))
    return true;
  if (width > 140) return false;
  if (starts_with_any(low, WordList::kSiteSentences)) return true;
  bool sentence = ends_sentence(text) && width > 24;
  if (low.starts_with("©") || low.starts_with("ⓒ") || low.starts_with("copyright")) return true;
  if (sentence) return false;
  if (starts_with_any(low, WordList::kLineStarts)) return true;
  if (has_date(text) && width < 100) {
    size_t letters = 0;
    for (char c : low) letters += std::isalpha(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0xE0;
    if (letters <= 45) return true;
  }
  if (text.find('@') != std::string_view::npos && text.find("기자") != std::string_view::npos) return true;
  if (low.starts_with("by ") && width < 40) return true;
  return low.find("min read") != std::string::npos || low.find("minute read") != std::string::npos;
}

bool is_separated_line(std::string_view text, size_t width) {
  return width <= 140 && !(ends_sentence(text) && width > 24) && count_separators(text) >= 2;
}

bool is_cutting_heading(std::string_view text) {
  return text_width(text) <= 60 && starts_with_any(ascii_lower(text), WordList::kCuttingHeadings);
}

int metadata_label(std::string_view cell) {
  std::string low = ascii_lower(cell);
  while (!low.empty() && (low.back() == ':' || low.back() == ' ')) low.pop_back();
  if (is_one_of(low, WordList::kTitleLabels)) return 1;
  return is_one_of(low, WordList::kOtherLabels) ? 2 : 0;
}

bool ends_sentence(std::string_view text) {
  constexpr std::string_view kClosing[] = {"\"", "'", ")", "]", "”", "’", "」", "』", "»", "*", "`"};
  bool stripped = true;
  while (stripped) {
    stripped = false;
    for (std::string_view close : kClosing) {
      if (!text.ends_with(close)) continue;
      text.remove_suffix(close.size());
      stripped = true;
    }
  }
  constexpr std::string_view kEnds[] = {".", "!", "?", "。", "…", "！", "？", ":", ";", "다", "요", "죠", "까"};
  return std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view end) { return text.ends_with(end); });
}

size_t text_width(std::string_view text) {
  size_t width = 0;
  for (char c : text) {
    // From U+2000 on nearly all is East Asian; U+20xx count twice too.
    if (!is_utf8_continuation(c)) width += static_cast<unsigned char>(c) >= 0xE2 ? 2 : 1;
  }
  return width;
}

}  // namespace malmoi::data::html
