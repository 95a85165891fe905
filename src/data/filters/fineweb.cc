#include "data/filters/fineweb.h"

#include "base/utf8.h"
#include "data/filters/entries.h"

namespace malmoi::data {
namespace {

class FineWeb final : public LanguageFilter {
 public:
  explicit FineWeb(ConfigReader& settings) : LanguageFilter(settings) { limits_.read(settings); }

 protected:
  Verdict look(Document& document) const override {
    return check_fineweb(document.text, split_tokens(document.text), limits_, "fineweb");
  }

 private:
  FineWebLimits limits_;
};

}  // namespace

void FineWebLimits::read(ConfigReader& settings) {
  line_punctuation = settings.number("min_line_punctuation", line_punctuation, 0, 1);
  short_lines = settings.number("max_short_lines", short_lines, 0, 1);
  short_length = settings.number("short_line_length", short_length, 0);
  repeated_characters = settings.number("max_repeated_characters", repeated_characters, 0, 1);
  new_lines = settings.number("max_new_lines", new_lines, 0);
}

Verdict check_fineweb(std::string_view text, const std::vector<Token>& tokens, const FineWebLimits& limits,
                      std::string_view filter) {
  auto over = [&](std::string_view rule, char sign, double value, double limit) {
    bool bad = sign == '>' ? value > limit : value < limit;
    return bad ? drop(fmt::format("{}.{}", filter, rule), compared(value, sign, limit)) : keep();
  };
  std::vector<std::string_view> lines = split_lines(text);
  double breaks = static_cast<double>(std::count(text.begin(), text.end(), '\n'));
  std::erase_if(lines, [](std::string_view line) { return trim(line).empty(); });
  if (lines.empty()) return drop(fmt::format("{}.empty", filter), "no lines");
  auto count = static_cast<double>(lines.size());
  double ends = 0, shorts = 0, characters = 0, words = 0;
  for (std::string_view line : lines) {
    auto length = static_cast<double>(count_code_points(line));
    ends += ends_sentence(trim(line));
    shorts += length <= limits.short_length;
    characters += length;
  }
  for (const Token& t : tokens) words += t.word;
  if (Verdict v = over("line_punctuation", '<', ends / count, limits.line_punctuation); !v.keep) return v;
  if (Verdict v = over("short_lines", '>', shorts / count, limits.short_lines); !v.keep) return v;
  double repeated = static_cast<double>(count_repeats(lines).characters) / std::max(characters, 1.0);
  if (Verdict v = over("repeated_characters", '>', repeated, limits.repeated_characters); !v.keep) return v;
  return over("new_lines", '>', breaks / std::max(words, 1.0), limits.new_lines);
}

const FilterEntry kFineWebFilter = {"fineweb", "FineWeb's rules: line ends, short lines, repeated lines, line breaks",
                                    make_simple<FineWeb>};

}  // namespace malmoi::data
