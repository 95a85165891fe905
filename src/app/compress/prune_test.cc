// Tests of pruning by what a text activates: what does nothing is found, and goes without a trace.
#include "app/compress/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "model/test_changed_weights.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

class PrunedModels : public testing::Test {
 protected:
  // The fixture with other values, and a tokenizer of characters.
  void make(const model::ChangeWeight& change) {
    folder_ = test_folder("prunable");
    model::write_changed(Path(MALMOI_TEST_DATA) / "models" / "mistral", folder_, change);
    auto tokenizer = tokenizer::Tokenizer::characters("abcdefghijklmnopqrstuvwxyz ,.\n");
    ASSERT_TRUE(tokenizer.ok());
    ASSERT_TRUE(tokenizer->save(folder_).ok());
    text_ = folder_ / "texts.txt";
    ASSERT_TRUE(write_file(text_,
                           "the words of a text show what a model does with them, one after the other.\n"
                           "some of its parts do nothing at all, and nobody misses those.\n")
                    .ok());
    options_ = {.model = folder_.string(), .out = test_folder("smaller"), .calibration = text_, .measure = {}};
    options_.length = 32;
  }
  PruneReport pruned() {
    auto report = prune_model(options_, {});
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return report.ok() ? *report : PruneReport();
  }

  Path folder_, text_;
  PruneOptions options_;
};

TEST_F(PrunedModels, ChannelsThatAreAlwaysEmptyGo) {
  make([](const std::string& name, size_t row, size_t, float value) {
    return name.ends_with("up_proj.weight") && row % 3 == 1 ? 0 : value;
  });
  options_.intermediate = 64;
  const PruneReport report = pruned();
  EXPECT_EQ(report.after, (reshape::PruneSizes{2, 64, 4, 48}));
  EXPECT_LT(report.parameters_after, report.parameters_before);
  EXPECT_NEAR(report.loss_after, report.loss_before, 1e-5);
  EXPECT_GT(report.tokens, 64);
  EXPECT_TRUE(std::filesystem::exists(options_.out / "tokenizer.json"));
}

TEST_F(PrunedModels, ALayerThatChangesNothingGoes) {
  make([](const std::string& name, size_t, size_t, float value) {
    return name.ends_with("0.self_attn.o_proj.weight") || name.ends_with("0.mlp.down_proj.weight") ? 0 : value;
  });
  options_.layers = 1;
  const PruneReport report = pruned();
  ASSERT_EQ(report.layers.size(), 2u);
  EXPECT_NEAR(report.layers[0].influence, 0, 1e-6);
  EXPECT_GT(report.layers[1].influence, 1e-4);
  EXPECT_FALSE(report.layers[0].kept);
  EXPECT_TRUE(report.layers[1].kept);
  EXPECT_NEAR(report.loss_after, report.loss_before, 1e-5);
}

TEST_F(PrunedModels, ASweepMeasuresEachSizeAndWritesNothing) {
  make([](const std::string&, size_t, size_t, float value) { return value; });
  options_.out = test_folder("swept") / "smaller";
  options_.sweep = true;
  const PruneReport report = pruned();
  EXPECT_TRUE(report.out.empty());
  ASSERT_GE(report.tries.size(), 5u);
  EXPECT_EQ(report.tries[0].size, "as it is");
  EXPECT_EQ(report.tries[1].size, "layers 1");
  for (size_t i = 1; i < report.tries.size(); ++i) {
    EXPECT_LT(report.tries[i].parameters, report.tries[0].parameters) << report.tries[i].size;
    EXPECT_GT(report.tries[i].loss, 0);
  }
  EXPECT_TRUE(std::filesystem::is_empty(options_.out.parent_path())) << "what was tried is gone";
  options_.out.clear();
  EXPECT_EQ(pruned().tries.size(), report.tries.size());
}

TEST_F(PrunedModels, AsksForSomethingToDo) {
  make([](const std::string&, size_t, size_t, float value) { return value; });
  auto refusal = [&] {
    const auto report = prune_model(options_, {});
    return report.ok() ? "accepted" : report.error().to_string();
  };
  EXPECT_THAT(refusal(), HasSubstr("nothing is to become smaller"));
  options_.intermediate = 96;
  EXPECT_THAT(refusal(), HasSubstr("has these sizes already"));
  options_.intermediate = 97;
  EXPECT_THAT(refusal(), HasSubstr("--intermediate"));
  options_.intermediate = 48;
  options_.out = folder_;
  EXPECT_THAT(refusal(), HasSubstr("own folder"));
}

}  // namespace
}  // namespace malmoi::app
