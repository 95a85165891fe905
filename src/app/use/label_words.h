// What a model that sorts tokens says of texts: a label for each word, and the names that such labels spell.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/use/text_head.h"
#include "base/json.h"

namespace malmoi::app {

/// A word and where it stands: code points [begin, end) of its text.
struct PlacedWord {
  std::string text;
  int64_t begin = 0, end = 0;
};
/// Words as training reads them: what stands between white space.
std::vector<PlacedWord> placed_words(std::string_view text);

struct LabelledWords {
  struct Word {
    std::string label;       // the most probable; empty: the word was cut away
    double probability = 0;  // of the label
  };
  std::vector<Word> words;  // as they were given
  int64_t cut = 0;          // tokens that did not fit
};

/// {"words": [{"text", "label", "probability"}]}, and where the labels are IOB {"entities": [{"text", "label", "start", "end"}]}.
/// A word that was cut away has null for a label. `words`: those that were labelled; `is_iob`: as metrics::are_iob has it.
Json to_json(const LabelledWords& labelled, const std::vector<PlacedWord>& words, bool is_iob);

/// A model that sorts tokens with its tokenizer, for one thread.
class WordLabeler {
 public:
  static Result<WordLabeler> of(LoadedModel loaded);
  /// The words of each text, all texts in one pass. The label of a word is its first token's.
  Result<std::vector<LabelledWords>> label(const std::vector<std::vector<std::string>>& texts);
  const std::vector<std::string>& labels() const { return head_.model().labels; }

 private:
  explicit WordLabeler(TextHead head) : head_(std::move(head)) {}
  TextHead head_;
};

}  // namespace malmoi::app
