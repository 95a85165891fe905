// The table of normalizers, made from pipeline/normalizers/table.inc.
#include "tokenizer/pipeline/normalizer.h"

namespace malmoi::tokenizer {

#define NORMALIZER(name) extern const ComponentType<Normalizer> name##_normalizer;
#include "tokenizer/pipeline/normalizers/table.inc"
#undef NORMALIZER

std::span<const ComponentType<Normalizer>* const> Normalizer::types() {
  static constexpr const ComponentType<Normalizer>* kTable[] = {
#define NORMALIZER(name) &name##_normalizer,
#include "tokenizer/pipeline/normalizers/table.inc"
#undef NORMALIZER
  };
  return kTable;
}

}  // namespace malmoi::tokenizer
