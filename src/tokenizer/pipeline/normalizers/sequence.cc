// One normalizer after another.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"

namespace malmoi::tokenizer {
namespace {

// Appends the short texts of a component, the patterns among them.
void append_texts(const simdjson::dom::element& element, std::string& out) {
  constexpr size_t kShort = 256, kEnough = size_t{1} << 14;
  if (out.size() > kEnough) return;
  if (std::string_view text; !element.get(text)) {
    if (text.size() <= kShort) out += text;
  } else if (simdjson::dom::array items; !element.get(items)) {
    for (auto item : items) append_texts(item, out);
  } else if (simdjson::dom::object members; !element.get(members)) {
    for (auto [key, value] : members) append_texts(value, out);
  }
}

class NormalizerSequence final : public StepSequence<NormalizerSequence, Normalizer> {
 public:
  // Steps that each double a text make gigabytes of a word: tried on ASCII and on the texts of the steps.
  Status ready(const JsonNode& node) {
    constexpr size_t kMostTimes = 64;
    std::string probe = "\t\n";
    for (char c = ' '; c <= '~'; ++c) probe += c;
    append_texts(node.element, probe);
    NormalizedText text = NormalizedText::of(probe, 0, false);
    for (const auto& step : steps_) {
      step->normalize(text);
      if (text.text.size() > kMostTimes * probe.size())
        return node.error("its steps make more than " + std::to_string(kMostTimes) + " times as much of a text",
                          "check the file");
    }
    return {};
  }
  void normalize(NormalizedText& text) const override {
    for (const auto& step : steps_) step->normalize(text);
  }
};

}  // namespace

extern const ComponentType<Normalizer> sequence_normalizer = component_type<NormalizerSequence, Normalizer>();

}  // namespace malmoi::tokenizer
