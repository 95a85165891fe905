// Runs that train tables whole and add tokens: what they leave, that it opens, merges and is gone on from.
#include "app/train/new_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "app/compress/beside.h"
#include "app/serve/open_model.h"
#include "app/train/plan.h"
#include "app/train/small_run.h"
#include "app/use/adapter.h"
#include "app/use/adapter_gguf.h"
#include "app/use/generate.h"
#include "formats/safetensors.h"
#include "infer/session.h"
#include "infer/tiny_model.h"
#include "model/adapter.h"
#include "model/load.h"
#include "model/save.h"
#include "tokenizer/export/export.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

constexpr int64_t kNewTokens = 10;                  // more than the rows that the base has to spare
constexpr int32_t kFirstNew = infer::kTinyEnd + 1;  // the tokenizer has the bytes and an end
constexpr int64_t kGrownRows = kFirstNew + kNewTokens;
constexpr const char* kTemplate = "{{ messages[0].content }}";

std::vector<float> logits_after(const model::Model& model, const std::vector<int32_t>& ids) {
  auto session = infer::Session::create(model, {.row_invariant = false});
  EXPECT_TRUE(session.ok());
  (*session)->add({.ids = ids}, static_cast<int64_t>(ids.size()));
  auto logits = (*session)->logits();
  EXPECT_TRUE(logits.ok());
  return {logits->begin(), logits->end()};
}

void expect_near_logits(const std::vector<float>& got, const std::vector<float>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-4 * (1 + std::abs(want[i]))) << i;
}

class NewTokens : public SmallRun, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    Json config = infer::tiny_model()->config();
    config["tie_word_embeddings"] = GetParam();
    ASSERT_TRUE(model::save_model(*infer::tiny_model_of(config, 7), folder_ / "base").ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
    const Json settings = {{"chat_template", kTemplate}};
    ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer_config.json", dump_json(settings)).ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "LICENSE", "free").ok());
    std::string text;
    for (int i = 0; i < 60; ++i) text += "ask <tool0> for a number, and <tool9> for a word. ";
    ASSERT_TRUE(write_file(folder_ / "text.txt", text).ok());
    document_.root.erase("tokenizer");
    document_.root["model"] = {{"init_from", base()}};
    document_.root["adapter"] = {{"r", 2}, {"new_tokens", Json::array()}};
    for (int64_t i = 0; i < kNewTokens; ++i)
      document_.root["adapter"]["new_tokens"].push_back("<tool" + std::to_string(i) + ">");
    document_.root["train"]["optimizer"] = {{"lr", 0.01}};
  }
  std::string base() const { return (folder_ / "base").string(); }
  Path adapter() const { return folder_ / "run" / "adapter"; }
  std::string refusal() {
    auto report = train(document_, {}, job_);
    return report.ok() ? "accepted" : report.error().to_string();
  }
  std::string refusal_to_merge(const Path& out) const {
    const Status done = merge_adapter({.model = base(), .adapter = adapter(), .out = out, .dtype = DType::kF32}, {});
    return done.ok() ? "accepted" : done.error().to_string();
  }
  Result<LoadedModel> opened(const std::string& name, std::vector<Path> adapters = {}) {
    return load_for_generation(name, {.dtype = DType::kF32, .adapters = std::move(adapters)}, job_);
  }
};

TEST_P(NewTokens, LeaveTablesAndTokenizerThatOpenAndMerge) {
  ASSERT_EQ(refusal(), "accepted");
  auto file = model::open_adapter(adapter());
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  ASSERT_TRUE(file->whole.contains("model.embed_tokens.weight"));
  ASSERT_TRUE(file->whole.contains("lm_head.weight"));
  EXPECT_THAT(file->whole.at("lm_head.weight")->shape, testing::ElementsAre(kGrownRows, 32));
  EXPECT_EQ(file->config.keeps_tied, GetParam());
  EXPECT_EQ(file->object["modules_to_save"], Json({"lm_head", "model.embed_tokens"}));
  auto report = show_adapter(folder_ / "run");
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->own_tokenizer);
  EXPECT_EQ(report->keeps_tied, GetParam());
  EXPECT_THAT(report->whole_names, testing::Contains(HasSubstr("model.embed_tokens.weight")));

  auto loaded = opened(base(), {adapter()});
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_EQ(loaded->model->vocab_size(), kGrownRows);
  EXPECT_EQ(loaded->tokenizer->encode("<tool9>"), std::vector<int32_t>{kFirstNew + 9});
  const std::vector<int32_t> ids{97, kFirstNew, 98, kFirstNew + 9};
  const std::vector<float> want = logits_after(*loaded->model, ids);
  EXPECT_EQ(want.size(), ids.size() * static_cast<size_t>(kGrownRows));
  auto run = opened((folder_ / "run").string());
  ASSERT_TRUE(run.ok()) << run.error().to_string();

  const Path merged = folder_ / "merged";
  ASSERT_EQ(refusal_to_merge(merged), "accepted");
  EXPECT_TRUE(malmoi::exists(merged / "LICENSE"));
  auto whole = opened(merged.string());
  ASSERT_TRUE(whole.ok()) << whole.error().to_string();
  EXPECT_EQ(whole->tokenizer->encode("<tool9>"), std::vector<int32_t>{kFirstNew + 9});
  EXPECT_EQ(whole->model->tied_head.tensor.empty(), !GetParam()) << "tied stays tied";
  expect_near_logits(logits_after(*whole->model, ids), want);
}

