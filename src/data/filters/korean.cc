// Quality of Korean text: the limits of FineWeb-2's configuration for Korean, over words as Korean writes them.
//
// A Korean word carries its particle, so stop words are counted as endings too (학교에서 counts for 에서).
#include <array>
#include <bitset>

#include "data/filters/entries.h"
#include "data/filters/fineweb.h"
#include "data/filters/repetition.h"

namespace malmoi::data {
namespace {

// Particles and endings that any Korean text has, and whole words as frequent.
constexpr std::array<std::string_view, 24> kEndings = {"은",   "는",   "이", "가", "을",   "를",   "의",   "에",
                                                       "와",   "과",   "도", "로", "에서", "으로", "부터", "까지",
                                                       "에게", "하고", "다", "한", "하는", "된",   "고",   "며"};
constexpr std::array<std::string_view, 16> kWords = {"그",     "이",     "수",   "것",   "및",   "등",
                                                     "그리고", "그러나", "있다", "있는", "하는", "한다",
                                                     "때문에", "위해",   "대한", "통해"};

class Korean final : public LanguageFilter {
 public:
  explicit Korean(ConfigReader& s)
      : LanguageFilter(s, {"ko"}),
        min_words_(s.number("min_words", 50, 0)),
        max_words_(s.number("max_words", 100000, 1)),
        min_length_(s.number("min_mean_word_length", 1, 0)),
        max_length_(s.number("max_mean_word_length", 6, 0)),
        min_alpha_(s.number("min_alpha_words", 0.791, 0, 1)),
        min_stop_words_(s.integer("min_stop_words", 2, 0)) {
    repetition_.line = 0.374;
    repetition_.line_characters = repetition_.paragraph = repetition_.paragraph_characters = 1;
    repetition_.top = {0.282, 0.228, 0.185};
    repetition_.repeated = {0.201, 0.186, 0.171, 0.157, 0.142, 0.127};
    repetition_.read(s);
    lines_.line_punctuation = 0.062;
    lines_.short_lines = 1;
    lines_.repeated_characters = 0.1;
    lines_.new_lines = 0.196;
    lines_.read(s);
  }

 protected:
  Verdict look(Document& document) const override {
    std::vector<Token> tokens = split_tokens(document.text);
    double words = 0, length = 0, alpha = 0;
    std::bitset<kEndings.size() + kWords.size()> stop;
    for (const Token& t : tokens) {
      if (!t.word) continue;
      ++words;
      length += t.length;
      alpha += t.alpha;
      if (stop.count() < static_cast<size_t>(min_stop_words_)) count_stop(t.text, stop);
    }
    if (words < min_words_) return drop("korean.words", compared(words, '<', min_words_));
    if (words > max_words_) return drop("korean.words", compared(words, '>', max_words_));
    double mean = length / std::max(words, 1.0);
    if (mean < min_length_) return drop("korean.mean_word_length", compared(mean, '<', min_length_));
    if (mean > max_length_) return drop("korean.mean_word_length", compared(mean, '>', max_length_));
    double share = alpha / std::max(words, 1.0);
    if (share < min_alpha_) return drop("korean.alpha_words", compared(share, '<', min_alpha_));
    auto stops = static_cast<int64_t>(stop.count());
    if (stops < min_stop_words_) return drop("korean.stop_words", fmt::format("{} < {}", stops, min_stop_words_));
    if (Verdict v = check_repetition(document.text, tokens, repetition_, "korean"); !v.keep) return v;
    return check_fineweb(document.text, tokens, lines_, "korean");
  }

 private:
  template <size_t N>
  static void count_stop(std::string_view word, std::bitset<N>& stop) {
    for (size_t i = 0; i < kEndings.size(); ++i)
      if (word.size() > kEndings[i].size() && word.ends_with(kEndings[i])) stop.set(i);
    for (size_t i = 0; i < kWords.size(); ++i)
      if (word == kWords[i]) stop.set(kEndings.size() + i);
  }

  double min_words_, max_words_, min_length_, max_length_, min_alpha_;
  int64_t min_stop_words_;
  RepetitionLimits repetition_;
  FineWebLimits lines_;
};

}  // namespace

const FilterEntry kKoreanFilter = {"korean", "quality of Korean text, by FineWeb-2's limits for Korean",
                                   make_simple<Korean>};

}  // namespace malmoi::data
