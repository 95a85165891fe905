// Adapters of words, and of a head that is their table: what is planned, what the file says, and that it stays one.
#include "model/tied_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/adapt.h"
#include "model/load.h"
#include "model/merge.h"
#include "model/save.h"
#include "model/test_adapter.h"
#include "model/train_adapter.h"
#include "model/weight_rows.h"

namespace malmoi::model {
namespace {

using testing::HasSubstr;

constexpr const char* kTiedModel = "llama-gqa-rope3";

Path folder_of(const std::string& model) { return Path(MALMOI_TEST_DATA) / "models" / model; }

std::unique_ptr<Model> opened_model(const std::string& name) {
  auto model = load_model(folder_of(name), {});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  return std::move(*model);
}

Result<AdapterPlan> plan_words(Model& model, const NewAdapter& options) {
  return plan_adapter(model, options, [](const char* key) { return "adapter." + std::string(key); });
}

std::string words_refusal(const std::string& name, const NewAdapter& options) {
  auto plan = plan_words(*opened_model(name), options);
  return plan.ok() ? "accepted" : plan.error().to_string();
}

std::vector<float> rows_of_weight(const autograd::Weight& weight) {
  Tensor rows = Tensor::zeros(DType::kF32, {weight.out_features(), weight.in_features()});
  write_rows(weight, rows);
  return {rows.as<float>(), rows.as<float>() + rows.elements()};
}

// An adapter of random values in a folder.
Path written_adapter(const NewAdapter& options, const std::string& name) {
  auto model = opened_model(kTiedModel);
  auto plan = plan_words(*model, options);
  EXPECT_TRUE(plan.ok()) << plan.error().to_string();
  put_adapter(*model, *std::move(plan), {});
  start_adapter(*model, 1);
  for (auto& entry : model->adapter->parameters.entries()) {
    Rng rng(3);
    Tensor& master = entry->parameter.master;
    for (int64_t i = 0; i < master.elements(); ++i) master.as<float>()[i] += static_cast<float>(0.2 * rng.normal());
  }
  const Path folder = test_folder("tied_" + name);
  EXPECT_TRUE(save_adapter(*model->adapter, folder).ok());
  return folder;
}

TEST(TiedWords, EitherNameMeansBoth) {
  auto model = opened_model(kTiedModel);
  for (const char* name : {"embed_tokens", "lm_head"}) {
    auto plan = plan_words(*model, {.rank = 2, .targets = {"q_proj", name}});
    ASSERT_TRUE(plan.ok()) << plan.error().to_string();
    EXPECT_TRUE(plan->keeps_tied);
    EXPECT_EQ(plan->config["ensure_weight_tying"], true);
    const auto targets = plan->config["target_modules"].dump();
    EXPECT_THAT(targets, HasSubstr("embed_tokens"));
    EXPECT_THAT(targets, HasSubstr("lm_head"));
    auto whole = plan_words(*model, {.rank = 2, .targets = {"q_proj"}, .save_whole = {name}});
    ASSERT_TRUE(whole.ok()) << whole.error().to_string();
    EXPECT_EQ(whole->whole.size(), 1u);
    EXPECT_EQ(whole->config["modules_to_save"], Json({"lm_head", "model.embed_tokens"}));
    EXPECT_EQ(whole->config["ensure_weight_tying"], true);
  }
  auto apart =
      plan_words(*opened_model("gpt_neox"), {.rank = 2, .targets = {"query_key_value"}, .save_whole = {"embed_in"}});
  ASSERT_TRUE(apart.ok()) << apart.error().to_string();
  EXPECT_EQ(apart->config["modules_to_save"], Json({"gpt_neox.embed_in"}));
  EXPECT_EQ(apart->config["ensure_weight_tying"], false);
}

TEST(TiedWords, StayOneThroughFileModelAndMerge) {
  for (const NewAdapter& options : {NewAdapter{.rank = 2, .targets = {"q_proj", "embed_tokens"}},
                                    NewAdapter{.rank = 2, .targets = {"q_proj"}, .save_whole = {"lm_head"}}}) {
    const Path adapter = written_adapter(options, "one");
    auto model = opened_model(kTiedModel);
    const std::vector<float> plain = rows_of_weight(**model->head->weight);
    auto adapted = adapt(*model, {&adapter, 1});
    ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
    EXPECT_FALSE(adapted->head);
    const std::vector<float> changed = rows_of_weight(**model->head->weight);
    EXPECT_NE(changed, plain);
    const Path merged = test_folder("tied_merged");
    ASSERT_TRUE(merge(*model, *adapted).ok());
    ASSERT_TRUE(save_model(*model, merged).ok());
    auto again = load_model(merged, {});
    ASSERT_TRUE(again.ok()) << again.error().to_string();
    EXPECT_FALSE((*again)->tied_head.tensor.empty());
    EXPECT_EQ((*again)->config()["tie_word_embeddings"], true);
    const std::vector<float> merged_rows = rows_of_weight(**(*again)->head->weight);
    for (size_t i = 0; i < changed.size(); ++i) ASSERT_NEAR(merged_rows[i], changed[i], 1e-5) << i;
  }
}

TEST(TiedWords, OfTwoAdaptersAreAdaptedEach) {
  const Path tied = written_adapter({.rank = 2, .targets = {"embed_tokens"}}, "first"),
             plain = written_adapter({.rank = 2, .targets = {"q_proj"}}, "second");
  auto model = opened_model(kTiedModel), alone = opened_model(kTiedModel);
  const Path two[] = {tied, plain};
  auto adapted = adapt(*model, two);
  ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
  ASSERT_TRUE(adapt(*alone, {&tied, 1}).ok());
  EXPECT_EQ(rows_of_weight(**model->head->weight), rows_of_weight(**alone->head->weight));
}

TEST(TiedWords, FilesThatAdaptThemUnlikeAreRefused) {
  auto model = opened_model(kTiedModel);
  const int64_t words = model->vocab_size(), width = model->hidden_size();
  const auto refused = [&](AdapterTensors tensors) {
    const Path folder = write_adapter("unlike", adapter_json({{"ensure_weight_tying", true}}), tensors);
    auto opened = opened_model(kTiedModel);
    auto adapted = adapt(*opened, {&folder, 1});
    auto file = open_adapter(folder);
    EXPECT_FALSE(file.ok() && plan_adapter(*opened_model(kTiedModel), *file, "", {}).ok());
    return adapted.ok() ? std::string("accepted") : adapted.error().to_string();
  };
  AdapterTensors tensors = low_rank_tensors({{"lm_head", {words, width}}});
  EXPECT_THAT(refused(tensors), HasSubstr("has one of them"));
  tensors["base_model.model.model.embed_tokens.lora_embedding_A"] = {2, words};
  tensors["base_model.model.model.embed_tokens.lora_embedding_B"] = {width, 2};
  EXPECT_THAT(refused(tensors), HasSubstr("are not adapted alike"));
  const Json named = {{"ensure_weight_tying", true}, {"target_modules", {"q_proj"}}};
  const auto other = low_rank_tensors({{"model.layers.0.self_attn.k_proj", {width, width}}});
  auto file = open_adapter(write_adapter("unnamed", adapter_json(named), other));
  ASSERT_FALSE(file.ok()) << "only a tied head need not be named";
  EXPECT_THAT(file.error().to_string(), HasSubstr("target_modules does not name"));
}

// What PEFT writes where the vocabulary was resized, whether it knows of tying or not.
TEST(TiedWords, SavedWholeWithTheSameValuesStayOne) {
  const Path golden = Path(MALMOI_TEST_DATA) / "adapters" / "llama-tokens";
  for (bool says_so : {true, false}) {
    const Path folder = test_folder("resized_adapter");
    std::filesystem::copy(golden, folder,
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    auto written = read_json((folder / "adapter_config.json").string());
    ASSERT_TRUE(written.ok()) << written.error().to_string();
    Json config = *std::move(written);
    config["ensure_weight_tying"] = says_so;
    ASSERT_TRUE(write_file(folder / "adapter_config.json", dump_json(config)).ok());
    auto model = opened_model(kTiedModel);
    const int64_t rows = model->vocab_size();
    auto adapted = adapt(*model, {&folder, 1});
    ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
    EXPECT_FALSE(adapted->head);
    EXPECT_FALSE(model->tied_head.tensor.empty());
    EXPECT_EQ(model->vocab_size(), rows + 5);
    EXPECT_TRUE(model->base_is_replaced);
  }
}

TEST(SavedWhole, WhatIsNoTableOrHeadIsNamed) {
  const std::vector<std::string> query{"q_proj"};
  EXPECT_THAT(words_refusal(kTiedModel, {.rank = 2, .targets = query, .save_whole = {"embeddings"}}),
              HasSubstr("adapter.save_whole: 'embeddings' fits no module"));
  EXPECT_THAT(words_refusal(kTiedModel, {.rank = 2, .targets = query, .save_whole = {"norm"}}),
              HasSubstr("is no table"));
  EXPECT_THAT(words_refusal(kTiedModel, {.rank = 2, .targets = query, .save_whole = {"k_proj"}}),
              HasSubstr("is no table of embeddings and no head"));
  EXPECT_THAT(words_refusal(kTiedModel, {.rank = 2, .targets = {"lm_head"}, .save_whole = {"embed_tokens"}}),
              HasSubstr("is adapted, too"));
  EXPECT_THAT(words_refusal("t5", {.rank = 2, .targets = {"q"}, .save_whole = {"shared"}}), HasSubstr("for neither"));
  EXPECT_THAT(words_refusal("t5", {.rank = 2, .targets = {"shared"}}), HasSubstr("for neither"));
}

}  // namespace
}  // namespace malmoi::model
