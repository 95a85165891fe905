// BERT's cutting: at white space, and every mark of punctuation alone.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class BertPreTokenizer final : public Described<BertPreTokenizer, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "BertPreTokenizer";
  static void fields(auto&, auto&) {}
  void apply(Draft& draft) const override {
    split_by_class(draft, SplitBehavior::kRemoved, kSpace);
    split_by_class(draft, SplitBehavior::kIsolated, kPunctuation);
  }
};

}  // namespace

extern const ComponentType<PreTokenizer> bert_pre_tokenizer = component_type<BertPreTokenizer, PreTokenizer>();

}  // namespace malmoi::tokenizer
