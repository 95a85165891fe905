// Models that are packed when they are loaded: the same numbers as a file that was packed before.
#include "app/use/load_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/compress/convert.h"
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

}  // namespace
}  // namespace malmoi::app
