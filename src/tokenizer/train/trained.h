// What the trainers of this folder share: words in, a learned model out, and the components around it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "tokenizer/train.h"
#include "tokenizer/train/word_counts.h"

namespace malmoi::tokenizer {

/// What a trainer learned: the pieces in the order of their ids, and what its kind adds to them.
struct Trained {
  std::vector<std::string> pieces;                    // special tokens first
  std::vector<std::pair<uint32_t, uint32_t>> merges;  // BPE: pairs of ids, most important first
  std::vector<double> scores;                         // unigram
};

struct TrainContext {
  const TrainOptions& options;
  const std::vector<std::string>& specials;
  const Job& job;
  TrainReport& report;
};

/// A line of progress: what is being done, and how much of it where that is known (`fraction` above 0).
void show_progress(const Job& job, double fraction, const std::string& stage);

/// One kind of trainer. `words` may be consumed.
using LearnFunction = Result<Trained> (*)(WordList& words, const TrainContext& context);
Result<Trained> learn_bpe(WordList& words, const TrainContext& context);
Result<Trained> learn_unigram(WordList& words, const TrainContext& context);
Result<Trained> learn_wordpiece(WordList& words, const TrainContext& context);
Result<Trained> learn_word_level(WordList& words, const TrainContext& context);
Result<Trained> learn_char_level(WordList& words, const TrainContext& context);

/// The components around the model, as the JSON of tokenizer.json ("null" where there is none).
struct Shell {
  std::string normalizer, pre_tokenizer, post_processor, decoder;
};
Result<Shell> make_shell(const TrainOptions& options, const std::vector<std::string>& specials);
/// The text of the tokenizer.json.
std::string assemble_json(const TrainOptions& options, const Shell& shell, const Trained& trained,
                          const std::vector<std::string>& specials);

/// The characters of the words with their frequencies, by code point.
std::vector<std::pair<char32_t, uint64_t>> count_characters(const WordList& words);
/// Those to keep under `limit_alphabet` and `character_coverage` (or `default_coverage`), by code point: the most
/// frequent, the smaller code point first among equals.
std::vector<char32_t> choose_alphabet(std::vector<std::pair<char32_t, uint64_t>> counted, const TrainOptions& options,
                                      double default_coverage);

}  // namespace malmoi::tokenizer
