// BLEU and chrF against sacreBLEU's values, sentence by sentence.
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "base/json.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"

namespace malmoi::metrics {
namespace {

struct Sentence {
  std::string id, hypothesis;
  std::vector<std::string> references;
  Json expected;
};

std::vector<Sentence> sentences() {
  std::vector<Sentence> all;
  auto text = read_file(Path(MALMOI_TEST_DATA) / "metrics" / "mt.jsonl");
  EXPECT_TRUE(text.ok());
  for (size_t begin = 0, end; (end = text->find('\n', begin)) != std::string::npos; begin = end + 1) {
    const Json row = Json::parse(text->substr(begin, end - begin));
    all.push_back({row["id"], row["hyp"], row["refs"].get<std::vector<std::string>>(), row["expected"]});
  }
  EXPECT_GE(all.size(), 40u);
  return all;
}

constexpr std::pair<const char*, WordRule> kRules[] = {
    {"13a", WordRule::k13a}, {"intl", WordRule::kIntl}, {"char", WordRule::kChar}, {"none", WordRule::kNone}};

TEST(Bleu, SentencesAreSacreBleus) {
  for (const Sentence& sentence : sentences()) {
    for (auto [name, rule] : kRules) {
      const BleuOptions options{.words = rule, .effective_order = true};
      EXPECT_NEAR(bleu({sentence.hypothesis}, {{sentence.references[0]}}, options).score,
                  sentence.expected["bleu1"][name].get<double>(), 1e-8)
          << sentence.id << " " << name;
      EXPECT_NEAR(bleu({sentence.hypothesis}, {sentence.references}, options).score,
                  sentence.expected["bleu2"][name].get<double>(), 1e-8)
          << sentence.id << " " << name;
    }
  }
}

TEST(Bleu, WordsAreSacreBleus) {
  for (const Sentence& sentence : sentences()) {
    for (auto [name, rule] : kRules) {
      if (!sentence.expected["tok_hyp"].contains(name)) continue;
      // White space among sacreBLEU's tokens (by characters it writes it out) counts nowhere.
      const std::string want = sentence.expected["tok_hyp"][name].get<std::string>();
      EXPECT_EQ(split_words(sentence.hypothesis, rule), split_words(want, WordRule::kNone))
          << sentence.id << " " << name;
    }
  }
}

TEST(Bleu, ACorpusIsCountedTogether) {
  // sacrebleu.corpus_bleu(["the cat sat", "a b c d e"], [["the cat sat down", "a b c d f"]]): counts by hand.
  const BleuScore score = bleu({"the cat sat", "a b c d e"}, {{"the cat sat down"}, {"a b c d f"}});
  EXPECT_EQ(score.counts, (std::vector<int64_t>{7, 5, 3, 1}));
  EXPECT_EQ(score.totals, (std::vector<int64_t>{8, 6, 4, 2}));
  EXPECT_EQ(score.hypothesis_length, 8);
  EXPECT_EQ(score.reference_length, 9);
  EXPECT_NEAR(score.brevity_penalty, std::exp(1 - 9.0 / 8), 1e-12);
  EXPECT_NEAR(score.score, score.brevity_penalty * 100 * std::pow(7.0 / 8 * 5 / 6 * 3 / 4 * 1 / 2, 0.25), 1e-9);
  EXPECT_EQ(bleu({"x"}, {{"y"}}).score, 0);
  EXPECT_EQ(bleu({""}, {{"y"}}).score, 0);
}

TEST(Chrf, SentencesAreSacreBleus) {
  const std::pair<const char*, ChrfOptions> kKinds[] = {{"chrf2", {}},
                                                        {"chrf2++", {.word_order = 2}},
                                                        {"chrf2_ws", {.whitespace = true}},
                                                        {"chrf2_lc", {.lowercase = true}}};
  for (const Sentence& sentence : sentences()) {
    for (const auto& [name, options] : kKinds) {
      const Json& want = sentence.expected[name];
      EXPECT_NEAR(chrf({sentence.hypothesis}, {{sentence.references[0]}}, options), want[0].get<double>(), 1e-8)
          << sentence.id << " " << name;
      EXPECT_NEAR(chrf({sentence.hypothesis}, {sentence.references}, options), want[1].get<double>(), 1e-8)
          << sentence.id << " " << name;
    }
  }
}

}  // namespace
}  // namespace malmoi::metrics
