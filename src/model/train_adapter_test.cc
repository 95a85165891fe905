// Adapters that are trained: which modules they have, what they start from, and their files.
#include "model/train_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "base/hash.h"
#include "formats/safetensors.h"
#include "model/load.h"
#include "model/save.h"
#include "model/test_adapter.h"

namespace malmoi::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Path golden_model(const std::string& name) { return Path(MALMOI_TEST_DATA) / "models" / name; }

std::unique_ptr<Model> served(const std::string& name) {
  auto model = load_model(golden_model(name), {});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  return std::move(*model);
}

std::string where(const char* key) { return "adapter." + std::string(key); }

Result<AdapterPlan> planned(Model& model, const NewAdapter& options) { return plan_adapter(model, options, where); }

std::string adapter_refusal(const NewAdapter& options, const std::string& name = "llama-gqa-rope3") {
  auto plan = planned(*served(name), options);
  return plan.ok() ? "accepted" : plan.error().to_string();
}

std::vector<std::string> names_of(const nn::ParameterSet& set) {
  std::vector<std::string> names;
  for (const auto& entry : set.entries()) names.push_back(entry->spec.name);
  return names;
}

// PEFT wraps the plain model, whose modules have no prefix.
TEST(NewAdapters, OfFeaturesNameModulesAsThePlainModelHasThem) {
  auto model = load_model(golden_model("bert-cls"), {.task = Task::kFeatures});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  auto plan = planned(**model, {.rank = 2, .alpha = 2, .targets = {"encoder.layer.0.attention.self.query"}});
  ASSERT_TRUE(plan.ok()) << plan.error().to_string();
  ASSERT_EQ(plan->modules.size(), 1u);
  EXPECT_EQ(plan->modules[0].tensor, "bert.encoder.layer.0.attention.self.query.weight");
  EXPECT_EQ(plan->modules[0].module, "encoder.layer.0.attention.self.query");
}

TEST(NewAdapters, HaveAllProductsOfTheLayersAndNotTheHead) {
  auto model = served("llama-gqa-rope3");
  auto plan = planned(*model, {.rank = 2, .alpha = 6});
  ASSERT_TRUE(plan.ok()) << plan.error().to_string();
  EXPECT_EQ(plan->modules.size(), static_cast<size_t>(7 * model->num_layers()));
  for (const AdaptedModule& module : plan->modules) {
    EXPECT_THAT(module.tensor, HasSubstr("model.layers."));
    EXPECT_EQ(module.tensor, module.module + ".weight");
    EXPECT_EQ(module.rank, 2);
    EXPECT_DOUBLE_EQ(module.scale, 3);
  }
  const auto targets = plan->config["target_modules"].get<std::vector<std::string>>();
  EXPECT_THAT(targets, ElementsAre("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"));
  EXPECT_EQ(plan->config["peft_type"], "LORA");
  EXPECT_EQ(plan->config["task_type"], "CAUSAL_LM");
  EXPECT_EQ(plan->config["lora_alpha"].dump(), "6");
  EXPECT_TRUE(parse_adapter_config(plan->config, "here").ok());
}

TEST(NewAdapters, ScalesFollowTheRankOrItsRoot) {
  auto model = served("llama-gqa-rope3");
  auto plan = planned(*model, {.rank = 4, .alpha = 6, .rank_stabilised = true, .targets = {"q_proj"}});
  ASSERT_TRUE(plan.ok());
  EXPECT_DOUBLE_EQ(plan->modules[0].scale, 3);
  EXPECT_EQ(plan->config["target_modules"], Json({"q_proj"}));
}

TEST(NewAdapters, TargetsAreNamesOrOnePattern) {
  auto model = served("llama-gqa-rope3");
  auto pattern = planned(*model, {.rank = 2, .pattern = R"(model\.layers\.1\.mlp\..*_proj)"});
  ASSERT_TRUE(pattern.ok()) << pattern.error().to_string();
  EXPECT_EQ(pattern->modules.size(), 3u);
  EXPECT_EQ(pattern->config["target_modules"],
            Json({"model.layers.1.mlp.down_proj", "model.layers.1.mlp.gate_proj", "model.layers.1.mlp.up_proj"}));
  auto loose = planned(*model, {.rank = 2, .pattern = ".*mlp.*"});
  ASSERT_TRUE(loose.ok()) << loose.error().to_string();
  EXPECT_EQ(loose->config["target_modules"], Json({"down_proj", "gate_proj", "up_proj"}));
  auto names = planned(*model, {.rank = 2, .targets = {"layers.0.self_attn.q_proj", "embed_tokens", "lm_head"}});
  ASSERT_TRUE(names.ok()) << names.error().to_string();
  EXPECT_EQ(names->modules.size(), 2u) << "words and a head that is their table are one";
}

