// Unigram training (Kudo, "Subword Regularization", 2018): EM over the probabilities of pieces, pruning between, as
// SentencePiece does it. Expected counts are summed as integers, so the result does not depend on the threads.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/log.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/train/trained.h"
#include "tokenizer/train/unigram_model.h"
#include "tokenizer/train/unigram_seeds.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

// SentencePiece's numbers.
constexpr double kCoverage = 0.9995;        // of characters that get a piece
constexpr double kLeastExpected = 0.5;      // a piece expected less often goes
constexpr double kSlack = 1.1;              // pruning stops at so many times the size, the rest goes by probability
constexpr double kMissingPenalty = 0.0001;  // between required characters that EM lost
constexpr size_t kMaxPieceLength = 16;
// Bytes of a word that are learned from at once. EM and the search for the best way keep all places of a word and all pieces
// that fit there, some 230 bytes for each of its own: 16 MB a thread.
constexpr size_t kLongestWord = 64 << 10;

double digamma(double x) {
  double result = 0;
  for (; x < 7; ++x) result -= 1 / x;
  x -= 0.5;
  const double xx = 1 / x, xx2 = xx * xx, xx4 = xx2 * xx2;
  return result + std::log(x) + (1.0 / 24) * xx2 - (7.0 / 960) * xx4 + (31.0 / 8064) * xx4 * xx2 -
         (127.0 / 30720) * xx4 * xx4;
}

// Words cut where a character has no piece, and where they become too long; `long_words` is how many did.
FollowedWords spell_in(const FollowedWords& followed, const std::vector<char32_t>& alphabet, size_t& long_words) {
  const std::unordered_set<char32_t> known(alphabet.begin(), alphabet.end());
  FollowedWords out;
  for (size_t i = 0; i < followed.words.size(); ++i) {
    std::string_view word = followed.words.word(i);
    size_t begin = 0;
    bool too_long = false;
    auto push = [&](size_t end, uint8_t behind) {
      if (begin == end) return;
      out.words.push(word.substr(begin, end - begin), followed.words.counts[i]);
      out.behind.push_back(behind);
    };
    for (const CodePoint c : CodePoints(word)) {
      if (c.end - begin > kLongestWord) {
        push(c.begin, kBehindWord);
        begin = c.begin;
        too_long = true;
      }
      if (known.contains(c.value)) continue;
      push(c.begin, kBehindUnknown);
      begin = c.end;
    }
    push(word.size(), followed.behind[i]);
    long_words += too_long ? 1 : 0;
  }
  return out;
}

class Trainer {
 public:
  Trainer(FollowedWords followed, const TrainContext& context, size_t size)
      : followed_(std::move(followed)),
        context_(context),
        size_(size),
        enough_(static_cast<size_t>(static_cast<double>(context.options.vocab_size) * kSlack)) {
    for (uint64_t count : words_.counts) total_ += count;
    // Expected counts are kept in units of 2^-shift, so that their sum fits 63 bits.
    uint64_t bound = 0;
    for (size_t i = 0; i < words_.size(); ++i) bound += words_.counts[i] * (words_.begins[i + 1] - words_.begins[i]);
    while (shift_ > 0 && bound > (uint64_t{1} << 62 >> shift_)) --shift_;
  }

  Result<UnigramTraining> run();
  std::vector<std::pair<std::string, double>> finalize(const UnigramTraining& model) const;
  double log_likelihood(const UnigramTraining& model) const;

 private:
  std::vector<std::pair<char32_t, uint64_t>> characters_by_count() const;
  UnigramTraining seed() const;
  std::vector<double> expect(const UnigramTraining& model) const;
  UnigramTraining maximize(const UnigramTraining& model, const std::vector<double>& expected) const;
  UnigramTraining prune(const UnigramTraining& model, size_t target) const;
  std::vector<uint64_t> viterbi_counts(const UnigramTraining& model) const;
  template <typename Each>
  std::vector<int64_t> sum_over_words(size_t pieces, const Each& each) const;

  const FollowedWords followed_;
  const WordList& words_ = followed_.words;
  const TrainContext& context_;
  size_t size_;    // pieces wanted, without special and byte pieces
  size_t enough_;  // that pruning leaves
  uint64_t total_ = 0;
  int shift_ = 24;
};

