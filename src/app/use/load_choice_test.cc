// Models that are packed when they are loaded: the same numbers as a file that was packed before.
#include "app/use/load_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/compress/convert.h"
#include "app/use/model_memory.h"
#include "base/test_folder.h"
#include "infer/session.h"
#include "infer/tiny_model.h"
#include "model/load.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

// Wide enough that its matrices are worth packing.
Path saved_model(const Path& folder) {
  auto model = infer::tiny_model_of({{"model_type", "llama"},
                                     {"vocab_size", 264},
                                     {"hidden_size", 256},
                                     {"intermediate_size", 512},
                                     {"num_hidden_layers", 2},
                                     {"num_attention_heads", 4},
                                     {"num_key_value_heads", 2},
                                     {"max_position_embeddings", 64},
                                     {"tie_word_embeddings", true}},
                                    5);
  EXPECT_TRUE(model::save_model(*model, folder, DType::kBF16).ok());
  return folder;
}

std::vector<float> logits_of(Result<std::unique_ptr<model::Model>> model) {
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  if (!model.ok()) return {};
  auto session = *infer::Session::create(**model, {});
  const std::vector<int32_t> ids = {5, 9, 3, 200, 7, 7};
  session->add({.ids = ids}, 6);
  auto logits = session->logits();
  EXPECT_TRUE(logits.ok()) << logits.error().to_string();
  return logits.ok() ? std::vector<float>(logits->begin(), logits->end()) : std::vector<float>();
}

size_t dense_bytes(const model::Model& model) {
  size_t bytes = 0;
  for (const auto& entry : model.parameters.entries()) bytes += entry->parameter.compute.bytes();
  return bytes;
}

TEST(LoadChoice, PackedWhenLoadedIsAsPackedBefore) {
  const Path folder = test_folder("packed"), base = saved_model(folder / "base");
  for (const char* type : {"q8_0", "q4_0"}) {
    const Path file = folder / (std::string(type) + ".gguf");
    // Of q4_0 llama.cpp keeps the head wider; here all is of one type.
    auto report =
        quantize_model({.model = base.string(), .type = type, .out = file, .tensors = {std::string(".*=") + type}}, {});
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    for (DType dtype : {DType::kF32, DType::kBF16}) {
      const std::vector<float> wanted = logits_of(model::load_model(file, {.dtype = dtype}));
      EXPECT_EQ(logits_of(load_model(base, {.dtype = dtype, .packed = type}, {})), wanted);
      EXPECT_NE(logits_of(load_model(base, {.dtype = dtype}, {})), wanted);
    }
  }
  auto packed = load_model(base, {.packed = "q8_0"}, {});
  ASSERT_TRUE(packed.ok());
  EXPECT_LT(dense_bytes(**packed), 6 * 256 * sizeof(float)) << "norms, and no matrix";
  auto unknown = load_model(base, {.packed = "q9"}, {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().to_string(), testing::HasSubstr("q8_0"));
}

// No file holds NF4 to compare with; its levels lose little more than those of Q4_0 do.
TEST(LoadChoice, Nf4IsAsNearAsQ4_0) {
  const Path base = saved_model(test_folder("nf4") / "base");
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    const std::vector<float> plain = logits_of(load_model(base, {.dtype = dtype}, {}));
    auto squares_apart = [&](const char* type) {
      const std::vector<float> packed = logits_of(load_model(base, {.dtype = dtype, .packed = type}, {}));
      EXPECT_EQ(packed.size(), plain.size());
      double sum = 0;
      for (size_t i = 0; i < plain.size(); ++i) sum += std::pow(static_cast<double>(packed.at(i) - plain[i]), 2);
      return sum;
    };
    const double of_q4_0 = squares_apart("q4_0");
    EXPECT_GT(of_q4_0, 0);
    EXPECT_NEAR(squares_apart("nf4") / of_q4_0, 1, 0.5);
  }
}

// Said before anything is read, with what would fit.
TEST(ModelMemory, WhatIsTooLargeIsSaidWithWhatWouldFit) {
  const Path folder = test_folder("too_large"), base = saved_model(folder / "base");
  const uint64_t plain = *weight_bytes(base, {}), packed = *weight_bytes(base, {.packed = "q8_0"});
  EXPECT_NEAR(static_cast<double>(packed) / static_cast<double>(plain), 8.5 / 16, 0.01);
  EXPECT_TRUE(check_fits(base, {}, plain).ok());
  Status status = check_fits(base, {}, plain - 1);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().to_string(), testing::AllOf(testing::HasSubstr("the weights take"),
                                                         testing::HasSubstr("--quantize-at-load q8_0 it takes")));
  EXPECT_THAT(check_fits(base, {}, packed * 2 / 3).error().to_string(), testing::HasSubstr("--quantize-at-load q4_0"));
  EXPECT_THAT(check_fits(base, {}, 1000).error().to_string(), testing::HasSubstr("smaller model"));
  const Path file = folder / "model.gguf";
  ASSERT_TRUE(quantize_model({.model = base.string(), .type = "q4_0", .out = file}, {}).ok());
  EXPECT_EQ(*weight_bytes(file, {}), std::filesystem::file_size(file));
  EXPECT_FALSE(check_fits(file, {}, 1000).ok());
  std::filesystem::rename(file, folder / "model-00001-of-00002.gguf");
  ASSERT_TRUE(write_file(folder / "model-00002-of-00002.gguf", "12345").ok());
  EXPECT_EQ(*weight_bytes(folder / "model-00001-of-00002.gguf", {}),
            std::filesystem::file_size(folder / "model-00001-of-00002.gguf") + 5);
}

}  // namespace
}  // namespace malmoi::app
