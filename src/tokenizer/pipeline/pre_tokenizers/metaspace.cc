// Spaces become a visible character, at which words are cut.
#include <cstring>

#include "tokenizer/json/component.h"
#include "tokenizer/json/pattern_json.h"
#include "tokenizer/pipeline/metaspace.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"

namespace malmoi::tokenizer {
namespace {

class MetaspacePreTokenizer final : public Described<MetaspacePreTokenizer, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "Metaspace";
  static void fields(auto& self, auto& in) { metaspace_fields(self.metaspace_, in); }
  bool needs_source() const override { return metaspace_.scheme == Metaspace::Prepend::kFirst; }
  void apply(Draft& draft) const override {
    rewrite_pieces(draft, [&](NormalizedText& text) { mark(text); });
    if (metaspace_.split)
      cut_pieces(draft, [&](std::string_view text, std::vector<Span>& spans) { cut_at_marks(text, spans); });
  }

 private:
  void mark(NormalizedText& text) const {
    static const std::shared_ptr<const Pattern> space = Pattern::text(" ");
    replace_all(text, *space, metaspace_.replacement);
    const bool wanted = metaspace_.scheme == Metaspace::Prepend::kAlways ||
                        (metaspace_.scheme == Metaspace::Prepend::kFirst && text.origin == 0);
    if (wanted && !text.text.starts_with(metaspace_.replacement)) text.prepend(metaspace_.replacement);
  }
  // Each piece begins with a mark, but perhaps the first.
  void cut_at_marks(std::string_view text, std::vector<Span>& spans) const {
    const std::string& mark = metaspace_.replacement;
    auto is_mark = [&](size_t at) {
      return at + mark.size() <= text.size() && std::memcmp(text.data() + at, mark.data(), mark.size()) == 0;
    };
    for (size_t begin = 0; begin < text.size();) {
      const size_t next = begin + (is_mark(begin) ? mark.size() : 1);
      const size_t end = is_mark(next) ? next : std::min(text.find(mark, next), text.size());
      spans.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      begin = end;
    }
  }

  Metaspace metaspace_;
};

}  // namespace

extern const ComponentType<PreTokenizer> metaspace_pre_tokenizer =
    component_type<MetaspacePreTokenizer, PreTokenizer>();

}  // namespace malmoi::tokenizer
