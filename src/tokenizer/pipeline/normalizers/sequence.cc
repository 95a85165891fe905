// One normalizer after another.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"

namespace malmoi::tokenizer {
namespace {

class NormalizerSequence final : public StepSequence<NormalizerSequence, Normalizer> {
 public:
  void normalize(NormalizedText& text) const override {
    for (const auto& step : steps_) step->normalize(text);
  }
};

}  // namespace

extern const ComponentType<Normalizer> sequence_normalizer = component_type<NormalizerSequence, Normalizer>();

}  // namespace malmoi::tokenizer
