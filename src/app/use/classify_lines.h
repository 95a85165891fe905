// `malmoi classify`: what a model says of each line, by the head that it has.
#pragma once

#include <functional>
#include <variant>

#include "app/use/classify.h"
#include "app/use/estimate.h"
#include "app/use/find_answers.h"
#include "app/use/label_words.h"

namespace malmoi::app {

/// A line of text with a label for each word.
struct LabelledLine {
  std::vector<PlacedWord> words;
  LabelledWords labelled;
  bool is_iob = false;
};
Json to_json(const LabelledLine& line);

/// Of a classifier, a regression model, one that sorts tokens, one that answers questions.
using ClassifiedLine = std::variant<ClassifiedText, EstimatedNumbers, LabelledLine, FoundAnswer>;
Json to_json(const ClassifiedLine& line);

/// Gives each line of the file in order: a text, or, where questions are answered, {"question": ..., "context": ...}. Warns of
/// lines that were cut. Errors: a model with another head, a line that is no such object, shares (`explain`) of anything but labels
/// of texts.
Status classify(const ClassifyOptions& options, const std::function<Status(const ClassifiedLine&)>& sink,
                const Job& job);

}  // namespace malmoi::app