// The template of chats is the base's, whether the adapter's tokenizer brings it or not.
TEST_P(NewTokens, LeaveTheTemplateOfChats) {
  ASSERT_EQ(refusal(), "accepted");
  EXPECT_EQ(*template_of_folder(adapter()), kTemplate);
  ASSERT_EQ(refusal_to_merge(folder_ / "merged"), "accepted");
  EXPECT_EQ(*template_of_folder(folder_ / "merged"), kTemplate);
  std::filesystem::remove(adapter() / "tokenizer_config.json");
  ASSERT_EQ(refusal_to_merge(folder_ / "again"), "accepted");
  EXPECT_EQ(*template_of_folder(folder_ / "again"), kTemplate);
}

TEST_P(NewTokens, AreNotMergedWithATokenizerOfMore) {
  ASSERT_EQ(refusal(), "accepted");
  auto tokenizer = tokenizer::Tokenizer::load(adapter());
  ASSERT_TRUE(tokenizer.ok());
  auto more = tokenizer::with_added_tokens(*tokenizer, std::vector<std::string>{"<more>"}, false);
  ASSERT_TRUE(more.ok() && more->save(adapter()).ok());
  EXPECT_THAT(refusal_to_merge(folder_ / "merged"), HasSubstr("do not belong together"));
  EXPECT_FALSE(malmoi::exists(folder_ / "merged")) << "nothing is written";
  EXPECT_THAT(opened(base(), {adapter()}).error().to_string(), HasSubstr("do not belong together"));
}

// Not from blocks of them, whichever name a tied head goes by, and whether they are new or gone on from.
TEST_P(NewTokens, TablesThatAreWholeAreNotPacked) {
  document_.root["adapter"] = {{"r", 2}, {"save_whole", {"lm_head"}}};
  document_.root["model"]["quantize"] = {{"type", "q4_0"}};
  document_.root["train"]["optimizer"]["lr"] = 0;
  ASSERT_EQ(refusal(), "accepted");
  auto file = model::open_adapter(adapter());
  auto published = formats::Safetensors::open(folder_ / "base" / "model.safetensors");
  ASSERT_TRUE(file.ok() && published.ok());
  const auto* words = published->find(GetParam() ? "model.embed_tokens.weight" : "lm_head.weight");
  ASSERT_TRUE(words);
  EXPECT_TRUE(std::ranges::equal(file->whole.at("lm_head.weight")->bytes, words->bytes));
  const auto planned_weights = [&] {
    auto report = plan(document_, {.rate = 1e9});
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return report.ok() ? report->memory.weights : 0;
  };
  const auto weights = planned_weights();
  document_.root["adapter"] = {{"init_from", (folder_ / "run").string()}};
  EXPECT_EQ(planned_weights(), weights);
}

TEST_P(NewTokens, StartAsMeansOfTheirPiecesAndAreGoneOnFrom) {
  document_.root["train"]["optimizer"]["lr"] = 0;
  document_.root["out"] = (folder_ / "first").string();
  ASSERT_EQ(refusal(), "accepted");
  const auto values = [&](const char* run) {
    auto opened = formats::Safetensors::open(folder_ / run / "adapter" / "adapter_model.safetensors");
    EXPECT_TRUE(opened.ok());
    const auto* tensor = opened->find("base_model.model.model.embed_tokens.weight");
    const auto* from = reinterpret_cast<const float*>(tensor->bytes.data());
    return std::vector<float>(from, from + tensor->bytes.size() / sizeof(float));
  };
  const std::vector<float> rows = values("first");
  const std::string token = "<tool3>";
  for (size_t c = 0; c < 32; ++c) {
    double mean = 0;
    for (char letter : token) mean += static_cast<double>(rows[static_cast<size_t>(letter) * 32 + c]);
    mean /= static_cast<double>(token.size());
    EXPECT_NEAR(static_cast<double>(rows[static_cast<size_t>(kFirstNew + 3) * 32 + c]), mean, 1e-5) << c;
  }
  document_.root["adapter"] = {{"init_from", (folder_ / "first").string()}};
  document_.root["out"] = (folder_ / "second").string();
  ASSERT_EQ(refusal(), "accepted");
  EXPECT_EQ(values("second"), rows);
  EXPECT_TRUE(malmoi::exists(folder_ / "second" / "adapter" / "tokenizer.json"));
}

