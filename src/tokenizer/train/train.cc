// Training: options checked, words counted, the kind's trainer run, the tokenizer put together.
#include "tokenizer/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/log.h"
#include "base/utf8.h"
#include "tokenizer/json/component.h"
#include "tokenizer/pattern/pattern.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/train/trained.h"
#include "tokenizer/train/unigram_seeds.h"
#include "tokenizer/train/word_counter.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {
namespace {

constexpr size_t kLongestPiece = 65535;

// One line a kind: its name, its trainer, its usual special tokens, the unknown token it cannot do without, and the
// memory that training needs for each byte of a distinct word.
struct Kind {
  std::string_view name;
  TrainKind kind;
  LearnFunction learn;
  std::vector<std::string> specials;
  std::string unknown;
  uint64_t bytes_a_word_byte;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> table = {
      {"bpe", TrainKind::kBpe, learn_bpe, {"<|endoftext|>"}, "", 24},
      {"unigram", TrainKind::kUnigram, learn_unigram, {"<unk>", "<s>", "</s>"}, "<unk>", 64},
      {"wordpiece",
       TrainKind::kWordPiece,
       learn_wordpiece,
       {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"},
       "[UNK]",
       24},
      {"wordlevel", TrainKind::kWordLevel, learn_word_level, {"<unk>", "<|endoftext|>"}, "<unk>", 2},
      {"char", TrainKind::kCharLevel, learn_char_level, {"<unk>", "<|endoftext|>"}, "<unk>", 2},
  };
  return table;
}

const Kind& kind_of(TrainKind kind) {
  return *std::find_if(kinds().begin(), kinds().end(), [&](const Kind& k) { return k.kind == kind; });
}

// A pattern that covers every text, alone: its pieces are found one after another in the text as it stands.
class PatternSplitter final : public WordSplitter {
 public:
  explicit PatternSplitter(std::shared_ptr<const CoveringPattern> pattern) : pattern_(std::move(pattern)) {}
  void count(std::string_view text, WordCounts& into) const override {
    for (size_t begin = 0; begin < text.size();) {
      size_t end = pattern_->next_end(text, begin);
      into.add(text.substr(begin, end - begin));
      begin = end;
    }
  }

 private:
  std::shared_ptr<const CoveringPattern> pattern_;
};

// Any normalizer and pre-tokenizer. `mark_ends`: the last word of a text counts as one with kTextEnd behind it.
class ComponentSplitter final : public WordSplitter {
 public:
  ComponentSplitter(std::unique_ptr<Normalizer> normalizer, std::unique_ptr<PreTokenizer> pre_tokenizer, bool mark_ends)
      : normalizer_(std::move(normalizer)), pre_tokenizer_(std::move(pre_tokenizer)), mark_ends_(mark_ends) {}
  void count(std::string_view text, WordCounts& into) const override {
    std::string mended;
    if (!is_valid_utf8(text)) text = mended = replace_invalid_utf8(text);
    NormalizedText normalized = NormalizedText::of(text, 0, false);
    if (normalizer_) normalizer_->normalize(normalized);
    if (normalized.text.empty()) return;
    Draft draft(normalized.text, false);
    draft.pieces.push_back({0, static_cast<uint32_t>(normalized.text.size()), 0, -1});
    if (pre_tokenizer_) pre_tokenizer_->apply(draft);
    if (draft.pieces.empty()) return;
    const Piece last = draft.pieces.back();
    if (mark_ends_) draft.pieces.pop_back();
    for (const Piece& piece : draft.pieces) into.add(draft.text(piece));
    if (mark_ends_) into.add(std::string(draft.text(last)) + kTextEnd);
  }

