// Adapters through the commands: scored, merged with what stands beside the model, and shown.
#include "app/use/adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "app/eval/eval.h"
#include "app/use/classify.h"
#include "app/use/fill.h"
#include "app/use/generate.h"
#include "app/use/score.h"
#include "base/test_folder.h"
#include "data/token_file.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "infer/tiny_model.h"
#include "model/load.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

const Path kAdapter = Path(MALMOI_TEST_DATA) / "adapters" / "gpt2-tables";
const Path kBaseModel = Path(MALMOI_TEST_DATA) / "models" / "gpt2";

void expect_reference(const ScoreOptions& options) {
  Status scored = score(options);
  ASSERT_TRUE(scored.ok()) << scored.error().to_string();
  const std::vector<float> got = *formats::NpyArray::open(*options.logits)->values<float>();
  const std::vector<float> want = *formats::NpyArray::open(kAdapter / "logits.npy")->values<float>();
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 3e-4) << i;
}

TEST(Adapter, MergedModelsStandByThemselves) {
  const Path folder = test_folder("merge"), base = folder / "base", out = folder / "out";
  std::filesystem::copy(kBaseModel, base);
  for (const char* name : {"tokenizer_config.json", "LICENSE", "source.json", "tf_model.h5"})
    ASSERT_TRUE(write_file(base / name, "{}").ok());
  ScoreOptions options{.model = base, .ids = kAdapter / "ids.npy", .logits = folder / "logits.npy"};
  options.adapters = {kAdapter};
  expect_reference(options);
  Status merged = merge_adapter({.model = base.string(), .adapter = kAdapter, .out = out}, {});
  ASSERT_TRUE(merged.ok()) << merged.error().to_string();
  EXPECT_TRUE(malmoi::exists(out / "tokenizer_config.json"));
  EXPECT_TRUE(malmoi::exists(out / "LICENSE"));
  EXPECT_FALSE(malmoi::exists(out / "source.json")) << "it tells of other weights";
  EXPECT_FALSE(malmoi::exists(out / "tf_model.h5")) << "other weights";
  EXPECT_EQ((*read_json((out / "config.json").string()))["tie_word_embeddings"], false);
  options.model = out;
  options.adapters.clear();
  expect_reference(options);
  EXPECT_FALSE(merge_adapter({.model = base.string(), .adapter = kAdapter, .out = base}, {}).ok());
}

TEST(Adapter, MergedModelsAreStoredAsTheirBases) {
  const Path folder = test_folder("merge_half"), base = folder / "base", out = folder / "out";
  ASSERT_TRUE(model::save_model(**model::load_model(kBaseModel, {}), base, DType::kBF16).ok());
  auto type_of_merged = [&](std::optional<DType> asked) {
    EXPECT_TRUE(merge_adapter({.model = base.string(), .adapter = kAdapter, .out = out, .dtype = asked}, {}).ok());
    return (*formats::Safetensors::open(out / "model.safetensors")).tensors()[0].type;
  };
  EXPECT_EQ(type_of_merged({}), formats::ElementType::kBF16);
  EXPECT_EQ(type_of_merged(DType::kF32), formats::ElementType::kF32);
}

// A golden's model with a vocabulary beside it, and the same with its adapter merged.
class AdapterInUse : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(model_, base_);
    std::string words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (char c = 'a'; c <= 'z'; ++c) (words += c) += '\n';
    ASSERT_TRUE(write_file(base_ / "vocab.txt", words).ok());
    Status done =
        merge_adapter({.model = base_.string(), .adapter = adapter_, .out = merged_, .dtype = DType::kF32}, {});
    ASSERT_TRUE(done.ok()) << done.error().to_string();
  }
  // `of(model, adapters)`: numbers that are near the merged model's with the adapter, and others without it.
  template <typename Numbers>
  void expect_adapted(const Numbers& of) const {
    const std::vector<double> plain = of(base_.string(), {}), adapted = of(base_.string(), {adapter_}),
                              want = of(merged_.string(), {});
    ASSERT_FALSE(want.empty());
    EXPECT_THAT(adapted, testing::Pointwise(testing::DoubleNear(1e-4), want));
    EXPECT_THAT(plain, testing::Not(testing::Pointwise(testing::DoubleNear(1e-2), want)));
  }
  AdapterInUse(const std::string& adapter, const std::string& model)
      : model_(Path(MALMOI_TEST_DATA) / "models" / model),
        adapter_(Path(MALMOI_TEST_DATA) / "adapters" / adapter),
        folder_(test_folder("use_" + adapter)) {}

  const Path model_, adapter_, folder_, base_ = folder_ / "base", merged_ = folder_ / "merged";
};

