// The fields of the three components that are called ByteLevel: a pre-tokenizer, a post-processor and a decoder.
#pragma once

namespace malmoi::tokenizer {

struct ByteLevelFields {
  bool add_prefix_space = true, trim_offsets = true, use_regex = true;
};

inline void byte_level_fields(auto& options, auto& in) {
  in.field("add_prefix_space", options.add_prefix_space);
  in.field("trim_offsets", options.trim_offsets);
  in.field("use_regex", options.use_regex);
}

}  // namespace malmoi::tokenizer
