// Tests of published configs and those of training: fields, sizes, what is said twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "base/file.h"
#include "formats/safetensors.h"
#include "model/load.h"
#include "model/registry.h"
#include "model/test_refusal.h"
#include "model/save.h"

namespace malmoi::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Configs, WhatIsUnknownOrContradictoryIsNamed) {
  const std::string llama =
      R"("model_type": "llama", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 64, "intermediate_size": 64)";
  EXPECT_EQ(refusal("{" + llama + "}"), "accepted");
  EXPECT_EQ(refusal("{" + llama + R"(, "use_cache": true, "_name_or_path": "x", "sliding_window": null})"), "accepted");
  EXPECT_THAT(refusal("{" + llama + R"(, "sliding_window": 8})"), HasSubstr("sliding_window"));
  EXPECT_THAT(refusal("{" + llama + R"(, "logit_scale": 2})"), HasSubstr("logit_scale"));
  EXPECT_THAT(refusal("{" + llama + R"(, "num_key_value_heads": 3})"), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(refusal("{" + llama + R"(, "rope_scaling": {"type": "su", "factor": 2}})"), HasSubstr("rope_scaling"));
  EXPECT_THAT(refusal("{" + llama + R"(, "rope_scaling": {"type": "linear"}})"), HasSubstr("factor"));
  EXPECT_THAT(refusal("{" + llama + R"(, "hidden_act": "mish"})"), HasSubstr("hidden_act"));
  EXPECT_THAT(refusal("{" + llama + R"(, "head_dim": 7})"), HasSubstr("even"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": -1})"), HasSubstr("hidden_size"));
  EXPECT_THAT(refusal(R"({"model_type": "nonesuch"})"), HasSubstr("nonesuch"));
  EXPECT_THAT(refusal(R"({"model_type": "gpt2", "n_embd": 48, "n_head": 4, "hidden_size": 64})"),
              HasSubstr("contradicts"));
  EXPECT_THAT(refusal(R"({"model_type": "gpt2", "n_embd": 48, "n_head": 5})"), HasSubstr("n_head"));
  EXPECT_THAT(refusal(R"({})"), HasSubstr("model_type"));
}

TEST(Configs, OlderAndNewerStylesOfRotarySettingsAgree) {
  const std::string base =
      R"("model_type": "llama", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 1, "vocab_size": 64, "intermediate_size": 64)";
  auto theta = [](const std::string& json) {
    ConfigDocument document;
    document.root = *parse_json(json, "");
    return (*make_model(document, document.root))->config()["rope_theta"].get<double>();
  };
  EXPECT_EQ(theta("{" + base + R"(, "rope_theta": 50000.0})"), 50000);
  EXPECT_EQ(theta("{" + base + R"(, "rope_parameters": {"rope_type": "default", "rope_theta": 50000.0}})"), 50000);
}

// The class says the head, the config what its numbers mean.
TEST(Configs, LabelsMeanWhatTheConfigSays) {
  auto made = [](const std::string& fields, std::optional<Task> task = {}) {
    ConfigDocument document;
    document.root = *parse_json(R"({"model_type": "bert", )" + fields + "}", "config.json");
    return make_model(document, document.root, {.task = task});
  };
  const std::string classifier = R"("architectures": ["BertForSequenceClassification"])";
  EXPECT_EQ((*made(classifier))->task(), Task::kClassification);
  EXPECT_EQ((*made(classifier + R"(, "num_labels": 1)"))->task(), Task::kRegression) << "as the reference has it";
  EXPECT_EQ((*made(classifier + R"(, "num_labels": 3, "problem_type": "regression")"))->outputs(), 3);
  auto several = *made(classifier + R"(, "num_labels": 3, "problem_type": "multi_label_classification")");
  EXPECT_EQ(several->task(), Task::kMultiLabel);
  EXPECT_EQ(several->config()["problem_type"], "multi_label_classification");
  EXPECT_EQ(several->config()["architectures"][0], "BertForSequenceClassification");
  EXPECT_THAT(made(classifier + R"(, "num_labels": 3)", Task::kRegression).error().to_string(),
              HasSubstr("num_labels"));
  // Labels of another head say nothing of one that begins anew.
  const std::string words = R"("architectures": ["BertForMaskedLM"], "id2label": {"0": "a", "1": "b", "2": "c"})";
  EXPECT_EQ((*made(words, Task::kRegression))->outputs(), 1);
  EXPECT_EQ((*made(words, Task::kQuestionAnswering))->outputs(), 2);
  EXPECT_EQ((*made(words, Task::kTokenClassification))->labels, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Configs, AbsurdSizesAreRefusedBeforeMemoryIsTaken) {
  const std::string huge =
      R"("hidden_size": 16777216, "num_attention_heads": 1, "intermediate_size": 16777216, "vocab_size": 16777216)";
  EXPECT_THAT(refusal(R"({"model_type": "llama", "num_hidden_layers": 16384, )" + huge + "}"), HasSubstr("parameters"));
  EXPECT_THAT(
      refusal(
          R"({"model_type": "mixtral", "num_key_value_heads": 1, "num_local_experts": 4096, "num_hidden_layers": 2, )" +
          huge + "}"),
      HasSubstr("parameters"));
  EXPECT_THAT(refusal(R"({"model_type": "mixtral", "num_local_experts": 4096, "num_hidden_layers": 16384})"),
              HasSubstr("num_local_experts"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "num_hidden_layers": 1000000})"), HasSubstr("num_hidden_layers"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": 99999999999999999999})"), HasSubstr("hidden_size"));
}

