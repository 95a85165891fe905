// One post-processor after another.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/post_processors/around.h"

namespace malmoi::tokenizer {
namespace {

class ProcessorSequence final : public StepSequence<ProcessorSequence, PostProcessor> {
 public:
  size_t added_tokens(bool pair) const override {
    size_t total = 0;
    for (const auto& step : steps_) total += step->added_tokens(pair);
    return total;
  }
  bool trims_offsets() const override {
    return any_step([](const PostProcessor& step) { return step.trims_offsets(); });
  }
  Volume volume_after(Volume before) const override {
    constexpr size_t kEnough = size_t{1} << 40;  // sums of this size are refused, and are not to overflow
    for (const auto& step : steps_)
      if (before.tokens < kEnough && before.sequences < kEnough) before = step->volume_after(before);
    return before;
  }
  void process(std::vector<Sequence>& sequences, bool add_special) const override {
    for (const auto& step : steps_) step->process(sequences, add_special);
  }
};

}  // namespace

extern const ComponentType<PostProcessor> sequence_post_processor = component_type<ProcessorSequence, PostProcessor>();

}  // namespace malmoi::tokenizer
