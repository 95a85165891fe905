// Gopher's repetition rules (Rae et al., 2021, A.1.1, table A1).
#include "data/filters/repetition.h"

#include "base/utf8.h"
#include "data/filters/entries.h"

namespace malmoi::data {
namespace {

class GopherRepetition final : public LanguageFilter {
 public:
  explicit GopherRepetition(ConfigReader& settings) : LanguageFilter(settings) { limits_.read(settings); }

 protected:
  Verdict look(Document& document) const override {
    return check_repetition(document.text, split_tokens(document.text), limits_, "gopher_repetition");
  }

 private:
  RepetitionLimits limits_;
};

std::vector<std::string_view> non_empty(std::vector<std::string_view> pieces) {
  std::erase_if(pieces, [](std::string_view piece) { return trim(piece).empty(); });
  return pieces;
}

}  // namespace

void RepetitionLimits::read(ConfigReader& settings) {
  line = settings.number("max_repeated_lines", line, 0, 1);
  paragraph = settings.number("max_repeated_paragraphs", paragraph, 0, 1);
  line_characters = settings.number("max_repeated_line_characters", line_characters, 0, 1);
  paragraph_characters = settings.number("max_repeated_paragraph_characters", paragraph_characters, 0, 1);
  top = settings.numbers("max_top_ngrams", top);
  repeated = settings.numbers("max_repeated_ngrams", repeated);
}

Verdict check_repetition(std::string_view text, const std::vector<Token>& tokens, const RepetitionLimits& limits,
                         std::string_view filter) {
  auto characters = static_cast<double>(count_code_points(text));
  if (characters == 0) return keep();
  auto over = [&](std::string_view rule, double share, double limit) {
    return share > limit ? drop(fmt::format("{}.{}", filter, rule), compared(share, '>', limit)) : keep();
  };
  for (bool paragraphs : {true, false}) {
    std::vector<std::string_view> pieces = paragraphs ? split_paragraphs(text) : non_empty(split_lines(text));
    Repeats repeats = count_repeats(pieces);
    double count = std::max<double>(1.0, static_cast<double>(pieces.size()));
    Verdict v = over(paragraphs ? "repeated_paragraphs" : "repeated_lines", static_cast<double>(repeats.pieces) / count,
                     paragraphs ? limits.paragraph : limits.line);
    if (!v.keep) return v;
    v = over(paragraphs ? "repeated_paragraph_characters" : "repeated_line_characters",
             static_cast<double>(repeats.characters) / characters,
             paragraphs ? limits.paragraph_characters : limits.line_characters);
    if (!v.keep) return v;
  }
  NgramRepeats ngrams(tokens);
  for (size_t i = 0; i < limits.top.size(); ++i) {
    if (limits.top[i] >= 1) continue;
    double share = static_cast<double>(ngrams.top_characters(i + 2)) / characters;
    if (Verdict v = over(fmt::format("top_{}_gram", i + 2), share, limits.top[i]); !v.keep) return v;
  }
  for (size_t i = 0; i < limits.repeated.size(); ++i) {
    if (limits.repeated[i] >= 1) continue;
    double share = static_cast<double>(ngrams.repeated_characters(i + 5)) / characters;
    if (Verdict v = over(fmt::format("repeated_{}_grams", i + 5), share, limits.repeated[i]); !v.keep) return v;
  }
  return keep();
}

const FilterEntry kGopherRepetitionFilter = {
    "gopher_repetition", "Gopher's repetition rules: lines, paragraphs, n-grams", make_simple<GopherRepetition>};

}  // namespace malmoi::data