// The characters that have pieces, the most frequent first.
std::vector<std::pair<char32_t, uint64_t>> Trainer::characters_by_count() const {
  std::vector<std::pair<char32_t, uint64_t>> characters = count_characters(words_);
  std::stable_sort(characters.begin(), characters.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return characters;
}

UnigramTraining Trainer::seed() const {
  SeedOptions options{
      .max_length = context_.options.max_piece_length ? context_.options.max_piece_length : kMaxPieceLength,
      .count = context_.options.seed_size,
      .split_digits = context_.options.split_digits};
  std::vector<std::string> pieces;
  std::vector<double> scores;
  double sum = 0;
  // The most frequent character comes first: unknown ones count as it.
  for (const auto& [c, count] : characters_by_count()) {
    std::string text;
    append_utf8(text, c);
    pieces.push_back(std::move(text));
    scores.push_back(static_cast<double>(count));
  }
  for (Seed& seed : find_seeds(followed_, options)) {
    pieces.push_back(std::move(seed.text));
    scores.push_back(static_cast<double>(seed.score));
  }
  for (double score : scores) sum += score;
  for (double& score : scores) score = std::log(score) - std::log(sum);
  return {std::move(pieces), std::move(scores)};
}

// Calls each(word, scratch, sums) over all words, and adds the integer sums of the workers.
template <typename Each>
std::vector<int64_t> Trainer::sum_over_words(size_t pieces, const Each& each) const {
  const int workers = std::max(1, std::min<int>(num_threads(), static_cast<int>(words_.size() / 1000)));
  std::vector<std::vector<int64_t>> sums(static_cast<size_t>(workers));
  parallel_team(workers, [&](int worker) {
    std::vector<int64_t>& mine = sums[static_cast<size_t>(worker)];
    mine.assign(pieces, 0);
    UnigramTraining::Scratch scratch;
    for (size_t i = static_cast<size_t>(worker); i < words_.size(); i += static_cast<size_t>(workers))
      each(i, scratch, mine);
  });
  for (size_t w = 1; w < sums.size(); ++w)
    for (size_t i = 0; i < pieces; ++i) sums[0][i] += sums[w][i];
  return std::move(sums[0]);
}

std::vector<double> Trainer::expect(const UnigramTraining& model) const {
  const double unit = std::ldexp(1.0, shift_);
  std::vector<int64_t> sums =
      sum_over_words(model.size(), [&](size_t i, UnigramTraining::Scratch& scratch, std::vector<int64_t>& mine) {
        const double count = static_cast<double>(words_.counts[i]) * unit;
        model.marginal(words_.word(i), scratch, [&](int32_t piece, double share) {
          if (share > -40) mine[static_cast<size_t>(piece)] += std::llround(count * std::exp(share));
        });
      });
  std::vector<double> expected;
  for (int64_t sum : sums) expected.push_back(static_cast<double>(sum) / unit);
  return expected;
}

UnigramTraining Trainer::maximize(const UnigramTraining& model, const std::vector<double>& expected) const {
  std::vector<std::string> pieces;
  std::vector<double> scores;
  double sum = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] < kLeastExpected) continue;
    pieces.push_back(model.pieces()[i]);
    scores.push_back(expected[i]);
    sum += expected[i];
  }
  // The variational step under a Dirichlet prior, which acts as a sparse prior.
  const double log_sum = digamma(sum);
  for (double& score : scores) score = digamma(score) - log_sum;
  return {std::move(pieces), std::move(scores)};
}

std::vector<uint64_t> Trainer::viterbi_counts(const UnigramTraining& model) const {
  std::vector<int64_t> sums =
      sum_over_words(model.size(), [&](size_t i, UnigramTraining::Scratch& scratch, std::vector<int64_t>& mine) {
        std::vector<int32_t> path;
        double score = 0;
        if (!model.viterbi(words_.word(i), -1, scratch, path, score)) return;
        for (int32_t piece : path) mine[static_cast<size_t>(piece)] += static_cast<int64_t>(words_.counts[i]);
      });
  return {sums.begin(), sums.end()};
}

// Keeps the pieces whose loss would cost the most likelihood, each taken alone, as if its occurrences were spelled by the
// best segmentation without it.
UnigramTraining Trainer::prune(const UnigramTraining& model, size_t target) const {
  const std::vector<uint64_t> counts = viterbi_counts(model);
  double sum = 0;
  for (uint64_t count : counts) sum += static_cast<double>(count);
  const double log_sum = std::log(sum);
  constexpr double kKeep = std::numeric_limits<double>::infinity(), kDrop = -kKeep;
  std::vector<double> loss(model.size(), kDrop);
  parallel_for(static_cast<int64_t>(model.size()), 1024, [&](int64_t begin, int64_t end) {
    UnigramTraining::Scratch scratch;
    std::vector<int32_t> path;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      if (counts[i] == 0) continue;
      double score = 0;
      if (!model.viterbi(model.pieces()[i], static_cast<int32_t>(i), scratch, path, score)) {
        loss[i] = kKeep;  // a character
        continue;
      }
      if (score > model.scores()[i]) continue;  // its own best way is to be split
      const auto count = static_cast<double>(counts[i]);
      const double log_sum_without = std::log(sum + count * (static_cast<double>(path.size()) - 1));
      double alternative = 0;
      for (int32_t n : path)
        alternative += std::log(static_cast<double>(counts[static_cast<size_t>(n)]) + count) - log_sum_without;
      loss[i] = count / static_cast<double>(total_) * (std::log(count) - log_sum - alternative);
    }
  });
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < model.size(); ++i)
    if (loss[i] != kDrop) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return loss[a] > loss[b]; });
  if (order.size() > target) order.resize(target);
  std::sort(order.begin(), order.end());
  std::vector<std::string> pieces;
  std::vector<double> scores;
  for (uint32_t i : order) {
    pieces.push_back(model.pieces()[i]);
    scores.push_back(model.scores()[i]);
  }
  return {std::move(pieces), std::move(scores)};
}

