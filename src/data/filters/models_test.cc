// Filters that go by what was learnt from a corpus: frequent lines, quality, perplexity.
#include <gtest/gtest.h>

#include "data/classifier/ngram_model.h"
#include "data/classifier/quality_model.h"
#include "data/filters/boilerplate.h"
#include "data/filters/test_filter.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {
namespace {

TEST(LearntFilters, BoilerplateByFrequency) {
  auto builder = BoilerplateBuilder::create({.min_documents = 5}, {.folder = {}, .memory_bytes = 4096});
  ASSERT_TRUE(builder.ok());
  for (uint64_t i = 0; i < 300; ++i) {
    std::string text =
        "own line " + times("x", static_cast<int>(i) + 1) + "\nHome | Login | " + std::to_string(i) + " comments\n";
    if (i < 4) text += times("often in few documents\n", 10);
    ASSERT_TRUE(builder->add(i, text).ok());
  }
  Path model = temporary("boilerplate.safetensors");
  auto lines = builder->finish(model);
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(*lines, 1u);
  std::string yaml = "{model: " + model.string() + "}";
  Outcome o = run("boilerplate", "Title\nHOME | login | 77 comments\noften in few documents\nText.", yaml);
  EXPECT_EQ(o.text, "Title\noften in few documents\nText.");
  EXPECT_EQ(o.verdict.rule, "boilerplate.lines");
  EXPECT_EQ(run("boilerplate", "Home | Login | 3 comments", yaml).verdict.rule, "boilerplate.all");
  EXPECT_EQ(run("boilerplate", "ab\nHome | Login | 3 comments", "{model: " + model.string() + ", max_removed: 0.5}")
                .verdict.rule,
            "boilerplate.share");
  EXPECT_FALSE(make("boilerplate", "{model: /nowhere}").ok());
}

std::vector<std::string> corpus_lines() {
  std::vector<std::string> out;
  for (const std::string& text : {english(), korean()})
    for (std::string_view line : split_lines(text)) out.emplace_back(line);
  return out;
}

TEST(LearntFilters, QualityClassifier) {
  std::vector<std::string> texts;
  std::vector<uint8_t> good;
  for (const std::string& line : corpus_lines()) {
    texts.push_back(line), good.push_back(1);
    texts.push_back("BUY now!!! cheap cheap deals click here $$$ " + std::to_string(texts.size())), good.push_back(0);
  }
  auto model = QualityModel::train(texts, good, {.bits = 14});
  ASSERT_TRUE(model.ok());
  EXPECT_GT(model->score("The people built a bridge with ropes, and the village was glad of the market."), 0.5);
  EXPECT_GT(model->score("마을 사람들은 밧줄로 다리를 만들어 강을 건너갔다."), 0.5);
  EXPECT_LT(model->score("click here for cheap deals!!! $$$"), 0.5);
  Path path = temporary("quality.safetensors");
  ASSERT_TRUE(model->save(path).ok());
  auto loaded = QualityModel::load(path);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->score("any text"), model->score("any text"));
  EXPECT_EQ(run("quality", "cheap deals click here $$$ now!!!", "{model: " + path.string() + "}").verdict.rule,
            "quality.score");
  EXPECT_TRUE(run("quality", english(), "{model: " + path.string() + "}").verdict.keep);
  EXPECT_FALSE(QualityModel::train(texts, std::vector<uint8_t>(texts.size(), 1), {}).ok());
  EXPECT_FALSE(make("quality", "{model: " + temporary("boilerplate.safetensors").string() + "}").ok())
      << "a model of another kind";
}

TEST(LearntFilters, PerplexityByNgrams) {
  NgramTrainer trainer({.order = 4});
  for (const std::string& line : corpus_lines()) trainer.add(line);
  Path path = temporary("ngram.safetensors");
  ASSERT_TRUE(trainer.save(path).ok());
  auto model = NgramModel::load(path);
  ASSERT_TRUE(model.ok());
  double fluent = model->score("the village with the old bridge"), noise = model->score("xq zjv kkw pfft bvc"),
         foreign = model->score("Ωξψ");
  EXPECT_LT(fluent, 2.5);
  EXPECT_GT(noise, fluent + 1.5);
  EXPECT_GT(foreign, noise);
  EXPECT_EQ(model->score(""), 0);
  std::string yaml = "{model: " + path.string() + ", max: 30}";
  EXPECT_TRUE(run("perplexity", "the old bridge and the people", yaml).verdict.keep);
  EXPECT_EQ(run("perplexity", "zxqj wvk qqz", yaml).verdict.rule, "perplexity.high");
  FilterContext context;
  context.scorers["mine"] = [](std::string_view text) -> Result<double> {
    if (text.empty()) return invalid_data("nothing to score");
    return text.size() > 5 ? 1.0 : 9.0;
  };
  auto filter = make("perplexity", "{scorer: mine, min: 2, max: 100}", context);
  ASSERT_TRUE(filter.ok());
  Document short_text{.text = "abc"}, long_text{.text = "abcdefgh"}, empty;
  EXPECT_EQ((*filter)->apply(short_text).rule, "perplexity.high");
  EXPECT_TRUE((*filter)->apply(long_text).keep);
  EXPECT_EQ((*filter)->apply(empty).rule, "perplexity.failed");
  EXPECT_FALSE(make("perplexity", "{scorer: absent}", context).ok());
}

}  // namespace
}  // namespace malmoi::data
