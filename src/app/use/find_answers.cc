#include "app/use/find_answers.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/ascii.h"
#include "base/utf8.h"
#include "infer/sampling.h"

namespace malmoi::app {
namespace {

constexpr size_t kBorders = 2;         // logits alternate between beginnings and ends
constexpr size_t kLongestAnswer = 30;  // tokens, as the published evaluation has it
constexpr int64_t kOverlap = 128;      // tokens that windows of a context share, likewise
constexpr size_t kWindowsAtOnce = 32;

std::vector<float> border(std::span<const float> logits, size_t which) {
  std::vector<float> values;
  for (size_t i = which; i < logits.size(); i += kBorders) values.push_back(logits[i]);
  return values;
}

// What a window says: its best part of the context, and that there is none.
struct Window {
  struct Part {
    double score = -INFINITY, probability = 0;
    train::EncodedText::Place first, last;
  };
  Part best = {}, none = {};
};

Window read_window(const train::EncodedText& text, std::span<const float> logits) {
  const std::vector<float> begins = border(logits, 0), ends = border(logits, 1);
  const double whole = infer::log_sum_exp(begins) + infer::log_sum_exp(ends);
  auto score = [&](size_t i, size_t j) { return static_cast<double>(begins[i]) + static_cast<double>(ends[j]); };
  auto part = [&](size_t i, size_t j) -> Window::Part {
    return {score(i, j), std::exp(score(i, j) - whole), text.places[i], text.places[j]};
  };
  Window window{.none = part(0, 0)};
  for (size_t i = 0; i < begins.size(); ++i) {
    if (text.places[i].text != 1) continue;
    for (size_t j = i; j < std::min(begins.size(), i + kLongestAnswer) && text.places[j].text == 1; ++j)
      if (score(i, j) > window.best.score) window.best = part(i, j);
  }
  return window;
}

FoundAnswer answer_of(const Window& window, int64_t cut, const std::string& context) {
  FoundAnswer answer{.probability = window.none.probability, .cut = cut};
  if (!(window.best.score > window.none.score)) return answer;  // nor where either is no number
  answer.probability = window.best.probability;
  answer.begin = window.best.first.begin;
  const size_t from = std::min(train::byte_of_code_point(context, window.best.first.begin), context.size());
  const std::string found = context.substr(from, train::byte_of_code_point(context, window.best.last.end) - from);
  answer.text = std::string(ascii_trim(found));  // a token may begin with the space before its word
  answer.begin += static_cast<int64_t>(found.find(*answer.text));
  answer.end = answer.begin + static_cast<int64_t>(count_code_points(*answer.text));
  return answer;
}

}  // namespace

Json to_json(const FoundAnswer& answer) {
  Json json = {{"answer", nullptr}, {"probability", answer.probability}};
  if (answer.text) json.update({{"answer", *answer.text}, {"start", answer.begin}, {"end", answer.end}});
  if (answer.cut > 0) json["cut_tokens"] = answer.cut;
  return json;
}

Result<AnswerFinder> AnswerFinder::of(LoadedModel loaded) {
  MALMOI_ASSIGN(TextHead head, TextHead::of(std::move(loaded)));
  return AnswerFinder(std::move(head));
}

Result<std::vector<FoundAnswer>> AnswerFinder::find(const std::vector<TextPair>& questions) {
  std::vector<train::EncodedText> windows;
  std::vector<size_t> question_of;  // each window's
  for (size_t q = 0; q < questions.size(); ++q) {
    MALMOI_ASSIGN(auto of_question, head_.encode_windows(questions[q], kOverlap));
    question_of.insert(question_of.end(), of_question.size(), q);
    std::ranges::move(of_question, std::back_inserter(windows));
  }
  std::vector<std::optional<Window>> said(questions.size());
  std::vector<int64_t> cut(questions.size());
  for (size_t begin = 0; begin < windows.size(); begin += kWindowsAtOnce) {
    const auto some = std::span(windows).subspan(begin, std::min(kWindowsAtOnce, windows.size() - begin));
    MALMOI_ASSIGN(auto logits, head_.logits(some));
    for (size_t w = 0; w < some.size(); ++w) {
      const Window window = read_window(some[w], logits[w]);
      const size_t q = question_of[begin + w];
      cut[q] = some[w].cut;
      if (!said[q]) said[q] = window;
      if (window.best.score > said[q]->best.score) said[q]->best = window.best;
      if (window.none.score < said[q]->none.score) said[q]->none = window.none;
    }
  }
  std::vector<FoundAnswer> answers;
  for (size_t q = 0; q < questions.size(); ++q)
    answers.push_back(answer_of(*said[q], cut[q], questions[q].pair.value_or("")));
  return answers;
}

}  // namespace malmoi::app
