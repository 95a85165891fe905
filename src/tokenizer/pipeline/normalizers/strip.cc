// Drops white space at the ends of a text.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class Strip final : public Described<Strip, Normalizer> {
 public:
  static constexpr std::string_view kType = "Strip";
  static void fields(auto& self, auto& in) {
    in.field("strip_left", self.left_);
    in.field("strip_right", self.right_);
  }
  void normalize(NormalizedText& text) const override {
    const std::string_view old = text.text;
    size_t begin = 0, end = old.size();
    if (left_) begin = first_kept(old);
    while (right_ && end > begin) {
      const CodePoint last = last_code_point(old.substr(0, end));
      if (!is_space(last.value)) break;
      end = last.begin;
    }
    if (begin == 0 && end == old.size()) return;
    text.text = std::string(old.substr(begin, end - begin));
    if (text.tracked) {
      text.source.erase(text.source.begin() + static_cast<ptrdiff_t>(end), text.source.end());
      text.source.erase(text.source.begin(), text.source.begin() + static_cast<ptrdiff_t>(begin));
    }
  }

 private:
  static size_t first_kept(std::string_view text) {
    for (const CodePoint c : CodePoints(text))
      if (!is_space(c.value)) return c.begin;
    return text.size();
  }

  bool left_ = true, right_ = true;
};

}  // namespace

extern const ComponentType<Normalizer> strip_normalizer = component_type<Strip, Normalizer>();

}  // namespace malmoi::tokenizer
