// ByteLevel: offsets without the spaces at the ends of tokens.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/byte_level_fields.h"
#include "tokenizer/pipeline/post_processors/around.h"

namespace malmoi::tokenizer {
namespace {

class ByteLevelProcessor final : public Described<ByteLevelProcessor, PostProcessor> {
 public:
  static constexpr std::string_view kType = "ByteLevel";
  static void fields(auto& self, auto& in) { byte_level_fields(self.options_, in); }
  size_t added_tokens(bool) const override { return 0; }
  bool trims_offsets() const override { return options_.trim_offsets; }
  Volume volume_after(Volume before) const override { return before; }
  void process(std::vector<Sequence>& sequences, bool) const override {
    if (!options_.trim_offsets) return;
    for (Sequence& sequence : sequences) trim_offsets(sequence, options_.add_prefix_space);
  }

 private:
  ByteLevelFields options_;
};

}  // namespace

extern const ComponentType<PostProcessor> byte_level_post_processor =
    component_type<ByteLevelProcessor, PostProcessor>();

}  // namespace malmoi::tokenizer
