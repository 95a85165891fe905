// Drops a character from the ends of each token, up to so many times.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {
namespace {

class StripDecoder final : public Described<StripDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "Strip";
  static void fields(auto& self, auto& in) {
    in.character("content", self.content_);
    in.field("start", self.start_);
    in.field("stop", self.stop_);
  }
  // Where the two ends meet on a short token the reference fails; here what is left is empty.
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      const std::string_view text = token;
      size_t begin = 0, end = text.size();
      for (size_t i = 0; i < start_ && text.substr(begin).starts_with(content_); ++i) begin += content_.size();
      for (size_t i = 0; i < stop_ && end > begin && text.substr(0, end).ends_with(content_); ++i)
        end -= content_.size();
      token = end > begin ? std::string(text.substr(begin, end - begin)) : std::string();
    }
  }

 private:
  std::string content_;
  size_t start_ = 0, stop_ = 0;
};

}  // namespace

extern const ComponentType<Decoder> strip_decoder = component_type<StripDecoder, Decoder>();

}  // namespace malmoi::tokenizer