 private:
  std::unique_ptr<Normalizer> normalizer_;
  std::unique_ptr<PreTokenizer> pre_tokenizer_;
  bool mark_ends_;
};

Result<std::unique_ptr<WordSplitter>> make_splitter(const TrainOptions& options, const Shell& shell) {
  if (options.kind == TrainKind::kBpe && options.byte_level && shell.normalizer == "null" && !options.split_digits) {
    MALMOI_ASSIGN(std::shared_ptr<const Pattern> pattern, Pattern::compile(pattern_by_name(options.pattern)));
    if (auto covering = std::dynamic_pointer_cast<const CoveringPattern>(pattern))
      return std::unique_ptr<WordSplitter>(new PatternSplitter(std::move(covering)));
  }
  std::unique_ptr<Normalizer> normalizer;
  if (shell.normalizer != "null") {
    MALMOI_ASSIGN(normalizer, component_from_json<Normalizer>(shell.normalizer, "normalization"));
  }
  MALMOI_ASSIGN(std::unique_ptr<PreTokenizer> pre_tokenizer,
                component_from_json<PreTokenizer>(shell.pre_tokenizer, "pattern"));
  return std::unique_ptr<WordSplitter>(
      new ComponentSplitter(std::move(normalizer), std::move(pre_tokenizer), options.kind == TrainKind::kUnigram));
}

Status check(const TrainOptions& options, const std::vector<std::string>& specials) {
  if (options.vocab_size < 1 || options.vocab_size > Vocabulary::kMaxId)
    return usage_error(fmt::format("a vocabulary of {} is not possible", options.vocab_size), "vocab_size",
                       "give a size from 1 to 268435455");
  if (options.character_coverage && !(*options.character_coverage > 0 && *options.character_coverage <= 1))
    return usage_error("the coverage of characters is a part of the text", "character_coverage",
                       "give more than 0, at most 1");
  if (!(options.shrinking_factor > 0 && options.shrinking_factor < 1))
    return usage_error("the shrinking factor is the part that a round keeps", "shrinking_factor",
                       "give more than 0, less than 1");
  if (options.sub_iterations < 1)
    return usage_error("at least one EM step is needed", "sub_iterations", "give 1 or more");
  if (options.max_piece_length > kLongestPiece)
    return usage_error("pieces of so many characters are not possible", "max_piece_length", "give at most 65535");
  if (specials.size() >= static_cast<size_t>(options.vocab_size))
    return usage_error(
        fmt::format("a vocabulary of {} has no room beside {} special tokens", options.vocab_size, specials.size()),
        "vocab_size", "raise the vocabulary size");
  for (const std::string& token : specials)
    if (token.empty() || !is_valid_utf8(token))
      return usage_error("a special token is empty or not UTF-8", "special_tokens", "give it some text");
  return {};
}

}  // namespace

void show_progress(const Job& job, double fraction, const std::string& stage) {
  if (!job.progress.due()) return;
  job.progress(fraction > 0 ? fmt::format("{} ({:.0f} %)", stage, 100 * fraction) : stage);
}

std::vector<std::string> special_tokens_of(const TrainOptions& options) {
  const Kind& kind = kind_of(options.kind);
  std::vector<std::string> specials = options.special_tokens.value_or(kind.specials);
  std::string unknown = kind.unknown;
  if (options.kind == TrainKind::kBpe && !options.byte_level) unknown = "<unk>";
  std::vector<std::string> unique;
  for (std::string& token : specials)
    if (std::find(unique.begin(), unique.end(), token) == unique.end()) unique.push_back(std::move(token));
  if (!unknown.empty() && std::find(unique.begin(), unique.end(), unknown) == unique.end())
    unique.insert(unique.begin(), unknown);
  return unique;
}

std::span<const TrainKindName> train_kinds() {
  static const std::vector<TrainKindName> names = [] {
    std::vector<TrainKindName> result;
    for (const Kind& kind : kinds()) result.push_back({kind.name, kind.kind});
    return result;
  }();
  return names;
}

namespace {

// A vocabulary that is smaller than asked for is said: models are made for its size. Of characters there are only so many.
void warn_of_few(const Trained& trained, const TrainOptions& options, const Job& job) {
  const auto wanted = static_cast<size_t>(options.vocab_size);
  if (trained.pieces.size() >= wanted || options.kind == TrainKind::kCharLevel) return;
  job.warn(fmt::format("the text gives {} pieces only, {} were asked for{}", trained.pieces.size(), wanted,
                       options.min_frequency > 1 ? "; rarer ones are left out by the least frequency" : ""));
}

}  // namespace

Result<Tokenizer> train(const TextSource& source, const TrainOptions& options, const Job& job, TrainReport* report) {
  TrainReport local;
  if (!report) report = &local;
  const std::vector<std::string> specials = special_tokens_of(options);
  MALMOI_TRY(check(options, specials));
  MALMOI_ASSIGN(Shell shell, make_shell(options, specials));
  MALMOI_ASSIGN(std::unique_ptr<WordSplitter> splitter, make_splitter(options, shell));
  const Kind& kind = kind_of(options.kind);
  const double begin = monotonic_seconds();
  const std::clock_t cpu = std::clock();
  WordCounter counter(*splitter, {.memory = options.memory_limit, .bytes_a_word_byte = kind.bytes_a_word_byte});
  MALMOI_TRY(counter.count(source, job));
  // BPE does not depend on the order of words; the sums of the others do.
  MALMOI_ASSIGN(WordList words, counter.finish(options.kind == TrainKind::kUnigram, job));
  const CountSummary& summary = counter.summary();
  report->texts = summary.texts;
  report->bytes = summary.bytes;
  report->words = summary.words;
  report->distinct_words = summary.distinct;
  report->spilled_runs = summary.spilled_runs;
  report->dropped_words = summary.dropped_words;
  report->least_count = summary.least_count;
  report->counting_seconds = monotonic_seconds() - begin;
  if (words.size() == 0) return invalid_data("there is no text to learn from", "training text", "give files with text");
  MALMOI_ASSIGN(Trained trained, kind.learn(words, {options, specials, job, *report}));
  warn_of_few(trained, options, job);
  report->learning_seconds = monotonic_seconds() - begin - report->counting_seconds;
  report->cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  return Tokenizer::from_json(assemble_json(options, shell, trained, specials), "trained tokenizer");
}

}  // namespace malmoi::tokenizer
