// Tests of pruning: what stays, and that a model without the parts that did nothing computes what it did.
#include "reshape/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/test_folder.h"
#include "infer/session.h"
#include "model/layer_names.h"
#include "model/load.h"
#include "model/test_changed_weights.h"

namespace malmoi::reshape {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kLayers = 2, kInner = 96, kHeads = 4, kHidden = 48;  // of the fixture, with two heads of keys

Path fixture() { return Path(MALMOI_TEST_DATA) / "models" / "mistral"; }

PruneImportance all_alike() {
  PruneImportance importance;
  importance.layers.assign(kLayers, 1);
  importance.hidden.assign(kHidden, 1);
  importance.intermediate.assign(kLayers, std::vector<double>(kInner, 1));
  importance.heads.assign(kLayers, std::vector<double>(kHeads, 1));
  return importance;
}

// The fixture with other values.
Path changed_model(const std::string& name, const model::ChangeWeight& change) {
  const Path to = test_folder(name);
  model::write_changed(fixture(), to, change);
  return to;
}

std::vector<float> logits_of(const Path& folder) {
  auto model = model::load_model(folder, {});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  if (!model.ok()) return {};
  auto session = infer::Session::create(**model);
  auto state = (*session)->open();
  const std::vector<int32_t> ids = {5, 17, 80, 3, 159, 42, 9};
  (*session)->append(*state, ids, static_cast<int64_t>(ids.size()));
  auto logits = (*session)->logits();
  EXPECT_TRUE(logits.ok());
  return {logits->begin(), logits->end()};
}

// Writes what is chosen; the logits before and after must be the same.
void expect_same(const Path& folder, const PruneImportance& importance, const PruneSizes& wanted) {
  auto opened = model::open_folder_tensors(folder);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  auto choice = choose_kept(*opened->model, importance, wanted, {});
  ASSERT_TRUE(choice.ok()) << choice.error().to_string();
  const Path out = test_folder("pruned");
  const auto written = write_pruned(*opened, *choice, out, {});
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  const std::vector<float> before = logits_of(folder), after = logits_of(out);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) ASSERT_NEAR(after[i], before[i], 2e-5) << i;
  auto small = model::load_config(out);
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(*prunable_sizes(**small), wanted);
  EXPECT_EQ(static_cast<uint64_t>((*small)->parameter_count()), *written);
}

bool ends(const std::string& name, std::string_view with) { return std::string_view(name).ends_with(with); }

TEST(Prune, InnerChannelsThatNothingReadsGo) {
  const Path folder = changed_model("inner", [](const std::string& name, size_t, size_t column, float value) {
    return ends(name, "down_proj.weight") && column % 3 == 1 ? 0 : value;
  });
  PruneImportance importance = all_alike();
  for (auto& layer : importance.intermediate) {
    for (size_t c = 1; c < layer.size(); c += 3) layer[c] = 0;
  }
  expect_same(folder, importance, {kLayers, 64, kHeads, kHidden});
}

TEST(Prune, HeadsThatNothingReadsGo) {
  constexpr size_t kHeadDim = 12;
  // One of each pair that shares keys, another one in each layer.
  const Path folder = changed_model("heads", [](const std::string& name, size_t, size_t column, float value) {
    const size_t head = column / kHeadDim, idle = ends(name, "0.self_attn.o_proj.weight") ? 0 : 1;
    return ends(name, "o_proj.weight") && head % 2 == idle ? 0 : value;
  });
  PruneImportance importance = all_alike();
  importance.heads = {{0, 1, 0.1, 2}, {3, 1, 2, 0.5}};
  expect_same(folder, importance, {kLayers, kInner, 2, kHidden});
}

TEST(Prune, ALayerThatChangesNothingGoes) {
  const Path folder = changed_model("layer", [](const std::string& name, size_t, size_t, float value) {
    return ends(name, "0.self_attn.o_proj.weight") || ends(name, "0.mlp.down_proj.weight") ? 0 : value;
  });
  PruneImportance importance = all_alike();
  importance.layers = {0, 1};
  expect_same(folder, importance, {1, kInner, kHeads, kHidden});
}