class AdapterOfClassifier : public AdapterInUse {
 protected:
  AdapterOfClassifier() : AdapterInUse("bert-cls", "bert-cls") {}
};

TEST_F(AdapterOfClassifier, LabelsAndSharesGoThroughIt) {
  expect_adapted([](const std::string& model, const std::vector<Path>& adapters) -> std::vector<double> {
    auto classifier = Classifier::open({.model = model, .explain = true, .adapters = adapters}, {});
    if (!classifier.ok()) return {};
    auto texts = classifier->classify({{.text = "m a l m o i"}});
    if (!texts.ok()) return {};
    std::vector<double> numbers;
    for (const auto& [label, score] : (*texts)[0].scores) numbers.push_back(score);
    for (const auto& [token, share] : (*texts)[0].explanation->tokens) numbers.push_back(share);
    return numbers;
  });
}

// Trainers leave a tokenizer beside every adapter. It counts where the words are whole, too.
TEST_F(AdapterOfClassifier, ATokenizerBesideAHeadIsNotThatOfTheWords) {
  const Path beside = folder_ / "beside";
  std::filesystem::copy(adapter_, beside);
  ASSERT_TRUE(write_file(beside / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  auto loaded = load_for_generation(base_.string(), {.dtype = DType::kF32, .adapters = {beside}}, {});
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_EQ(loaded->tokenizer->vocab_size(), 5 + 26) << "the base's";
  auto report = show_adapter(beside);
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->own_tokenizer);
}

class AdapterOfGaps : public AdapterInUse {
 protected:
  AdapterOfGaps() : AdapterInUse("bert", "bert") {}
};

TEST_F(AdapterOfGaps, WordsGoThroughIt) {
  expect_adapted([](const std::string& model, const std::vector<Path>& adapters) {
    std::vector<double> numbers;
    auto filled = fill({.model = model, .text = "m [MASK] l", .words = {"a", "b", "c"}, .adapters = adapters}, {});
    if (!filled.ok()) return numbers;
    std::map<std::string, double> words;
    for (const chat::GapWord& word : filled->gaps[0]) words[word.text] = 100 * word.probability;
    for (const auto& [word, percent] : words) numbers.push_back(percent);
    return numbers;
  });
}

class AdapterOfText : public AdapterInUse {
 protected:
  AdapterOfText() : AdapterInUse("gpt2-tables", "gpt2") {}
};

TEST_F(AdapterOfText, LossesGoThroughIt) {
  const Path ids = folder_ / "ids.bin";
  const std::vector<int32_t> document = {5, 9, 3, 20, 7, 7, 1, 30};
  auto writer = data::TokenWriter::create(ids, 32);
  ASSERT_TRUE(writer.ok() && writer->add(document).ok() && writer->commit().ok());
  expect_adapted([&](const std::string& model, const std::vector<Path>& adapters) -> std::vector<double> {
    auto report = evaluate({.model = model, .tokens = ids, .adapters = adapters, .dtype = DType::kF32}, {});
    if (!report.ok()) return {};
    return {report->perplexity.loss()};
  });
}

TEST(Adapter, ShowSaysWhatTheFilesSay) {
  auto report = show_adapter(Path(MALMOI_TEST_DATA) / "adapters" / "llama-patterns");
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->kind, "rsLoRA");
  EXPECT_EQ(report->least_rank, 1);
  EXPECT_EQ(report->highest_rank, 3);
  EXPECT_EQ(report->modules, 14u);
  EXPECT_THAT(report->names, testing::Contains("model.layers.1.self_attn.q_proj"));
  EXPECT_EQ(to_json(*report)["base"], "llama-gqa-rope3");
}

}  // namespace
}  // namespace malmoi::app