TEST(NewAdapters, WhatDoesNotFitIsNamed) {
  EXPECT_EQ(adapter_refusal({.rank = 2}), "accepted");
  EXPECT_THAT(adapter_refusal({.rank = 2, .targets = {"q_proj", "query"}}), HasSubstr("'query' fits no module"));
  EXPECT_THAT(adapter_refusal({.rank = 2, .targets = {"query"}}), HasSubstr("down_proj, gate_proj"));
  EXPECT_THAT(adapter_refusal({.rank = 2, .pattern = "q_proj"}), HasSubstr("fits no module"));
  EXPECT_THAT(adapter_refusal({.rank = 2, .pattern = "(q"}), HasSubstr("adapter.targets"));
  EXPECT_THAT(adapter_refusal({.rank = 2, .targets = {"input_layernorm"}}), HasSubstr("is no matrix"));
  EXPECT_THAT(adapter_refusal({.rank = 4096}),
              HasSubstr("adapter.r: is 4096, but 'model.layers.0.self_attn.q_proj' is a matrix"));
  EXPECT_THAT(adapter_refusal({.rank = 2, .magnitudes = true, .targets = {"embed_tokens"}}),
              HasSubstr("has no magnitudes"));
}

TEST(NewAdapters, StartWhereTheModelIs) {
  auto model = served("llama-gqa-rope3");
  auto plan = planned(*model, {.rank = 2, .alpha = 4, .magnitudes = true, .targets = {"q_proj", "v_proj"}});
  ASSERT_TRUE(plan.ok());
  put_adapter(*model, *std::move(plan), {.rate_of_b = 8});
  start_adapter(*model, 5);
  for (const auto& entry : model->parameters.entries()) EXPECT_FALSE(entry->parameter.trainable);
  size_t at = 0;
  for (const auto& entry : model->adapter->parameters.entries()) {
    const Parameter& p = entry->parameter;
    const float* values = p.master.as<float>();
    const size_t kind = at++ % 3;
    EXPECT_EQ(p.rate, kind == 0 ? 1 : 8) << p.name;
    double largest = 0, sum = 0;
    for (int64_t i = 0; i < p.master.elements(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(values[i])));
      sum += static_cast<double>(values[i]);
    }
    if (kind == 0) {
      const double bound = 1 / std::sqrt(static_cast<double>(p.shape[1]));
      EXPECT_LE(largest, bound) << p.name;
      EXPECT_GT(largest, 0.8 * bound) << p.name;
      EXPECT_LT(std::abs(sum), bound * std::sqrt(static_cast<double>(p.master.elements())) * 3) << p.name;
    } else if (kind == 1) {
      EXPECT_EQ(largest, 0) << p.name;
    } else {
      EXPECT_THAT(p.name, HasSubstr("lora_magnitude_vector"));
      EXPECT_GT(sum, 0) << p.name;
    }
  }
}

// Writes an adapter of random values, reads it again, and compares what stands in memory.
void expect_round_trip(const std::string& name, const NewAdapter& options) {
  SCOPED_TRACE(name);
  auto model = served(name), again = served(name);
  auto plan = planned(*model, options);
  ASSERT_TRUE(plan.ok()) << plan.error().to_string();
  put_adapter(*model, *std::move(plan), {});
  start_adapter(*model, 1);
  for (auto& entry : model->adapter->parameters.entries()) {
    Rng rng(3, hash64(entry->spec.name));
    float* values = entry->parameter.master.as<float>();
    for (int64_t i = 0; i < entry->parameter.master.elements(); ++i) values[i] = static_cast<float>(rng.normal());
  }
  const Path folder = test_folder("trained_adapter");
  ASSERT_TRUE(save_adapter(*model->adapter, folder).ok());
  auto file = open_adapter(folder);
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  auto gone_on = plan_adapter(*again, *file, "the base", {});
  ASSERT_TRUE(gone_on.ok()) << gone_on.error().to_string();
  EXPECT_EQ(gone_on->config["base_model_name_or_path"], "the base");
  put_adapter(*again, *std::move(gone_on), {.keep_initial = true});
  ASSERT_TRUE(fill_adapter(*again, *file).ok());
  EXPECT_EQ(names_of(again->adapter->parameters), names_of(model->adapter->parameters));
  const auto &ours = model->adapter->parameters.entries(), &theirs = again->adapter->parameters.entries(),
             &kept = again->adapter->initial.entries();
  ASSERT_EQ(kept.size(), ours.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    const Tensor &a = ours[i]->parameter.master, &b = theirs[i]->parameter.master, &c = kept[i]->parameter.compute;
    ASSERT_EQ(a.bytes(), b.bytes());
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.bytes()), 0) << ours[i]->spec.name;
    EXPECT_EQ(std::memcmp(a.data(), c.data(), a.bytes()), 0) << ours[i]->spec.name;
  }
}

