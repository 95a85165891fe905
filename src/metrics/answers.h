// How near answers to questions are to those that were wanted: exact match and F1 by the rules of SQuAD (Rajpurkar et al. 2016, 2018)
// and of KorQuAD 1.0 (Lim et al. 2019).
//
//   F1 = 2 c / (p + g)
//
// p, g: words of the prediction and of an answer, characters under KorQuAD's rule; c: those that both have, each no more often
// than the one that has it less. The best over the answers counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace malmoi::metrics {

enum class AnswerRule {
  kSquad,    // words in lower case, without ASCII punctuation and articles
  kSquad2,   // the same; where either has no words, F1 is 1 if neither has
  kKorquad,  // characters, without quotes and brackets; articles stay
};

struct AnswerScore {
  double exact_match = 0, f1 = 0;  // 0 to 1
};

/// A text as it is compared. Requires valid UTF-8.
std::string normalized_answer(std::string_view text, AnswerRule rule);

/// No answers are one that is empty: there is none. Requires valid UTF-8.
AnswerScore answer_score(std::string_view prediction, const std::vector<std::string>& answers, AnswerRule rule);

}  // namespace malmoi::metrics
