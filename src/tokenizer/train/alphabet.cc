// The alphabet of a character-level trainer: which characters get a piece.
#include <algorithm>

#include "tokenizer/train/trained.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {

std::vector<std::pair<char32_t, uint64_t>> count_characters(const WordList& words) {
  std::vector<uint64_t> counts(0x110000);
  for (size_t i = 0; i < words.size(); ++i) {
    for (const CodePoint c : CodePoints(words.word(i))) counts[c.value] += words.counts[i];
  }
  std::vector<std::pair<char32_t, uint64_t>> result;
  for (char32_t c = 0; c < counts.size(); ++c)
    if (counts[c]) result.emplace_back(c, counts[c]);
  return result;
}

std::vector<char32_t> choose_alphabet(std::vector<std::pair<char32_t, uint64_t>> counted, const TrainOptions& options,
                                      double default_coverage) {
  std::stable_sort(counted.begin(), counted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  uint64_t total = 0;
  for (const auto& [c, count] : counted) total += count;
  const double coverage = options.character_coverage.value_or(default_coverage);
  const size_t limit = options.limit_alphabet.value_or(UINT32_MAX);
  std::vector<char32_t> kept;
  uint64_t covered = 0;
  for (const auto& [c, count] : counted) {
    if (kept.size() >= limit) break;
    if (coverage < 1 && static_cast<double>(covered) / static_cast<double>(total) >= coverage) break;
    kept.push_back(c);
    covered += count;
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace malmoi::tokenizer
