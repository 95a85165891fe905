// Connectionist temporal classification: repeated tokens count once, the padding is nothing.
#include <algorithm>

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/decoder.h"
#include "tokenizer/pipeline/decoders/text_edit.h"

namespace malmoi::tokenizer {
namespace {

class CtcDecoder final : public Described<CtcDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "CTC";
  static void fields(auto& self, auto& in) {
    in.field("pad_token", self.pad_);
    in.field("word_delimiter_token", self.delimiter_);
    in.field("cleanup", self.cleanup_);
  }
  void apply(std::vector<std::string>& tokens) const override {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (std::string& token : tokens) {
      replace_text(token, pad_, "");
      if (!cleanup_) continue;
      clean_up(token);
      replace_text(token, delimiter_, " ");
    }
    std::erase_if(tokens, [](const std::string& token) { return token.empty(); });
  }

 private:
  std::string pad_ = "<pad>", delimiter_ = "|";
  bool cleanup_ = true;
};

}  // namespace

extern const ComponentType<Decoder> ctc_decoder = component_type<CtcDecoder, Decoder>();

}  // namespace malmoi::tokenizer
