// Tests of model/: published configs, their mistakes, and files that do not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/file.h"
#include "formats/safetensors.h"
#include "model/io.h"
#include "model/registry.h"

namespace malmoi::model {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& json) {
  ConfigDocument document;
  document.file = "config.json";
  document.root = *parse_json(json, "config.json");
  auto model = make_model(document, document.root);
  return model.ok() ? "accepted" : model.error().to_string();
}

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

class Damaged : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Path(testing::TempDir()) / "damaged_model";
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(Path(MALMOI_TEST_DATA) / "models" / "gpt2-hub", folder_);
  }
  std::string refusal() const {
    auto model = load_model(folder_, {Purpose::kServing, DType::kF32});
    return model.ok() ? "accepted" : model.error().to_string();
  }
  Path folder_;
};

TEST_F(Damaged, TruncatedWeights) {
  std::string bytes = *read_file(folder_ / "model.safetensors");
  ASSERT_TRUE(write_file(folder_ / "model.safetensors", bytes.substr(0, bytes.size() / 2)).ok());
  EXPECT_THAT(refusal(), HasSubstr("model.safetensors"));
}

TEST_F(Damaged, ConfigOfAnotherSize) {
  Json config = *read_json((folder_ / "config.json").string());
  config["n_embd"] = 64;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("shape"));
}

TEST_F(Damaged, MissingLayer) {
  Json config = *read_json((folder_ / "config.json").string());
  config["n_layer"] = 3;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("missing"));
  config["n_layer"] = 1;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("belongs to nothing"));
}

TEST_F(Damaged, ValueThatIsNotFinite) {
  std::string bytes = *read_file(folder_ / "model.safetensors");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(bytes.data() + bytes.size() - 4, &nan, 4);
  ASSERT_TRUE(write_file(folder_ / "model.safetensors", bytes).ok());
  EXPECT_THAT(refusal(), HasSubstr("not finite"));
}

}  // namespace
}  // namespace malmoi::model
