#include "data/pii/labels.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "data/pii/label_words.h"

namespace malmoi::data {
namespace {

using View = std::u32string_view;

struct Entry {
  View word;
  Label label;
};

bool is_ascii_word_char(char32_t c) { return is_letter(c) || is_digit(c); }

// Entries by the last character of the word, longest first: a label is searched from its end.
struct ByLast {
  std::vector<std::pair<char32_t, std::vector<Entry>>> groups;
  ByLast() {
    for (const LabelWords& list : label_words())
      for (View word : list.words) group(word.back()).push_back({word, list.label});
    for (auto& [last, entries] : groups)
      std::stable_sort(entries.begin(), entries.end(),
                       [](const Entry& a, const Entry& b) { return a.word.size() > b.word.size(); });
    std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  std::vector<Entry>& group(char32_t c) {
    for (auto& g : groups)
      if (g.first == c) return g.second;
    return groups.emplace_back(c, std::vector<Entry>{}).second;
  }
  const std::vector<Entry>* find(char32_t c) const {
    auto it = std::lower_bound(groups.begin(), groups.end(), c, [](const auto& g, char32_t x) { return g.first < x; });
    return it != groups.end() && it->first == c ? &it->second : nullptr;
  }
};

const ByLast& table() {
  static const ByLast kTable;
  return kTable;
}

// Whether `word` stands in the text with its end at `end`; ASCII words must not be parts of longer ones.
bool ends_with_word(const FoldedText& text, size_t floor, size_t end, View word) {
  if (end - floor < word.size()) return false;
  size_t begin = end - word.size();
  if (View(text.chars).substr(begin, word.size()) != word) return false;
  if (is_ascii_word_char(word.front()) && begin > 0 && is_ascii_word_char(text.at(begin - 1))) return false;
  return !(is_ascii_word_char(word.back()) && is_letter(text.at(end)));
}

template <typename Visit>
void visit_before(const FoldedText& text, size_t at, size_t floor, size_t window, const Visit& visit) {
  size_t low = std::max(floor, at > window ? at - window : 0);
  for (size_t end = at; end > low; --end) {
    const std::vector<Entry>* entries = table().find(text.chars[end - 1]);
    if (entries == nullptr) continue;
    for (const Entry& entry : *entries)
      if (ends_with_word(text, floor, end, entry.word) && visit(entry, end)) return;
  }
}

}  // namespace

FoundLabel label_before(const FoldedText& text, size_t at, size_t floor, size_t window) {
  FoundLabel found;
  visit_before(text, at, floor, window, [&](const Entry& entry, size_t end) {
    found = {entry.label, at - end};
    return true;
  });
  return found;
}

bool has_label_before(const FoldedText& text, size_t at, size_t floor, size_t window, Label label) {
  bool found = false;
  visit_before(text, at, floor, window, [&](const Entry& entry, size_t) { return found = entry.label == label; });
  return found;
}

bool has_label_after(const FoldedText& text, size_t at, size_t window, Label label) {
  size_t high = at;
  while (high < text.size() && high - at < window && !is_digit(text.at(high)) && text.at(high) != U'\n') ++high;
  for (const LabelWords& list : label_words()) {
    if (list.label != label) continue;
    for (View word : list.words)
      for (size_t begin = at; begin < high; ++begin)
        if (begin + word.size() <= text.size() && ends_with_word(text, at, begin + word.size(), word)) return true;
  }
  return false;
}

bool is_called_wrong(const FoldedText& text, size_t begin, size_t end) {
  static constexpr std::array<View, 26> kWrong = {
      U"틀린",   U"틀렸",    U"틀리",   U"잘못",      U"유효하지", U"무효", U"오류",     U"형식",      U"테스트",
      U"체크섬", U"검증",    U"불일치", U"가짜",      U"예시",     U"샘플", U"올바르지", U"없는 번호", U"아닌",
      U"아니",   U"invalid", U"wrong",  U"incorrect", U"test",     U"fake", U"dummy",    U"not a "};
  size_t low = begin > 25 ? begin - 25 : 0, high = std::min(text.size(), end + 25);
  View around = View(text.chars).substr(low, high - low);
  return std::any_of(kWrong.begin(), kWrong.end(), [&](View word) { return around.find(word) != View::npos; });
}

}  // namespace malmoi::data
