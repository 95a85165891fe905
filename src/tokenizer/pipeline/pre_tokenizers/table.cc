// The table of pre-tokenizers, made from pipeline/pre_tokenizers/table.inc.
#include "tokenizer/pipeline/pre_tokenizer.h"

namespace malmoi::tokenizer {

#define PRE_TOKENIZER(name) extern const ComponentType<PreTokenizer> name##_pre_tokenizer;
#include "tokenizer/pipeline/pre_tokenizers/table.inc"
#undef PRE_TOKENIZER

std::span<const ComponentType<PreTokenizer>* const> PreTokenizer::types() {
  static constexpr const ComponentType<PreTokenizer>* kTable[] = {
#define PRE_TOKENIZER(name) &name##_pre_tokenizer,
#include "tokenizer/pipeline/pre_tokenizers/table.inc"
#undef PRE_TOKENIZER
  };
  return kTable;
}

}  // namespace malmoi::tokenizer
