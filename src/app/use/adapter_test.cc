// Adapters through the commands: scored, merged with what stands beside the model, and shown.
#include "app/use/adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/use/score.h"
#include "base/test_folder.h"
#include "formats/npy.h"

namespace malmoi::app {
namespace {

const Path kAdapter = Path(MALMOI_TEST_DATA) / "adapters" / "gpt2-tables";
const Path kModel = Path(MALMOI_TEST_DATA) / "models" / "gpt2";

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
  std::filesystem::copy(kModel, base);
  ASSERT_TRUE(write_file(base / "tokenizer_config.json", "{}").ok());
  ScoreOptions options{.model = base, .ids = kAdapter / "ids.npy", .logits = folder / "logits.npy"};
  options.adapter = kAdapter;
  expect_reference(options);
  Status merged = merge_adapter({.model = base.string(), .adapter = kAdapter, .out = out}, {});
  ASSERT_TRUE(merged.ok()) << merged.error().to_string();
  EXPECT_TRUE(malmoi::exists(out / "tokenizer_config.json"));
  EXPECT_EQ((*read_json((out / "config.json").string()))["tie_word_embeddings"], false);
  options.model = out;
  options.adapter.reset();
  expect_reference(options);
  EXPECT_FALSE(merge_adapter({.model = base.string(), .adapter = kAdapter, .out = base}, {}).ok());
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
