// The end-of-word suffix of BPE becomes a space.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/decoder.h"
#include "tokenizer/pipeline/decoders/text_edit.h"

namespace malmoi::tokenizer {
namespace {

class BpeDecoder final : public Described<BpeDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "BPEDecoder";
  static void fields(auto& self, auto& in) { in.field("suffix", self.suffix_); }
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) replace_text(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ");
  }

 private:
  std::string suffix_ = "</w>";
};

}  // namespace

extern const ComponentType<Decoder> bpe_decoder = component_type<BpeDecoder, Decoder>();

}  // namespace malmoi::tokenizer
