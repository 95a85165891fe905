#include "data/pii/labels.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "data/pii/label_words.h"
#include "data/pii/words.h"

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

bool is_sign_of_label(const FoldedText& text, size_t at, Label label) {
  constexpr size_t kLongestLabel = 40;
  FoundLabel found = label_before(text, at, 0, kLongestLabel);
  if (found.label == Label::kNone || found.distance != 0) return false;
  if (label != Label::kNone) return found.label == label;
  return found.label != Label::kOther && found.label != Label::kVersion && found.label != Label::kBankShort;
}

bool ends_abbreviation(const FoldedText& text, size_t at) {
  constexpr size_t kLongestWord = 12;
  size_t begin = at;
  size_t stops = 0, longest = 0;
  View last;
  while (begin > 0) {
    size_t end = begin;
    while (begin > 0 && is_letter(text.at(begin - 1))) --begin;
    if (end == begin) return false;
    if (stops == 0) last = View(text.chars).substr(begin, end - begin);
    longest = std::max(longest, end - begin);
    if (begin == 0 || text.at(begin - 1) != U'.') break;
    --begin;
    ++stops;
  }
  char32_t before = begin > 0 ? text.at(begin - 1) : U' ';
  bool part =
      is_digit(before) || before == U'.' || before == U'_' || before == U'@' || before == U'/' || before == U'\\';
  bool number = stops == 1 && (last == U"no" || last == U"nr" || last == U"num");  // Reg.No.
  return !part && longest > 0 && longest <= kLongestWord && (stops == 0 || longest == 1 || number);
}

bool is_called_wrong(const FoldedText& text, size_t begin, size_t end) {
  static const std::vector<std::u32string> kWrong = [] {
    std::vector<std::u32string> words = folded_words(PiiFile::kLabels, "wrong");
    for (std::u32string& word : words) std::replace(word.begin(), word.end(), U'_', U' ');
    return words;
  }();
  size_t low = begin > 25 ? begin - 25 : 0, high = std::min(text.size(), end + 25);
  View around = View(text.chars).substr(low, high - low);
  return std::any_of(kWrong.begin(), kWrong.end(), [&](View word) { return around.find(word) != View::npos; });
}

}  // namespace malmoi::data
