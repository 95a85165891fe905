// score and generate --ids against what the reference computes of decoders, encoders, classifiers and encoder-decoders.
#include <gtest/gtest.h>

#include <cmath>

#include "app/use/generate.h"
#include "app/use/score.h"
#include "formats/npy.h"

namespace malmoi::app {
namespace {

Path folder_of(const std::string& name) { return Path(MALMOI_TEST_DATA) / "models" / name; }

Path out_file(const std::string& name) { return Path(testing::TempDir()) / ("arrays_" + name + ".npy"); }

template <typename T>
std::vector<T> values_of(const Path& file) {
  auto array = formats::NpyArray::open(file);
  EXPECT_TRUE(array.ok()) << array.error().to_string();
  return *array->template values<T>();
}

void expect_near(const Path& got_file, const Path& want_file, double tolerance) {
  EXPECT_EQ(formats::NpyArray::open(got_file)->shape(), formats::NpyArray::open(want_file)->shape());
  std::vector<float> got = values_of<float>(got_file), want = values_of<float>(want_file);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], tolerance) << i;
}

// What stands in the folder of a fixture is given to score under its own name.
ScoreOptions options_of(const std::string& name) {
  Path folder = folder_of(name);
  ScoreOptions options{.model = folder, .ids = folder / "ids.npy"};
  if (std::filesystem::exists(folder / "mask.npy")) options.mask = folder / "mask.npy";
  if (std::filesystem::exists(folder / "decoder_ids.npy")) options.decoder_ids = folder / "decoder_ids.npy";
  return options;
}

TEST(Score, LogitsOfEveryKindOfModel) {
  for (const char* name : {"llama-gqa-rope3", "bert", "t5"}) {
    ScoreOptions options = options_of(name);
    options.logits = out_file(name);
    Status status = score(options);
    ASSERT_TRUE(status.ok()) << status.error().to_string();
    expect_near(*options.logits, folder_of(name) / "logits.npy", 5e-4);
  }
}

TEST(Score, LabelsWithAndWithoutTokenTypes) {
  ScoreOptions options = options_of("bert-cls");
  options.logits = out_file("labels");
  ASSERT_TRUE(score(options).ok());
  expect_near(*options.logits, folder_of("bert-cls") / "cls_logits.npy", 2e-4);
  options.token_types = folder_of("bert-cls") / "token_type_ids.npy";
  ASSERT_TRUE(score(options).ok());
  expect_near(*options.logits, folder_of("bert-cls") / "cls_logits_pair.npy", 2e-4);
}

TEST(Score, HiddenStatesAreTheEncoders) {
  for (auto [name, want] : {std::pair{"bert", "hidden.npy"}, {"t5", "encoder_hidden.npy"}}) {
    ScoreOptions options = options_of(name);
    options.decoder_ids = {};
    options.hidden = out_file(std::string(name) + "_hidden");
    Status status = score(options);
    ASSERT_TRUE(status.ok()) << status.error().to_string();
    expect_near(*options.hidden, folder_of(name) / want, 4e-4);
  }
}

TEST(Score, WhatDoesNotBelongToTheModelIsRefused) {
  ScoreOptions pair = options_of("t5");
  pair.logits = out_file("refused");
  pair.decoder_ids = {};
  EXPECT_FALSE(score(pair).ok());
  ScoreOptions decoder = options_of("gpt2");
  decoder.logits = out_file("refused");
  decoder.decoder_ids = decoder.ids;
  EXPECT_FALSE(score(decoder).ok());
  decoder.decoder_ids = {};
  decoder.token_types = decoder.ids;
  EXPECT_FALSE(score(decoder).ok());
  EXPECT_FALSE(score(options_of("gpt2")).ok());  // nothing to write
}

TEST(GenerateIds, GreedyOfDecodersAndEncoderDecoders) {
  for (const char* name : {"gpt2", "mistral", "t5"}) {
    Path folder = folder_of(name);
    std::vector<int64_t> shape = formats::NpyArray::open(folder / "greedy.npy")->shape();
    int64_t read = formats::NpyArray::open(folder / "ids.npy")->shape()[1];
    ScoreOptions given = options_of(name);
    GenerateIdsOptions options{.model = folder,
                               .ids = given.ids,
                               .out = out_file(name),
                               .mask = given.mask,
                               .max_tokens = shape[1] - (given.decoder_ids ? 1 : read),
                               .sampling = {.temperature = 0},
                               .ignore_eos = true};
    auto status = generate_ids(options);
    ASSERT_TRUE(status.ok()) << status.error().to_string();
    EXPECT_EQ(formats::NpyArray::open(options.out)->shape(), shape);
    EXPECT_EQ(values_of<int32_t>(options.out), values_of<int32_t>(folder / "greedy.npy")) << name;
  }
}

TEST(GenerateIds, MoreTokensThanTheContextHasAreRefused) {
  for (const char* name : {"gpt2", "t5"}) {
    auto status = generate_ids(
        {.model = folder_of(name), .ids = folder_of(name) / "ids.npy", .out = out_file("no"), .max_tokens = INT64_MAX});
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_NE(status.error().to_string().find("--max-tokens"), std::string::npos) << status.error().to_string();
  }
}

TEST(GenerateIds, TheModelIsLoadedAsItIsAskedFor) {
  GenerateIdsOptions options{.model = folder_of("gpt2"), .ids = folder_of("gpt2") / "ids.npy", .out = out_file("no")};
  options.load.packed = "q9";
  auto status = generate_ids(options);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().to_string().find("'q9'"), std::string::npos) << status.error().to_string();
}

TEST(GenerateIds, AnEncoderIsRefused) {
  auto status = generate_ids({.model = folder_of("bert"), .ids = folder_of("bert") / "ids.npy", .out = out_file("no")});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace malmoi::app