TEST(TrainedAdapters, AreReadAsTheyWereWritten) {
  expect_round_trip("llama-gqa-rope3", {.rank = 2});
  expect_round_trip("llama-gqa-rope3", {.rank = 3, .magnitudes = true});
  expect_round_trip("llama-gqa-rope3", {.rank = 2, .targets = {"embed_tokens", "lm_head", "k_proj"}});
  expect_round_trip("gpt2", {.rank = 2, .targets = {"c_attn", "wpe"}, .save_whole = {"lm_head"}});
  expect_round_trip("gpt_neox", {.rank = 2, .save_whole = {"embed_in", "embed_out"}});
}

TEST(TrainedAdapters, HaveTheNamesAndShapesOfPeft) {
  auto model = served("llama-gqa-rope3");
  auto plan = planned(*model, {.rank = 2, .targets = {"embed_tokens", "k_proj"}});
  ASSERT_TRUE(plan.ok());
  put_adapter(*model, *std::move(plan), {});
  start_adapter(*model, 1);
  const Path folder = test_folder("peft_names");
  ASSERT_TRUE(save_adapter(*model->adapter, folder).ok());
  auto file = formats::Safetensors::open(folder / "adapter_model.safetensors");
  ASSERT_TRUE(file.ok());
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& tensor : file->tensors()) shapes[tensor.name] = tensor.shape;
  const int64_t width = model->hidden_size(), words = model->vocab_size();
  const std::string layer = "base_model.model.model.layers.0.self_attn.k_proj.";
  EXPECT_THAT(shapes["base_model.model.model.embed_tokens.lora_embedding_A"], ElementsAre(2, words));
  EXPECT_THAT(shapes["base_model.model.model.embed_tokens.lora_embedding_B"], ElementsAre(width, 2));
  EXPECT_THAT(shapes[layer + "lora_A.weight"], ElementsAre(2, width));
  EXPECT_EQ(shapes[layer + "lora_B.weight"][1], 2);
  EXPECT_THAT(shapes["base_model.model.lm_head.lora_A.weight"], ElementsAre(2, width)) << "the head is that table";
  EXPECT_THAT(shapes["base_model.model.lm_head.lora_B.weight"], ElementsAre(words, 2));
  EXPECT_EQ(shapes.size(), static_cast<size_t>(4 + 2 * model->num_layers()));
}

TEST(TrainedAdapters, FilesThatDoNotFitAreNamed) {
  auto model = served("llama-gqa-rope3");
  const int64_t width = model->hidden_size();
  auto refused = [&](const Json& changes, const AdapterTensors& tensors) {
    const Path folder = write_adapter("gone_on", adapter_json(changes), tensors);
    auto file = open_adapter(folder);
    if (!file.ok()) return file.error().to_string();
    auto plan = plan_adapter(*model, *file, "", {});
    return plan.ok() ? std::string("accepted") : plan.error().to_string();
  };
  const std::string query = "model.layers.0.self_attn.q_proj";
  auto good = low_rank_tensors({{query, {width, width}}});
  EXPECT_EQ(refused(Json::object(), good), "accepted");
  EXPECT_THAT(refused(Json::object(), low_rank_tensors({{query, {width + 2, width}}})),
              HasSubstr("the model asks for"));
  EXPECT_THAT(refused(Json::object(), low_rank_tensors({{"model.layers.99.self_attn.q_proj", {width, width}}})),
              HasSubstr("belongs to nothing in this model"));
  good["base_model.model.model.norm.weight"] = {width};
  EXPECT_THAT(refused(Json::object(), good), HasSubstr("takes the place of one of the model's"));
  const int64_t words = model->vocab_size();  // PEFT saves a table beside what adapts it
  const AdapterTensors beside = {{"base_model.model.model.embed_tokens.lora_embedding_A", {2, words}},
                                 {"base_model.model.model.embed_tokens.lora_embedding_B", {width, 2}},
                                 {"base_model.model.model.embed_tokens.base_layer.weight", {words, width}}};
  EXPECT_THAT(refused(Json::object(), beside), HasSubstr("save_embedding_layers=False"));
}

}  // namespace
}  // namespace malmoi::model
