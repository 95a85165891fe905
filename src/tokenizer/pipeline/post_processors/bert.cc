// BERT's: [CLS] before the first text, [SEP] behind each.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/post_processors/around.h"

namespace malmoi::tokenizer {
namespace {

class BertProcessing final : public Described<BertProcessing, PostProcessor> {
 public:
  static constexpr std::string_view kType = "BertProcessing";
  static void fields(auto& self, auto& in) {
    in.required("sep", self.sep_);
    in.required("cls", self.cls_);
  }
  size_t added_tokens(bool pair) const override { return pair ? 3 : 2; }
  Volume volume_after(Volume before) const override { return volume_with_two(before); }
  void process(std::vector<Sequence>& sequences, bool add_special) const override {
    if (!add_special) return;
    for (size_t i = 0; i < sequences.size(); ++i)
      sequences[i] = wrapped(sequences[i], i == 0 ? &cls_ : nullptr, sep_, i == 0 ? 0 : 1);
  }

 private:
  NamedId sep_, cls_;
};

}  // namespace

extern const ComponentType<PostProcessor> bert_post_processor = component_type<BertProcessing, PostProcessor>();

}  // namespace malmoi::tokenizer
