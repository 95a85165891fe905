// The table of decoders, made from pipeline/decoders/table.inc.
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {

#define DECODER(name) extern const ComponentType<Decoder> name##_decoder;
#include "tokenizer/pipeline/decoders/table.inc"
#undef DECODER

std::span<const ComponentType<Decoder>* const> Decoder::types() {
  static constexpr const ComponentType<Decoder>* kTable[] = {
#define DECODER(name) &name##_decoder,
#include "tokenizer/pipeline/decoders/table.inc"
#undef DECODER
  };
  return kTable;
}

}  // namespace malmoi::tokenizer
