// What a question answering model finds: the part of a context that answers a question (Devlin et al. 2019, 4.2 and 4.3).
//
//   score(i, j) = begin[i] + end[j],  i <= j
//
// over the tokens of the context; the first token of the whole, with itself, stands for no answer. A context that does not fit is
// read in windows that overlap: the best part of any is the answer, unless every window says better that it holds none.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/use/text_head.h"
#include "base/json.h"

namespace malmoi::app {

struct FoundAnswer {
  std::optional<std::string> text;  // absent: the context does not answer the question
  int64_t begin = 0, end = 0;       // code points of the context
  double probability = 0;           // of its beginning times that of its end, in its window
  int64_t cut = 0;                  // tokens that did not fit beside a long question
};
/// {"answer", "start", "end", "probability"}; without an answer null, and no places.
Json to_json(const FoundAnswer& answer);

/// A question answering model with its tokenizer, for one thread.
class AnswerFinder {
 public:
  static Result<AnswerFinder> of(LoadedModel loaded);
  /// Questions (the text) with their contexts (the pair, which each must have), in as few passes as memory allows.
  Result<std::vector<FoundAnswer>> find(const std::vector<TextPair>& questions);

 private:
  explicit AnswerFinder(TextHead head) : head_(std::move(head)) {}
  TextHead head_;
};

}  // namespace malmoi::app
