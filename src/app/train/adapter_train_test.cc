// Runs that train adapters: against PEFT's numbers (tests/data/train/lora-*), stopped and gone on with, and what they leave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <tuple>

#include "app/train/plan.h"
#include "app/train/small_run.h"
#include "app/use/generate.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "infer/tiny_model.h"
#include "model/adapter.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

std::map<std::string, std::vector<float>> values_in(const Path& file) {
  std::map<std::string, std::vector<float>> values;
  auto opened = formats::Safetensors::open(file);
  EXPECT_TRUE(opened.ok()) << file;
  if (!opened.ok()) return values;
  for (const formats::StoredTensor& tensor : opened->tensors()) {
    std::vector<float>& to = values[tensor.name];
    to.resize(tensor.bytes.size() / sizeof(float));
    std::memcpy(to.data(), tensor.bytes.data(), tensor.bytes.size());
  }
  return values;
}

// The configuration of a golden.
ConfigDocument config_of_golden(const Path& golden, const Json& hyper, const Path& folder) {
  auto tokens = *formats::NpyArray::open(golden / "tokens.npy")->values<int32_t>();
  std::string ids;
  for (int32_t token : tokens) {
    ids.push_back(static_cast<char>(token & 255));
    ids.push_back(static_cast<char>(token >> 8));
  }
  EXPECT_TRUE(write_file(folder / "tokens.bin", ids).ok());
  ConfigDocument document;
  Json model = {{"init_from", (golden / "base").string()}};
  if (hyper.contains("q8_0")) model["quantize"] = {{"type", "q8_0"}, {"skip", hyper["skip"]}};
  document.root = {
      {"model", model},
      {"adapter", {{"init_from", (golden / "init").string()}}},
      {"data",
       {{"format", "ids"},
        {"train", {(folder / "tokens.bin").string()}},
        {"token_dtype", "u16"},
        {"order", "sequential"},
        {"sequence_length", hyper["seq"]}}},
      {"train",
       {{"batch_size", hyper["batch"]},
        {"steps", hyper["steps"]},
        {"dtype", "f32"},
        {"grad_clip", hyper["clip"]},
        {"optimizer",
         {{"name", "adamw"},
          {"lr", hyper["lr"]},
          {"betas", {hyper["beta1"], hyper["beta2"]}},
          {"eps", hyper["eps"]},
          {"weight_decay", hyper["weight_decay"]}}},
        {"schedule", {{"name", "cosine"}, {"warmup_steps", hyper["warmup_steps"]}, {"min_lr", hyper["lr_min"]}}}}},
      {"out", (folder / "run").string()}};
  return document;
}

class AdapterGoldens : public testing::TestWithParam<const char*> {};

