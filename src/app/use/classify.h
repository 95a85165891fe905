// What a classifier says of texts: labels with their probabilities, and what each token adds.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/use/text_head.h"
#include "base/json.h"

namespace malmoi::app {

struct ClassifyOptions {
  std::string model;           // a folder, or a name in the store
  std::string file = "-";      // what is read, a line each; "-": the standard input
  bool explain = false;        // the share of each token by integrated gradients (infer/attribution.h)
  std::vector<Path> adapters;  // put around the model: the first is used
  DType dtype = DType::kF32;
};

struct LabelExplanation {
  std::vector<std::pair<std::string, double>> tokens;  // the text of each, and its share of the label's logit
  double difference = 0, gap = 0;                      // see infer::Attribution
};

struct ClassifiedText {
  std::string label;                                   // the most probable
  std::vector<std::pair<std::string, double>> scores;  // of each label, in the model's order: probabilities
  /// Of a model that says yes or no to each label: those that are more probable than not.
  std::optional<std::vector<std::string>> labels;
  int64_t cut = 0;  // tokens that did not fit
  std::optional<LabelExplanation> explanation;
};
Json to_json(const ClassifiedText& text);

/// A classifier with its tokenizer, for one thread.
class Classifier {
 public:
  /// Errors: a model without labels, or without a tokenizer.
  static Result<Classifier> open(const ClassifyOptions& options, const Job& job);
  /// The same of a model that was opened. `explain`: see ClassifyOptions.
  static Result<Classifier> of(LoadedModel loaded, bool explain);
  /// The texts in one pass. An empty text is classified as what stands around one.
  Result<std::vector<ClassifiedText>> classify(const std::vector<TextPair>& texts);
  const std::vector<std::string>& labels() const { return head_.model().labels; }

 private:
  explicit Classifier(TextHead head) : head_(std::move(head)) {}
  Status explain(const train::EncodedText& encoded, size_t label, ClassifiedText& out);

  TextHead head_;
  bool explains_ = false;
};

}  // namespace malmoi::app
