// Training against Hugging Face tokenizers 0.23.3, rustbpe 0.1.0 and sentencepiece 0.2.3 on the same text.
#include "tokenizer/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/base64.h"
#include "base/json.h"
#include "base/parallel.h"
#include "formats/zstd_stream.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/parts.h"
#include "tokenizer/train/unigram_model.h"
#include "tokenizer/train/word_counter.h"

namespace malmoi::tokenizer {
namespace {

using ::testing::HasSubstr;

std::string data(const std::string& name) {
  auto packed = read_file(Path(MALMOI_TEST_DATA) / "tokenizer/training" / (name + ".zst"));
  EXPECT_TRUE(packed.ok());
  auto text = formats::zstd_decompress(*packed, 64 << 20, name);
  EXPECT_TRUE(text.ok());
  return *text;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> lines = split_lines(data("train.txt"));
  return lines;
}

TextSource source_of(const std::vector<std::string>& texts) {
  return [&texts, next = size_t{0}](std::string& text) mutable {
    if (next == texts.size()) return false;
    text = texts[next++];
    return true;
  };
}

Tokenizer trained(const TrainOptions& options, TrainReport* report = nullptr) {
  auto tokenizer = train(source_of(corpus()), options, {}, report);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  return *std::move(tokenizer);
}

std::string json_of(const Tokenizer& tokenizer) { return *to_tokenizer_json(tokenizer.parts()); }

TEST(Train, ByteLevelBpeEqualsHuggingFace) {
  Tokenizer ours = trained({.vocab_size = 1000});
  auto theirs = Tokenizer::from_json(data("hf-bpe.json"));
  ASSERT_TRUE(theirs.ok());
  std::string a, b;
  ASSERT_TRUE(ours.parts().model->write_json(a).ok());
  ASSERT_TRUE(theirs->parts().model->write_json(b).ok());
  EXPECT_EQ(a, b);  // every id and every merge
}

TEST(Train, ByteLevelBpeEqualsRustbpe) {
  Tokenizer ours =
      trained({.vocab_size = 1000, .special_tokens = std::vector<std::string>{}, .byte_order = ByteOrder::kValue});
  int32_t id = 0;
  for (const std::string& line : split_lines(data("rustbpe.tiktoken"))) {
    std::string bytes;
    ASSERT_TRUE(decode_base64(line.substr(0, line.find(' ')), bytes));
    EXPECT_EQ(ours.piece(id), spell_bytes(bytes)) << id;
    ++id;
  }
  EXPECT_EQ(ours.vocab_size(), id);
}

TEST(Train, WordPieceHasTheSetOfHuggingFace) {
  Tokenizer ours = trained({.kind = TrainKind::kWordPiece, .vocab_size = 1500, .lowercase = true});
  auto theirs = Tokenizer::from_json(data("hf-wordpiece.json"));
  ASSERT_TRUE(theirs.ok());
  std::set<std::string> a, b;
  for (int32_t i = 0; i < ours.vocab_size(); ++i) a.insert(ours.piece(i));
  for (int32_t i = 0; i < theirs->vocab_size(); ++i) b.insert(theirs->piece(i));
  EXPECT_EQ(a, b);
}

// The log-likelihood of the corpus' words, each with U+2581 before it, under pieces and scores.
double log_likelihood(const std::map<std::string, double>& pieces) {
  std::map<std::string, uint64_t> words;
  for (const std::string& line : corpus()) {
    for (size_t at = 0; at < line.size();) {
      size_t end = std::min(line.find(' ', at), line.size());
      if (end > at) ++words["\xE2\x96\x81" + line.substr(at, end - at)];
      at = end + 1;
    }
  }
  std::vector<std::string> texts;
  std::vector<double> scores;
  for (const auto& [text, score] : pieces) texts.push_back(text), scores.push_back(score);
  UnigramTraining model(texts, scores);
  UnigramTraining::Scratch scratch;
  double sum = 0;
  for (const auto& [word, count] : words) {
    double own = model.marginal(word, scratch, [](int32_t, double) {});
    // Words with a character that has no piece count for no vocabulary; both have the same characters.
    if (std::isfinite(own)) sum += static_cast<double>(count) * own;
  }
  return sum;
}

TEST(Train, UnigramIsAsLikelyAsSentencePieces) {
  TrainReport report;
  Tokenizer ours = trained({.kind = TrainKind::kUnigram, .vocab_size = 1000, .byte_fallback = false}, &report);
  EXPECT_EQ(ours.vocab_size(), 1000);
  std::map<std::string, double> theirs, mine;
  for (const std::string& line : split_lines(data("spm-unigram.tsv"))) {
    size_t tab = line.find('\t');
    theirs[line.substr(0, tab)] = std::stod(line.substr(tab + 1));
  }
  std::string json;
  ASSERT_TRUE(ours.parts().model->write_json(json).ok());
  auto parsed = parse_json(json, "model");
  ASSERT_TRUE(parsed.ok());
  for (const Json& entry : (*parsed)["vocab"]) mine[entry[0].get<std::string>()] = entry[1].get<double>();
  for (const char* special : {"<unk>", "<s>", "</s>"}) theirs.erase(special), mine.erase(special);
  ASSERT_EQ(theirs.size(), mine.size());
  double reference = log_likelihood(theirs), own = log_likelihood(mine);
  EXPECT_NEAR(own, reference, -0.005 * reference);
  size_t common = 0;
  for (const auto& [piece, score] : mine) common += theirs.contains(piece);
  EXPECT_GE(common, mine.size() - mine.size() / 100);
  EXPECT_LT(report.log_likelihood, 0);
}

TEST(Train, TheSameForAnyNumberOfThreads) {
  const int before = num_threads();
  for (TrainKind kind :
       {TrainKind::kBpe, TrainKind::kUnigram, TrainKind::kWordPiece, TrainKind::kWordLevel, TrainKind::kCharLevel}) {
    std::string results[2];
    for (int t : {0, 1}) {
      set_num_threads(t ? 4 : 1);
      results[t] = json_of(trained({.kind = kind, .vocab_size = 1200}));
    }
    EXPECT_EQ(results[0], results[1]) << static_cast<int>(kind);
  }
  set_num_threads(before);
}

// Small memory: counts go to disk and come back exactly; a limit that learning cannot live with drops rare words.
TEST(Train, CountsSpillAndNothingChanges) {
  class Spaces final : public WordSplitter {
   public:
    void count(std::string_view text, WordCounts& into) const override {
      while (!text.empty()) {
        size_t end = std::min(text.find(' '), text.size());
        if (end > 0) into.add(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
      }
    }
  } splitter;
  auto count = [&](CountLimits limits, CountSummary& summary) {
    WordCounter counter(splitter, limits);
    EXPECT_TRUE(counter.count(source_of(corpus())).ok());
    auto list = counter.finish(true);
    EXPECT_TRUE(list.ok());
    summary = counter.summary();
    std::map<std::string, uint64_t> words;
    for (size_t i = 0; i < list->size(); ++i) words.emplace(list->word(i), list->counts[i]);
    return words;
  };
  CountSummary roomy, tight, starved;
  auto all = count({}, roomy);
  auto spilled = count({.memory = 1 << 18, .bytes_a_word_byte = 1, .bytes_a_word = 1}, tight);
  EXPECT_EQ(all, spilled);
  EXPECT_EQ(roomy.spilled_runs, 0u);
  EXPECT_GT(tight.spilled_runs, 0u);
  EXPECT_EQ(tight.words, roomy.words);
  auto rest = count({.memory = 1 << 18}, starved);
  EXPECT_LT(rest.size(), all.size());
  EXPECT_GT(starved.dropped_words, 0u);
  for (const auto& [word, n] : all) EXPECT_EQ(rest.contains(word), n >= starved.least_count) << word;
}

TEST(Train, WordCountsHoldWordsOfAnyLength) {
  WordCounts counts;
  std::map<std::string, uint64_t> expected;
  for (int round = 0; round < 3; ++round) {
    for (size_t n = 0; n < 200; ++n) {
      for (char c : {'a', '\0', '\xFF'}) {
        std::string word(n, c);
        counts.add(word);
        ++expected[word];
      }
    }
  }
  std::map<std::string, uint64_t> got;
  counts.for_each([&](std::string_view word, uint64_t count) { got[std::string(word)] += count; });
  EXPECT_EQ(got, expected);
}

// Every kind, normalisation and way to cut: what is trained encodes and decodes its own text.
TEST(Train, EveryKindReadsItsOwnText) {
  const std::string text = "텍스트를 선택 Date 2024";
  for (const TrainKindName& kind : train_kinds()) {
    for (const char* normalization : {"none", "nfc"}) {
      for (bool digits : {false, true}) {
        Tokenizer t =
            trained({.kind = kind.kind, .vocab_size = 1500, .normalization = normalization, .split_digits = digits});
        EXPECT_LE(t.vocab_size(), 1500);
        std::vector<int32_t> ids = t.encode(text);
        EXPECT_FALSE(ids.empty()) << kind.name;
        if (kind.kind == TrainKind::kBpe || kind.kind == TrainKind::kUnigram || kind.kind == TrainKind::kCharLevel) {
          EXPECT_EQ(t.decode(ids), text) << kind.name;
        }
      }
    }
  }
  Tokenizer characters = trained({.vocab_size = 1500, .byte_level = false});
  EXPECT_EQ(characters.decode(characters.encode(text + " 😀")), text + " 😀");  // bytes for what has no piece
}

TEST(Train, DigitsAreSingleWhereAsked) {
  for (TrainKind kind : {TrainKind::kBpe, TrainKind::kUnigram}) {
    Tokenizer t = trained({.kind = kind, .vocab_size = 2000, .split_digits = true});
    for (int32_t id = 0; id < t.vocab_size(); ++id) {
      std::string piece = t.piece(id);
      if (piece.starts_with("<0x")) continue;
      bool digit = std::any_of(piece.begin(), piece.end(), [](char c) { return c >= '0' && c <= '9'; });
      EXPECT_TRUE(!digit || piece.size() == 1) << piece;
    }
  }
}

TEST(Train, JamoLevelSpellsSyllablesInParts) {
  Tokenizer t = trained({.kind = TrainKind::kCharLevel, .vocab_size = 500, .normalization = "jamo"});
  EXPECT_TRUE(t.id_of("\u1100"));  // a consonant that begins a syllable
  EXPECT_FALSE(t.id_of("가"));
  EXPECT_EQ(t.encode("가").size(), 2u);
}

TEST(Train, AlphabetIsLimited) {
  TrainReport report;
  trained({.vocab_size = 800, .byte_level = false, .limit_alphabet = 300}, &report);
  EXPECT_EQ(report.alphabet, 300u + 256u);
}

TEST(Train, AVocabularyThatStaysSmallIsSaid) {
  for (TrainKind kind : {TrainKind::kBpe, TrainKind::kUnigram, TrainKind::kWordPiece, TrainKind::kWordLevel}) {
    for (int32_t size : {30'000, 400}) {
      std::vector<std::string> texts(20, "the cat sat on the mat and the dog sat on the log again and again");
      std::vector<std::string> warnings;
      Job job;
      job.warn = [&](const std::string& line) { warnings.push_back(line); };
      TrainOptions options{.kind = kind, .vocab_size = size};
      auto made = train(source_of(texts), options, job);
      ASSERT_TRUE(made.ok()) << made.error().to_string();
      const bool said = std::any_of(warnings.begin(), warnings.end(), [&](const std::string& line) {
        return line.find(std::to_string(size) + " were asked for") != std::string::npos;
      });
      EXPECT_EQ(said, made->vocab_size() < size) << made->vocab_size();
      EXPECT_TRUE(said || size == 400) << made->vocab_size();
    }
  }
}

// What EM keeps of a word grows with its bytes many times over: a text without spaces is not learned from at once.
TEST(Train, UnigramLearnsFromLongWordsInParts) {
  for (size_t bytes : {60'000u, 200'000u}) {
    std::string text;
    uint64_t state = 1;
    while (text.size() < bytes) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      constexpr const char* kSyllables[] = {"가", "나다", "라마바", "사"};
      text += kSyllables[(state >> 33) % 4];
    }
    std::vector<std::string> texts{text}, warnings;
    Job job;
    job.warn = [&](const std::string& line) { warnings.push_back(line); };
    auto made = train(source_of(texts), {.kind = TrainKind::kUnigram, .vocab_size = 20, .byte_fallback = false}, job);
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    const size_t characters = text.size() / 3;
    EXPECT_LT(made->encode(text).size(), characters * 2 / 3);  // syllables of several characters were found
    const bool said = std::any_of(warnings.begin(), warnings.end(), [](const std::string& line) {
      return line.find("learned from in parts") != std::string::npos;
    });
    EXPECT_EQ(said, bytes > 65'536);
  }
}

TEST(Train, ErrorsSayWhat) {
  auto fails = [](const TrainOptions& options) {
    auto result = train(source_of(corpus()), options);
    EXPECT_FALSE(result.ok());
    return result.ok() ? std::string() : result.error().to_string();
  };
  EXPECT_THAT(fails({.vocab_size = 100}), HasSubstr("no room"));
  EXPECT_THAT(fails({.kind = TrainKind::kUnigram, .vocab_size = 300}), HasSubstr("no room"));
  EXPECT_THAT(fails({.kind = TrainKind::kWordLevel, .vocab_size = 2}), HasSubstr("no room"));
  EXPECT_THAT(fails({.max_piece_length = SIZE_MAX}), HasSubstr("max_piece_length"));
  EXPECT_THAT(fails({.normalization = "nfx"}), HasSubstr("nfx"));
  EXPECT_THAT(fails({.pattern = "("}), HasSubstr("("));
  EXPECT_THAT(fails({.limit_alphabet = 10}), HasSubstr("256"));
  std::vector<std::string> none;
  auto empty = train(source_of(none), {});
  ASSERT_FALSE(empty.ok());
  EXPECT_THAT(empty.error().to_string(), HasSubstr("no text"));
}

}  // namespace
}  // namespace malmoi::tokenizer