TEST_P(AdapterGoldens, LossesAndWeightsAreThoseOfPeft) {
  const Path golden = Path(MALMOI_TEST_DATA) / "train" / GetParam();
  const Json hyper = *read_json((golden / "hyper.json").string());
  const Json losses = *read_json((golden / "losses.json").string());
  const Path folder = test_folder(GetParam());
  auto report = train(config_of_golden(golden, hyper, folder), {}, {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  const std::vector<Json> rows = metrics_in(folder / "run");
  ASSERT_EQ(rows.size(), losses.size());
  for (size_t s = 0; s < rows.size(); ++s) {
    EXPECT_NEAR(rows[s]["loss"].get<double>(), losses[s]["loss"].get<double>(), 2e-4) << s;
    const double norm = losses[s]["grad_norm"];
    EXPECT_NEAR(rows[s]["grad_norm"].get<double>(), norm, 2e-3 * norm) << s;
  }
  EXPECT_FALSE(malmoi::exists(folder / "run" / "model"));
  const auto got = values_in(folder / "run" / "adapter" / "adapter_model.safetensors"),
             want = values_in(golden / "final" / "adapter_model.safetensors");
  EXPECT_EQ(got.size(), want.size()) << "it holds the adapter alone";
  for (const auto& [name, values] : want) {
    ASSERT_TRUE(got.contains(name)) << name;
    ASSERT_EQ(got.at(name).size(), values.size()) << name;
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_NEAR(got.at(name)[i], values[i], hyper["tolerance"]["final"].get<double>()) << name << " " << i;
  }
  const Json config = *read_json((folder / "run" / "adapter" / "adapter_config.json").string());
  const Json published = *read_json((golden / "final" / "adapter_config.json").string());
  for (const auto& [key, value] : published.items()) {
    if (key == "base_model_name_or_path") continue;
    EXPECT_EQ(config.value(key, Json("absent")), value) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, AdapterGoldens, testing::Values("lora-dora", "lora-q8_0"),
                         [](const auto& info) { return std::string(info.param).substr(5); });

// A tiny base with a tokenizer of its own, and runs around it.
class AdapterRuns : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    ASSERT_TRUE(model::save_model(*infer::tiny_model(), folder_ / "base").ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
    document_.root.erase("tokenizer");
    document_.root["model"] = {{"init_from", (folder_ / "base").string()}};
    document_.root["adapter"] = {{"r", 2}, {"alpha", 4}};
    document_.root["train"]["optimizer"] = {{"lr", 0.01}};
  }
  std::string refusal() {
    auto report = train(document_, {}, job_);
    return report.ok() ? "accepted" : report.error().to_string();
  }
};

TEST_F(AdapterRuns, LeaveAdaptersAndOpenWithTheirModel) {
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  ASSERT_TRUE(report->adapter_parameters);
  EXPECT_GT(*report->adapter_parameters, 0);
  EXPECT_FALSE(malmoi::exists(folder_ / "run" / "model"));
  for (const char* name : {"adapter", "best", "ema"}) {
    auto file = model::open_adapter(folder_ / "run" / name);
    ASSERT_TRUE(file.ok()) << file.error().to_string();
    EXPECT_EQ(file->config.base, (folder_ / "base").string());
    EXPECT_EQ(static_cast<int64_t>(file->parameters), *report->adapter_parameters);
  }
  for (const char* name : {"run", "run/best", "run/adapter"}) {
    auto loaded = load_for_generation((folder_ / name).string(), {DType::kF32}, job_);
    ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
    EXPECT_EQ(loaded->model->num_adapters, 1);
    EXPECT_EQ(loaded->folder, folder_ / "base");
  }
  EXPECT_THAT(find_model((folder_ / "run").string()).error().to_string(), HasSubstr("malmoi adapter merge"));
  std::filesystem::rename(folder_ / "base", folder_ / "elsewhere");
  auto gone = load_for_generation((folder_ / "run").string(), {DType::kF32}, job_);
  ASSERT_FALSE(gone.ok());
  EXPECT_THAT(gone.error().to_string(), HasSubstr("--adapter"));
}

TEST_F(AdapterRuns, GoOnFromWhatARunLeft) {
  document_.root["train"]["optimizer"]["lr"] = 0;
  document_.root["out"] = (folder_ / "first").string();
  ASSERT_EQ(refusal(), "accepted");
  document_.root["adapter"] = {{"init_from", (folder_ / "first").string()}};
  document_.root["out"] = (folder_ / "second").string();
  ASSERT_EQ(refusal(), "accepted");
  EXPECT_EQ(values_in(folder_ / "first" / "adapter" / "adapter_model.safetensors"),
            values_in(folder_ / "second" / "adapter" / "adapter_model.safetensors"));
}

TEST_F(AdapterRuns, ResumedToTheSameBitsAndNotAroundOtherWeights) {
  document_.root["model"]["quantize"] = {{"type", "q8_0"}};
  document_.root["out"] = (folder_ / "whole").string();
  ASSERT_EQ(refusal(), "accepted");
  document_.root["out"] = (folder_ / "halves").string();
  StopSource source;
  job_.stop = source.token();
  job_.message = [&](const std::string& line) {
    if (line.find("step 2/4") != std::string::npos) source.request();
  };
  ASSERT_THAT(refusal(), HasSubstr("stopped after step 2"));
  job_ = {};
  auto checkpoint =
      formats::Safetensors::open(folder_ / "halves" / "checkpoints" / "step-00000002" / "tensors.safetensors");
  ASSERT_TRUE(checkpoint.ok());
  for (const auto& tensor : checkpoint->tensors()) EXPECT_THAT(tensor.name, testing::StartsWith("base_model.model."));
  auto again = train(document_, {.resume = true, .trace = {}}, job_);
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(*read_file(folder_ / "whole" / "adapter" / "adapter_model.safetensors"),
            *read_file(folder_ / "halves" / "adapter" / "adapter_model.safetensors"));
  ASSERT_TRUE(model::save_model(*infer::tiny_model(128, 8), folder_ / "base").ok());  // the same config, other weights
  document_.root["train"]["steps"] = 6;
  EXPECT_THAT(train(document_, {.resume = true, .trace = {}}, job_).error().to_string(), HasSubstr("another model"));
}

TEST_F(AdapterRuns, WhatDoesNotFitIsNamedBeforeAnythingIsRead) {
  document_.root["adapter"] = {{"r", 33}};
  EXPECT_THAT(refusal(), HasSubstr("adapter.r: is 33"));
  document_.root["adapter"] = {{"targets", {"query"}}};
  EXPECT_THAT(refusal(), HasSubstr("adapter.targets"));
  document_.root["adapter"] = {{"init_from", (folder_ / "nothing").string()}};
  EXPECT_THAT(refusal(), HasSubstr("there is no adapter"));
  document_.root["adapter"] = {{"r", 2}};
  document_.root["model"]["quantize"] = {{"type", "q9"}};
  EXPECT_THAT(refusal(), HasSubstr("use one of q4_0"));
  document_.root["model"]["quantize"] = {{"type", "q8_0"}, {"skip", {"words"}}};
  EXPECT_THAT(refusal(), HasSubstr("'words' fits no module"));
  document_.root["model"]["quantize"] = {{"type", "q8_0"}, {"skip", {"q_proj"}}};
  EXPECT_THAT(refusal(), HasSubstr("which are one matrix"));
}

// Else table and head would be trained as one that are two, and the file would say so.
TEST_F(AdapterRuns, AHeadThatTheFileHasApartIsNotTakenForTheTable) {
  Json config = *read_json((folder_ / "base" / "config.json").string());
  config["tie_word_embeddings"] = true;
  ASSERT_TRUE(write_file(folder_ / "base" / "config.json", dump_json(config)).ok());
  for (const Json& adapter : {Json{{"r", 2}, {"targets", {"q_proj", "lm_head"}}},
                              Json{{"r", 2}, {"targets", {"q_proj"}}, {"save_whole", {"lm_head"}}}}) {
    document_.root["adapter"] = adapter;
    document_.root["out"] = (folder_ / ("refused" + std::to_string(adapter.size()))).string();
    EXPECT_THAT(refusal(), HasSubstr("tie_word_embeddings"));
  }
  document_.root["adapter"] = {{"r", 2}};
  document_.root["out"] = (folder_ / "run").string();
  EXPECT_EQ(refusal(), "accepted") << "the words are not touched";
}

TEST_F(AdapterRuns, WaysOfTrainingArePlannedSideBySide) {
  auto report = plan(document_, {.rate = 1e9});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->way, "LoRA");
  ASSERT_EQ(report->ways.size(), 3u);
  const auto& [full, lora, qlora] = std::tie(report->ways[0], report->ways[1], report->ways[2]);
  EXPECT_EQ(full.name, "full");
  EXPECT_EQ(full.trained, report->parameters);
  EXPECT_EQ(lora.trained, *report->adapter_parameters) << "of the rank that is asked for";
  EXPECT_EQ(lora.memory, report->memory.total());
  EXPECT_EQ(qlora.trained, lora.trained);
  EXPECT_GT(full.memory, lora.memory);
  EXPECT_GT(full.seconds, lora.seconds);
  EXPECT_EQ(to_json(*report)["ways"][2]["name"], "QLoRA");
  document_.root.erase("adapter");
  document_.root["train"]["freeze"] = {"model.embed_tokens.*"};
  auto whole = plan(document_, {.rate = 1e9});
  ASSERT_TRUE(whole.ok()) << whole.error().to_string();
  EXPECT_EQ(whole->way, "full");
  ASSERT_EQ(whole->ways.size(), 3u) << "an adapter of the usual rank stands beside";
  EXPECT_GT(whole->ways[1].trained, lora.trained);
}

TEST_F(AdapterRuns, APackedBaseIsPlannedSmaller) {
  auto dense = plan(document_, {.rate = 1e9});
  ASSERT_TRUE(dense.ok()) << dense.error().to_string();
  document_.root["model"]["quantize"] = {{"type", "q8_0"}};
  auto packed = plan(document_, {.rate = 1e9});
  ASSERT_TRUE(packed.ok()) << packed.error().to_string();
  EXPECT_LT(packed->memory.weights, dense->memory.weights / 2);
  EXPECT_EQ(packed->memory.gradients, dense->memory.gradients);
  EXPECT_EQ(packed->adapter_parameters, dense->adapter_parameters);
  document_.root.erase("adapter");
  document_.root["model"].erase("quantize");
  auto whole = plan(document_, {.rate = 1e9});
  ASSERT_TRUE(whole.ok());
  EXPECT_GT(whole->memory.gradients, 4 * dense->memory.gradients);
  EXPECT_GT(whole->flops_per_token, 1.1 * dense->flops_per_token);
}

}  // namespace
}  // namespace malmoi::app
