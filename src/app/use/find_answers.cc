#include "app/use/find_answers.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/ascii.h"
#include "base/utf8.h"
#include "infer/sampling.h"

namespace malmoi::app {
namespace {

constexpr size_t kBorders = 2;         // logits alternate between beginnings and ends
constexpr size_t kLongestAnswer = 30;  // tokens, as the published evaluation has it

// Code points [begin, end) of a text.
std::string part_of(const std::string& text, int64_t begin, int64_t end) {
  size_t at = 0, from = 0;
  for (int64_t n = 0; n < end && at < text.size(); ++n) {
    if (n == begin) from = at;
    at += decode_utf8(text, at).length;
  }
  return text.substr(from, at - from);
}

std::vector<float> border(std::span<const float> logits, size_t which) {
  std::vector<float> values;
  for (size_t i = which; i < logits.size(); i += kBorders) values.push_back(logits[i]);
  return values;
}

FoundAnswer best_answer(const train::EncodedText& text, std::span<const float> logits, const std::string& context) {
  const std::vector<float> begins = border(logits, 0), ends = border(logits, 1);
  size_t first = 0, last = 0;
  double best = static_cast<double>(begins[0]) + static_cast<double>(ends[0]);
  for (size_t i = 0; i < begins.size(); ++i) {
    if (text.places[i].text != 1) continue;
    for (size_t j = i; j < std::min(begins.size(), i + kLongestAnswer) && text.places[j].text == 1; ++j) {
      const double score = static_cast<double>(begins[i]) + static_cast<double>(ends[j]);
      if (score > best) std::tie(best, first, last) = std::tuple(score, i, j);
    }
  }
  FoundAnswer answer{.probability = std::exp(best - infer::log_sum_exp(begins) - infer::log_sum_exp(ends)),
                     .cut = text.cut};
  if (text.places[first].text != 1) return answer;
  answer.begin = text.places[first].begin;
  answer.end = text.places[last].end;
  const std::string found = part_of(context, answer.begin, answer.end);
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
  std::vector<train::EncodedText> encoded;
  for (const TextPair& question : questions) {
    MALMOI_ASSIGN(train::EncodedText one, head_.encode(question));
    encoded.push_back(std::move(one));
  }
  MALMOI_ASSIGN(auto logits, head_.logits(encoded));
  std::vector<FoundAnswer> answers;
  for (size_t q = 0; q < questions.size(); ++q)
    answers.push_back(best_answer(encoded[q], logits[q], questions[q].pair.value_or("")));
  return answers;
}

}  // namespace malmoi::app
