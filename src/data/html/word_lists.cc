#include "data/html/word_lists.h"

#include <algorithm>
#include <array>
#include <deque>
#include <string>

#include "data/word_file.h"

namespace malmoi::embedded {
extern const std::string_view html_words;
}

namespace malmoi::data::html {
namespace {

// In the order of WordList.
constexpr std::array kSections = {
    std::string_view("strong names"), std::string_view("weak names"),     std::string_view("shape names"),
    std::string_view("hidden names"), std::string_view("content names"),  std::string_view("line starts"),
    std::string_view("line parts"),   std::string_view("site sentences"), std::string_view("cutting headings"),
    std::string_view("title labels"), std::string_view("other labels")};

struct Lists {
  std::deque<std::string> texts;  // of the words, which do not move
  std::array<std::vector<std::string_view>, kSections.size()> lists;

  Lists() {
    for (size_t i = 0; i < kSections.size(); ++i)
      for (std::string_view word : words_of(embedded::html_words, kSections[i])) {
        std::string& text = texts.emplace_back(word);
        std::replace(text.begin(), text.end(), '_', ' ');
        lists[i].push_back(text);
      }
  }
};

}  // namespace

const std::vector<std::string_view>& words(WordList list) {
  static const Lists kLists;
  return kLists.lists[static_cast<size_t>(list)];
}

}  // namespace malmoi::data::html
