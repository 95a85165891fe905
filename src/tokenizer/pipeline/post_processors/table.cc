// The table of post-processors, made from pipeline/post_processors/table.inc.
#include "tokenizer/pipeline/post_processor.h"

namespace malmoi::tokenizer {

#define POST_PROCESSOR(name) extern const ComponentType<PostProcessor> name##_post_processor;
#include "tokenizer/pipeline/post_processors/table.inc"
#undef POST_PROCESSOR

std::span<const ComponentType<PostProcessor>* const> PostProcessor::types() {
  static constexpr const ComponentType<PostProcessor>* kTable[] = {
#define POST_PROCESSOR(name) &name##_post_processor,
#include "tokenizer/pipeline/post_processors/table.inc"
#undef POST_PROCESSOR
  };
  return kTable;
}

}  // namespace malmoi::tokenizer
