// RoBERTa's: <s> before the first text, </s> behind each and before the second; offsets trimmed.
#include <algorithm>

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/post_processors/around.h"

namespace malmoi::tokenizer {
namespace {

class RobertaProcessing final : public Described<RobertaProcessing, PostProcessor> {
 public:
  static constexpr std::string_view kType = "RobertaProcessing";
  static void fields(auto& self, auto& in) {
    in.required("sep", self.sep_);
    in.required("cls", self.cls_);
    in.field("trim_offsets", self.trim_);
    in.field("add_prefix_space", self.prefix_);
  }
  size_t added_tokens(bool pair) const override { return pair ? 4 : 2; }
  bool trims_offsets() const override { return trim_; }
  Volume volume_after(Volume before) const override { return volume_with_two(before); }
  void process(std::vector<Sequence>& sequences, bool add_special) const override {
    for (size_t i = 0; i < sequences.size(); ++i) {
      Sequence& sequence = sequences[i];
      if (trim_) trim_offsets(sequence, prefix_);
      std::fill(sequence.type_ids.begin(), sequence.type_ids.end(), 0);
      if (add_special) sequence = wrapped(sequence, i == 0 ? &cls_ : &sep_, sep_, 0);
    }
  }

 private:
  NamedId sep_, cls_;
  bool trim_ = true, prefix_ = true;
};

}  // namespace

extern const ComponentType<PostProcessor> roberta_post_processor = component_type<RobertaProcessing, PostProcessor>();

}  // namespace malmoi::tokenizer