TEST_P(NewTokens, AreInCheckpointsAndGoOnToTheSameBits) {
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
  EXPECT_TRUE(checkpoint->find("base_model.model.model.embed_tokens.weight"));
  for (const auto& tensor : checkpoint->tensors()) EXPECT_THAT(tensor.name, testing::StartsWith("base_model.model."));
  auto again = train(document_, {.resume = true, .trace = {}}, job_);
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(*read_file(folder_ / "whole" / "adapter" / "adapter_model.safetensors"),
            *read_file(folder_ / "halves" / "adapter" / "adapter_model.safetensors"));
}

TEST_P(NewTokens, ArePlannedWithTheirTables) {
  auto grown = plan(document_, {.rate = 1e9});
  ASSERT_TRUE(grown.ok()) << grown.error().to_string();
  document_.root["adapter"] = {{"r", 2}};
  auto plain = plan(document_, {.rate = 1e9});
  ASSERT_TRUE(plain.ok()) << plain.error().to_string();
  EXPECT_EQ(*grown->adapter_parameters - *plain->adapter_parameters, (GetParam() ? 1 : 2) * kGrownRows * 32);
}

TEST_P(NewTokens, WhatDoesNotFitIsNamed) {
  ASSERT_EQ(refusal(), "accepted");
  const Status exported = export_adapter({.model = base(), .adapter = adapter(), .out = folder_ / "a.gguf"}, {});
  ASSERT_FALSE(exported.ok());
  EXPECT_THAT(exported.error().to_string(), HasSubstr("llama.cpp does not read"));
  size_t bytes = 0;
  auto served = open_model({.name = "base", .path = base(), .adapters = {"tools"}, .adapter_folders = {adapter()}},
                           {.load = {.dtype = DType::kF32}}, bytes, job_);
  ASSERT_FALSE(served.ok());
  EXPECT_THAT(served.error().to_string(), HasSubstr("modules_to_save"));
  const Path two = folder_ / "two";
  std::filesystem::copy(adapter(), two);
  EXPECT_THAT(opened(base(), {adapter(), two}).error().to_string(), HasSubstr("takes the place"));
  std::filesystem::remove(adapter() / "tokenizer.json");
  EXPECT_THAT(opened(base(), {adapter()}).error().to_string(), HasSubstr("no tokenizer.json stands beside"));

  document_.root["out"] = (folder_ / "other").string();
  document_.root["adapter"] = {{"r", 2}, {"new_tokens", {"a"}}};
  EXPECT_THAT(refusal(), HasSubstr("adapter.new_tokens"));
  document_.root["adapter"] = {{"r", 2}, {"new_tokens", {"<x>"}}, {"targets", {"embed_tokens"}}};
  EXPECT_THAT(refusal(), HasSubstr("is adapted, too"));
}

// A row that the base has to spare is used: the tables keep their size.
TEST_P(NewTokens, UseRowsThatAreThere) {
  document_.root["adapter"]["new_tokens"] = {"<tool0>"};
  document_.root["model"]["quantize"] = {{"type", "q8_0"}};
  ASSERT_EQ(refusal(), "accepted");
  auto file = model::open_adapter(adapter());
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  EXPECT_EQ(file->whole.at("model.embed_tokens.weight")->shape[0], 264);
  auto loaded = opened(base(), {adapter()});
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_EQ(loaded->tokenizer->encode("<tool0>"), std::vector<int32_t>{kFirstNew});
}

TEST_P(NewTokens, AreNoneWhereATableIsSavedWholeAlone) {
  document_.root["adapter"] = {{"r", 2}, {"save_whole", {"embed_tokens"}}};
  ASSERT_EQ(refusal(), "accepted");
  auto file = model::open_adapter(adapter());
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  EXPECT_EQ(file->whole.size(), GetParam() ? 2u : 1u);
  EXPECT_FALSE(malmoi::exists(adapter() / "tokenizer.json")) << "it is the base's";
  auto loaded = opened((folder_ / "run").string());
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_EQ(loaded->model->vocab_size(), 264);
}

INSTANTIATE_TEST_SUITE_P(Heads, NewTokens, testing::Bool(),
                         [](const auto& info) { return info.param ? "Tied" : "Apart"; });

}  // namespace
}  // namespace malmoi::app
