// Gopher's quality rules (Rae et al., "Scaling Language Models", 2021, A.1.1), with the thresholds published there.
#include <unordered_set>

#include "data/filters/entries.h"
#include "data/filters/filter_common.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {
namespace {

size_t count(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

class GopherQuality final : public LanguageFilter {
 public:
  explicit GopherQuality(ConfigReader& s)
      : LanguageFilter(s),
        min_words_(s.number("min_words", 50, 0)),
        max_words_(s.number("max_words", 100000, 1)),
        min_length_(s.number("min_mean_word_length", 3, 0)),
        max_length_(s.number("max_mean_word_length", 10, 0)),
        max_symbols_(s.number("max_symbol_share", 0.1, 0)),
        max_bullets_(s.number("max_bullet_lines", 0.9, 0, 1)),
        max_ellipses_(s.number("max_ellipsis_lines", 0.3, 0, 1)),
        min_alpha_(s.number("min_alpha_words", 0.8, 0, 1)),
        min_stop_words_(s.integer("min_stop_words", 2, 0)) {
    for (std::string& word : s.texts("stop_words", {"the", "be", "to", "of", "and", "that", "have", "with"}))
      stop_words_.insert(std::move(word));
  }

 protected:
  Verdict look(Document& document) const override {
    std::vector<Token> tokens = split_tokens(document.text);
    double words = 0, length = 0, alpha = 0, all = static_cast<double>(tokens.size());
    std::unordered_set<std::string> stop;
    for (const Token& t : tokens) {
      words += t.word;
      length += t.word ? t.length : 0;
      alpha += t.alpha;
      if (t.word && stop_words_.contains(std::string(t.text))) stop.emplace(t.text);
    }
    if (words < min_words_) return drop("gopher_quality.words", compared(words, '<', min_words_));
    if (words > max_words_) return drop("gopher_quality.words", compared(words, '>', max_words_));
    double mean = length / std::max(words, 1.0);
    if (mean < min_length_) return drop("gopher_quality.mean_word_length", compared(mean, '<', min_length_));
    if (mean > max_length_) return drop("gopher_quality.mean_word_length", compared(mean, '>', max_length_));
    double hashes = static_cast<double>(count(document.text, "#")) / all;
    if (hashes > max_symbols_) return drop("gopher_quality.hashes", compared(hashes, '>', max_symbols_));
    double ellipses = static_cast<double>(count(document.text, "...") + count(document.text, "…")) / all;
    if (ellipses > max_symbols_) return drop("gopher_quality.ellipses", compared(ellipses, '>', max_symbols_));
    if (Verdict lines = look_at_lines(document.text); !lines.keep) return lines;
    // Words alone: marks are no words without a letter.
    double share = alpha / std::max(words, 1.0);
    if (share < min_alpha_) return drop("gopher_quality.alpha_words", compared(share, '<', min_alpha_));
    auto stops = static_cast<int64_t>(stop.size());
    if (stops < min_stop_words_)
      return drop("gopher_quality.stop_words", fmt::format("{} < {}", stops, min_stop_words_));
    return keep();
  }

 private:
  Verdict look_at_lines(std::string_view text) const {
    double lines = 0, bullets = 0, ellipses = 0;
    for (std::string_view line : split_lines(text)) {
      line = trim(line);
      if (line.empty()) continue;
      ++lines;
      bullets += line.starts_with("•") || line.starts_with("-") || line.starts_with("*") || line.starts_with("‣") ||
                 line.starts_with("·");
      ellipses += line.ends_with("...") || line.ends_with("…");
    }
    lines = std::max(lines, 1.0);
    if (bullets / lines > max_bullets_)
      return drop("gopher_quality.bullet_lines", compared(bullets / lines, '>', max_bullets_));
    if (ellipses / lines > max_ellipses_)
      return drop("gopher_quality.ellipsis_lines", compared(ellipses / lines, '>', max_ellipses_));
    return keep();
  }

  double min_words_, max_words_, min_length_, max_length_, max_symbols_, max_bullets_, max_ellipses_, min_alpha_;
  int64_t min_stop_words_;
  std::unordered_set<std::string> stop_words_;
};

}  // namespace

const FilterEntry kGopherQualityFilter = {
    "gopher_quality", "Gopher's quality rules: words, symbols, bullets, stop words", make_simple<GopherQuality>};

}  // namespace malmoi::data