// Says whatever size is asked for, one after the other, and gives the model.
TEST(Configs, ATrainingConfigurationMustSayTheSizes) {
  for (const Family* family : family_table()) {
    ConfigDocument document;
    document.root = {{"architecture", family->model_type}, {"vocab_size", 64}};
    std::set<std::string> asked;
    while (true) {
      auto model = make_model(document, document.root, {.training = true});
      if (model.ok()) {
        EXPECT_LT((*model)->parameter_count(), 1000000) << family->model_type << " took a size of the published models";
        break;
      }
      ASSERT_THAT(model.error().what, HasSubstr("is missing")) << model.error().to_string();
      std::string key = model.error().where.substr(model.error().where.rfind(' ') + 1);
      ASSERT_TRUE(asked.insert(key).second) << key;
      bool is_width = key == "hidden_size" || key == "d_model" || key == "n_embd";
      document.root[key] = is_width ? 64 : key.find("layer") != std::string::npos ? 2 : 4;
    }
    EXPECT_GE(asked.size(), 2u) << family->model_type;
  }
}

// Each field stands once: what is published says the same again.
TEST(Configs, WhatIsPublishedMakesTheSameModel) {
  for (const Family* family : family_table()) {
    ConfigDocument document;
    document.root = {{"model_type", family->model_type}, {"num_hidden_layers", 2}};
    auto first = make_model(document, document.root);
    ASSERT_TRUE(first.ok()) << first.error().to_string();
    ConfigDocument again;
    again.root = (*first)->config();
    auto second = make_model(again, again.root);
    ASSERT_TRUE(second.ok()) << second.error().to_string();
    EXPECT_EQ(dump_json((*second)->config()), dump_json((*first)->config()));
    EXPECT_EQ((*second)->parameter_count(), (*first)->parameter_count()) << family->model_type;
  }
}

TEST(Configs, AnIdOfPaddingIsOneOfTheVocabularyOrNone) {
  for (const char* name :
       {"llama",      "mistral",    "mixtral",    "deepseek_v2", "deepseek_v3", "olmo2",           "qwen2",
        "qwen3",      "gemma",      "gemma2",     "gemma3_text", "phi3",        "granite",         "smollm3",
        "stablelm",   "starcoder2", "phi",        "exaone4",     "exaone_moe",  "hyperclovax",     "qwen3_moe",
        "bert",       "t5",         "falcon_h1",  "lfm2",        "qwen3_next",  "recurrent_gemma", "electra",
        "distilbert", "albert",     "modernbert", "deberta-v2",  "bart",        "mbart",           "marian"}) {
    auto told = [&](const std::string& id) {
      const bool answers = find_family(name)->classes.front().task == Task::kSeq2Seq;
      std::string start = answers ? R"("decoder_start_token_id": 0, )" : "";
      return refusal("{" + start + R"("model_type": ")" + name + R"(", "vocab_size": 64, "pad_token_id": )" + id + "}");
    };
    EXPECT_EQ(told("63"), "accepted") << name;
    EXPECT_EQ(told("null"), "accepted") << name;
    EXPECT_EQ(told("-1"), "accepted") << name;
    for (const char* id : {"64", "999999999999", "0.5", "\"pad\"", "[0]"})
      EXPECT_THAT(told(id), AllOf(HasSubstr("config.json"), HasSubstr("pad_token_id"))) << name << " " << id;
  }
}

TEST(Configs, AClassifierMayHaveNoDropoutOfItsOwn) {
  ConfigDocument document;
  document.root = {
      {"model_type", "bert"}, {"classifier_dropout", 0.0}, {"architectures", {"BertForSequenceClassification"}}};
  EXPECT_EQ((*make_model(document, document.root))->config()["classifier_dropout"].get<double>(), 0);
  document.root["classifier_dropout"] = nullptr;
  EXPECT_TRUE((*make_model(document, document.root))->config()["classifier_dropout"].is_null());
}

}  // namespace
}  // namespace malmoi::model