Result<UnigramTraining> Trainer::run() {
  show_progress(context_.job, 0, "finding the pieces to begin with");
  UnigramTraining model = seed();
  const size_t first = model.size();
  while (true) {
    for (int step = 0; step < context_.options.sub_iterations; ++step) {
      MALMOI_TRY(context_.job.stop.check("", "", "training was stopped"));
      model = maximize(model, expect(model));
      double done = std::log(static_cast<double>(first) / static_cast<double>(model.size())) /
                    std::max(1e-9, std::log(static_cast<double>(first) / static_cast<double>(enough_)));
      show_progress(context_.job, std::clamp(done, 0.0, 1.0), fmt::format("EM: {} pieces", model.size()));
    }
    const auto shrunk = static_cast<size_t>(context_.options.shrinking_factor * static_cast<double>(model.size()));
    if (shrunk <= enough_) return model;
    model = prune(model, shrunk);
  }
}

// The required characters, then the most probable of the pieces that pruning leaves, `size_` in all; by probability, then
// text.
std::vector<std::pair<std::string, double>> Trainer::finalize(const UnigramTraining& trained) const {
  const UnigramTraining model = trained.size() > enough_ ? prune(trained, enough_) : trained;
  std::unordered_map<std::string_view, double> scores;
  for (size_t i = 0; i < model.size(); ++i) scores.emplace(model.pieces()[i], model.scores()[i]);
  std::vector<std::pair<std::string, double>> chosen;
  std::unordered_set<std::string> taken;
  double least = 0;
  for (double score : trained.scores()) least = std::min(least, score);
  for (const auto& [c, count] : characters_by_count()) {
    std::string text;
    append_utf8(text, c);
    auto found = scores.find(text);
    chosen.emplace_back(text, found != scores.end() ? found->second : least);
    if (found == scores.end()) least -= kMissingPenalty;
    taken.insert(std::move(text));
  }
  std::vector<uint32_t> order(model.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return model.scores()[a] != model.scores()[b] ? model.scores()[a] > model.scores()[b]
                                                  : model.pieces()[a] < model.pieces()[b];
  });
  for (uint32_t i : order) {
    if (chosen.size() >= size_) break;
    if (!taken.contains(model.pieces()[i])) chosen.emplace_back(model.pieces()[i], model.scores()[i]);
  }
  std::stable_sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return chosen;
}

double Trainer::log_likelihood(const UnigramTraining& model) const {
  double sum = 0;
  UnigramTraining::Scratch scratch;
  for (size_t i = 0; i < words_.size(); ++i)
    sum += static_cast<double>(words_.counts[i]) * model.marginal(words_.word(i), scratch, [](int32_t, double) {});
  return sum;
}

}  // namespace

Result<Trained> learn_unigram(WordList& words, const TrainContext& context) {
  Trained trained{.pieces = context.specials};
  if (context.options.byte_fallback)
    for (int b = 0; b < 256; ++b) trained.pieces.push_back(byte_token(b));
  FollowedWords followed = join_text_ends(words);
  context.report.distinct_words -= words.size() - followed.words.size();
  words = {};
  const std::vector<char32_t> alphabet = choose_alphabet(count_characters(followed.words), context.options, kCoverage);
  context.report.alphabet = alphabet.size();
  const auto wanted = static_cast<size_t>(context.options.vocab_size);
  if (wanted < trained.pieces.size() + alphabet.size() + 1)
    return usage_error(fmt::format("a vocabulary of {} has no room for {} special and byte pieces and {} characters",
                                   wanted, trained.pieces.size(), alphabet.size()),
                       "vocab_size", "raise the vocabulary size, or limit the alphabet or its coverage");
  size_t long_words = 0;
  FollowedWords spelled = spell_in(followed, alphabet, long_words);
  followed = {};
  if (long_words > 0)
    context.job.warn(
        fmt::format("words of more than {} without a space, {} of them, are learned from in parts; where lines "
                    "end inside them, give each line as a text of its own",
                    format_bytes(kLongestWord), long_words));
  Trainer trainer(std::move(spelled), context, wanted - trained.pieces.size());
  MALMOI_ASSIGN(UnigramTraining model, trainer.run());
  std::vector<std::pair<std::string, double>> chosen = trainer.finalize(model);
  std::vector<std::string> pieces;
  std::vector<double> scores;
  for (auto& [piece, score] : chosen) {
    pieces.push_back(piece);
    scores.push_back(score);
  }
  context.report.log_likelihood = trainer.log_likelihood(UnigramTraining(pieces, scores));
  trained.scores.assign(trained.pieces.size(), 0.0);
  trained.pieces.insert(trained.pieces.end(), pieces.begin(), pieces.end());
  trained.scores.insert(trained.scores.end(), scores.begin(), scores.end());
  return trained;
}

}  // namespace malmoi::tokenizer
