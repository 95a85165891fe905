#include "metrics/chrf.h"

#include <algorithm>
#include <cstdint>

#include "metrics/grams.h"
#include "metrics/words.h"

namespace malmoi::metrics {
namespace {

// Of one order: n-grams of the hypothesis, of the reference, and those that both have.
struct GramCounts {
  int64_t hypothesis = 0, reference = 0, matches = 0;
};

template <typename Unit>
GramCounts compare(const Grams<Unit>& hypothesis, const Grams<Unit>& reference) {
  GramCounts counts;
  for (const auto& [gram, count] : reference) counts.reference += count;
  for (const auto& [gram, count] : hypothesis) {
    counts.hypothesis += count;
    if (auto found = reference.find(gram); found != reference.end()) counts.matches += std::min(count, found->second);
  }
  return counts;
}

// chrF++ takes one mark of ASCII punctuation off a word: the last, else the first.
std::vector<std::u32string> words_and_marks(const std::u32string& text) {
  static constexpr std::u32string_view kMarks = U"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  auto is_mark = [](char32_t c) { return kMarks.find(c) != std::u32string_view::npos; };
  std::vector<std::u32string> words;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && !is_white_space(text[end])) ++end;
    const std::u32string word = text.substr(i, end - i);
    i = end + 1;
    if (word.empty()) continue;
    if (word.size() > 1 && is_mark(word.back())) {
      words.push_back(word.substr(0, word.size() - 1));
      words.push_back(word.substr(word.size() - 1));
    } else if (word.size() > 1 && is_mark(word.front())) {
      words.push_back(word.substr(0, 1));
      words.push_back(word.substr(1));
    } else {
      words.push_back(word);
    }
  }
  return words;
}

struct Text {
  std::u32string characters;
  std::vector<std::u32string> words;

  Text(const std::string& raw, const ChrfOptions& options) {
    std::u32string line = code_points(raw);
    if (options.lowercase) line = lower_case(line);
    for (char32_t c : line) {
      if (options.whitespace || !is_white_space(c)) characters += c;
    }
    if (options.word_order > 0) words = words_and_marks(line);
  }
};

std::vector<GramCounts> compare(const Text& hypothesis, const Text& reference, const ChrfOptions& options) {
  std::vector<GramCounts> counts;
  for (int n = 1; n <= options.char_order; ++n) {
    const auto order = static_cast<size_t>(n);
    counts.push_back(compare(grams_of(hypothesis.characters, order), grams_of(reference.characters, order)));
  }
  for (int n = 1; n <= options.word_order; ++n) {
    const auto order = static_cast<size_t>(n);
    counts.push_back(compare(grams_of(hypothesis.words, order), grams_of(reference.words, order)));
  }
  return counts;
}

double f_score(const std::vector<GramCounts>& counts, double beta) {
  double precision = 0, recall = 0, orders = 0;
  for (const GramCounts& c : counts) {
    if (c.hypothesis == 0 || c.reference == 0) continue;
    precision += static_cast<double>(c.matches) / static_cast<double>(c.hypothesis);
    recall += static_cast<double>(c.matches) / static_cast<double>(c.reference);
    orders += 1;
  }
  if (orders == 0 || precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  const double factor = beta * beta;
  return 100 * (1 + factor) * precision * recall / (factor * precision + recall);
}

}  // namespace

double chrf(const std::vector<std::string>& hypotheses, const std::vector<std::vector<std::string>>& references,
            const ChrfOptions& options) {
  std::vector<GramCounts> all(static_cast<size_t>(options.char_order + options.word_order));
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    const Text hypothesis(hypotheses[i], options);
    std::vector<GramCounts> best;
    double best_score = -1;
    for (const std::string& reference : references[i]) {
      std::vector<GramCounts> counts = compare(hypothesis, Text(reference, options), options);
      const double score = f_score(counts, options.beta);
      if (score <= best_score) continue;
      best_score = score;
      best = std::move(counts);
    }
    for (size_t n = 0; n < best.size(); ++n) {
      all[n].hypothesis += best[n].hypothesis;
      all[n].reference += best[n].reference;
      all[n].matches += best[n].matches;
    }
  }
  return f_score(all, options.beta);
}

}  // namespace malmoi::metrics
