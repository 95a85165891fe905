// The table of steps, made from samplers/table.inc.
#include "infer/samplers/step.h"

namespace malmoi::infer {

#define SAMPLER(name) extern const SamplerEntry name##_sampler;
#include "infer/samplers/table.inc"
#undef SAMPLER

std::span<const SamplerEntry* const> sampler_table() {
  static constexpr const SamplerEntry* kTable[] = {
#define SAMPLER(name) &name##_sampler,
#include "infer/samplers/table.inc"
#undef SAMPLER
  };
  return kTable;
}

}  // namespace malmoi::infer
