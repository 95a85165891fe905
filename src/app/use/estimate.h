// What a regression model says of texts: a number for each.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/use/text_head.h"
#include "base/json.h"

namespace malmoi::app {

struct EstimatedNumbers {
  std::vector<std::pair<std::string, double>> values;  // by the names of the outputs, of which most models have one
  int64_t cut = 0;                                     // tokens that did not fit
};
/// {"value": x}; of several outputs {"values": {name: x}}.
Json to_json(const EstimatedNumbers& numbers);

/// A regression model with its tokenizer, for one thread.
class Estimator {
 public:
  static Result<Estimator> of(LoadedModel loaded);
  /// The texts in one pass.
  Result<std::vector<EstimatedNumbers>> estimate(const std::vector<TextPair>& texts);

 private:
  explicit Estimator(TextHead head) : head_(std::move(head)) {}
  TextHead head_;
};

}  // namespace malmoi::app
