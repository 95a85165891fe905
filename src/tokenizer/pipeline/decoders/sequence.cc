// One decoder after another.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {
namespace {

class DecoderSequence final : public StepSequence<DecoderSequence, Decoder> {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    for (const auto& step : steps_) step->apply(tokens);
  }
  bool spells_bytes() const override {
    return any_step([](const Decoder& step) { return step.spells_bytes(); });
  }
  bool has_byte_tokens() const override {
    return any_step([](const Decoder& step) { return step.has_byte_tokens(); });
  }
};

}  // namespace

extern const ComponentType<Decoder> sequence_decoder = component_type<DecoderSequence, Decoder>();

}  // namespace malmoi::tokenizer
