#include "metrics/answers.h"

#include <algorithm>
#include <map>

#include "metrics/words.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::metrics {
namespace {

constexpr std::u32string_view kQuotesAndBrackets = U"'\"《》<>〈〉()‘’";  // of KorQuAD's evaluation
constexpr std::u32string_view kArticles[] = {U"a", U"an", U"the"};

bool is_ascii_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// What a regular expression of Python calls a word's.
bool is_of_word(char32_t c) {
  return c == '_' || (tokenizer::classes_of(c) & (tokenizer::kLetter | tokenizer::kNumber)) != 0;
}

// Each article that is a word of its own becomes a space.
std::u32string without_articles(const std::u32string& text) {
  std::u32string out;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin + 1;
    if (is_of_word(text[begin])) {
      while (end < text.size() && is_of_word(text[end])) ++end;
    }
    const std::u32string word = text.substr(begin, end - begin);
    out += std::ranges::find(kArticles, word) == std::end(kArticles) ? word : U" ";
    begin = end;
  }
  return out;
}

using Counts = std::map<std::string, int64_t>;

Counts parts_of(const std::string& normalized, AnswerRule rule) {
  Counts counts;
  for (std::string& part : split_words(normalized, rule == AnswerRule::kKorquad ? WordRule::kChar : WordRule::kNone))
    ++counts[std::move(part)];
  return counts;
}

int64_t total(const Counts& counts) {
  int64_t sum = 0;
  for (const auto& [part, count] : counts) sum += count;
  return sum;
}

double f1(const Counts& prediction, const Counts& answer, AnswerRule rule) {
  if (rule == AnswerRule::kSquad2 && (prediction.empty() || answer.empty()))
    return prediction.empty() == answer.empty();
  int64_t common = 0;
  for (const auto& [part, count] : prediction) {
    auto found = answer.find(part);
    if (found != answer.end()) common += std::min(count, found->second);
  }
  return common == 0 ? 0 : 2 * static_cast<double>(common) / static_cast<double>(total(prediction) + total(answer));
}

}  // namespace

std::string normalized_answer(std::string_view text, AnswerRule rule) {
  std::u32string all = code_points(text);
  if (rule == AnswerRule::kKorquad) {
    for (char32_t& c : all) {
      if (kQuotesAndBrackets.find(c) != kQuotesAndBrackets.npos) c = U' ';
    }
  }
  all = lower_case(all);
  std::erase_if(all, is_ascii_punctuation);
  if (rule != AnswerRule::kKorquad) all = without_articles(all);
  std::string out;
  for (const std::string& word : split_words(utf8(all), WordRule::kNone)) out += (out.empty() ? "" : " ") + word;
  return out;
}

AnswerScore answer_score(std::string_view prediction, const std::vector<std::string>& answers, AnswerRule rule) {
  const std::string predicted = normalized_answer(prediction, rule);
  const Counts parts = parts_of(predicted, rule);
  AnswerScore best;
  auto compare = [&](std::string_view answer) {
    const std::string wanted = normalized_answer(answer, rule);
    best.exact_match = std::max<double>(best.exact_match, predicted == wanted);
    best.f1 = std::max(best.f1, f1(parts, parts_of(wanted, rule), rule));
  };
  for (const std::string& answer : answers) compare(answer);
  if (answers.empty()) compare("");
  return best;
}

}  // namespace malmoi::metrics