// Channels of the stream that are empty from the table of words on. A norm's mean square is over fewer channels then, which a factor in
// its weights makes up for.
TEST(Prune, EmptyChannelsOfTheStreamGo) {
  const double factor = std::sqrt(36.0 / 48.0);
  auto is_empty = [](size_t channel) { return channel % 4 == 2; };
  const Path folder = changed_model("stream", [&](const std::string& name, size_t row, size_t column, float value) {
    if (name == "model.embed_tokens.weight") return is_empty(column) ? 0 : value;
    if (ends(name, "o_proj.weight") || ends(name, "down_proj.weight")) return is_empty(row) ? 0 : value;
    return value;
  });
  auto opened = model::open_folder_tensors(folder);
  ASSERT_TRUE(opened.ok());
  PruneImportance importance = all_alike();
  for (size_t c = 0; c < importance.hidden.size(); ++c) importance.hidden[c] = is_empty(c) ? 0 : 1;
  auto choice = choose_kept(*opened->model, importance, {kLayers, kInner, kHeads, 36}, {});
  ASSERT_TRUE(choice.ok());
  EXPECT_THAT(choice->hidden, Not(testing::Contains(2)));
  const Path out = test_folder("narrow");
  ASSERT_TRUE(write_pruned(*opened, *choice, out, {}).ok());
  // The same but for eps.
  const Path scaled = test_folder("narrow_scaled");
  model::write_changed(out, scaled, [&](const std::string& tensor, size_t, size_t, float value) {
    return tensor.ends_with("norm.weight") ? static_cast<float>(static_cast<double>(value) / factor) : value;
  });
  const std::vector<float> before = logits_of(folder), after = logits_of(scaled);
  ASSERT_EQ(before.size(), after.size());
  const float largest = std::abs(*std::ranges::max_element(before, {}, [](float x) { return std::abs(x); }));
  ASSERT_GT(largest, 0);
  for (size_t i = 0; i < before.size(); ++i) ASSERT_NEAR(after[i], before[i], 0.01f * largest) << i;
}

TEST(Prune, ChoosesTheMostImportantInTheirOrder) {
  auto model = model::load_config(fixture());
  ASSERT_TRUE(model.ok());
  PruneImportance importance = all_alike();
  importance.hidden[47] = 3;
  importance.hidden[5] = 2;
  importance.heads[1] = {1, 2, 4, 3};
  importance.layers = {0.5, 0.25};
  const auto choice = choose_kept(**model, importance, {1, kInner, 2, 3}, {});
  ASSERT_TRUE(choice.ok());
  EXPECT_THAT(choice->layers, ElementsAre(0));
  EXPECT_THAT(choice->hidden, ElementsAre(0, 5, 47));
  EXPECT_THAT(choice->heads[1], ElementsAre(1, 2));
  const auto dropped = choose_kept(**model, importance, {kLayers, kInner, kHeads, kHidden}, {0});
  ASSERT_TRUE(dropped.ok());
  EXPECT_THAT(dropped->layers, ElementsAre(1));
}

TEST(Prune, RefusesWhatCannotBe) {
  auto model = model::load_config(fixture());
  ASSERT_TRUE(model.ok());
  auto refusal = [&](const PruneSizes& wanted, const std::vector<int64_t>& dropped) {
    const auto choice = choose_kept(**model, all_alike(), wanted, dropped);
    return choice.ok() ? "accepted" : choice.error().to_string();
  };
  EXPECT_THAT(refusal({3, kInner, kHeads, kHidden}, {}), HasSubstr("--layers"));
  EXPECT_THAT(refusal({kLayers, 0, kHeads, kHidden}, {}), HasSubstr("--intermediate"));
  EXPECT_THAT(refusal({kLayers, kInner, 3, kHidden}, {}), HasSubstr("multiple of 2"));
  EXPECT_THAT(refusal({kLayers, kInner, kHeads, 49}, {}), HasSubstr("--hidden"));
  EXPECT_THAT(refusal({kLayers, kInner, kHeads, kHidden}, {2}), HasSubstr("no layer 2"));
  EXPECT_THAT(refusal({kLayers, kInner, kHeads, kHidden}, {0, 1}), HasSubstr("no layer would be left"));
  auto gpt2 = model::load_config(Path(MALMOI_TEST_DATA) / "models" / "gpt2");
  ASSERT_TRUE(gpt2.ok());
  const auto sizes = prunable_sizes(**gpt2);
  ASSERT_FALSE(sizes.ok());
  EXPECT_THAT(sizes.error().to_string(), HasSubstr("family gpt2"));
}

}  // namespace
}  // namespace malmoi::reshape
