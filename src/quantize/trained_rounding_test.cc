// Quantisation-aware training: products read what a file of the model in blocks holds, to the bit.
#include "quantize/trained_rounding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/test_folder.h"
#include "model/load.h"
#include "quantize/model_contents.h"
#include "quantize/type_choice.h"

namespace malmoi::quantize {
namespace {

using testing::HasSubstr;

std::shared_ptr<model::Model> opened_to_train(const std::string& name = "llama-gqa-rope3", DType dtype = DType::kF32) {
  auto model = model::load_model(Path(MALMOI_TEST_DATA) / "models" / name,
                                 {.purpose = model::Purpose::kTraining, .dtype = dtype});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  return std::move(*model);
}

// What a file of the model in a type holds, unpacked.
std::unique_ptr<model::Model> packed_and_read(const std::shared_ptr<model::Model>& model, const std::string& type) {
  const Path path = test_folder("rounded") / "model.gguf";
  auto contents = contents_of(std::shared_ptr<const model::Model>(model));
  EXPECT_TRUE(contents.ok()) << contents.error().to_string();
  auto choice = choose_types(*contents, type, {});
  EXPECT_TRUE(choice.ok());
  Status written = write_contents(path, *contents, choice->types, {}, [](size_t, double) {});
  EXPECT_TRUE(written.ok());
  auto read = model::load_model(path, {.keep_packed = false});
  EXPECT_TRUE(read.ok()) << read.error().to_string();
  return std::move(*read);
}

std::vector<float> values_of(const Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.elements()));
  convert(tensor.data(), tensor.dtype(), values.data(), DType::kF32, values.size());
  return values;
}

TEST(TrainedRounding, ProductsReadWhatTheFileHolds) {
  for (const char* type : {"q4_0", "q8_0"}) {
    SCOPED_TRACE(type);
    const auto model = opened_to_train();
    auto rounded = round_trained(*model, {.type = type, .skip = {}}, "train.quantize_aware");
    ASSERT_TRUE(rounded.ok()) << rounded.error().to_string();
    EXPECT_GT(*rounded, 8);  // of two layers and the table
    model->parameters.begin_rounding();
    const auto file = packed_and_read(model, type);
    ASSERT_EQ(file->parameters.entries().size(), model->parameters.entries().size());
    for (size_t i = 0; i < file->parameters.entries().size(); ++i) {
      const auto &ours = *model->parameters.entries()[i], &theirs = *file->parameters.entries()[i];
      EXPECT_EQ(values_of(ours.parameter.compute), values_of(theirs.parameter.compute)) << ours.spec.name;
      const bool is_rounded = values_of(ours.parameter.compute) != values_of(ours.parameter.master);
      EXPECT_EQ(is_rounded, !ours.slots.empty()) << ours.spec.name;
    }
  }
}

// What is trained moves on; what products read follows when it is told.
TEST(TrainedRounding, FollowsTheMasters) {
  const auto model = opened_to_train();
  ASSERT_TRUE(round_trained(*model, {.type = "q8_0", .skip = {}}, "train.quantize_aware").ok());
  auto matrix = std::ranges::find_if(model->parameters.entries(),
                                     [](const auto& entry) { return static_cast<bool>(entry->round); });
  ASSERT_NE(matrix, model->parameters.entries().end());
  autograd::Parameter& p = (*matrix)->parameter;
  EXPECT_EQ(p.compute.data(), p.master.data()) << "nothing is rounded before it begins";
  model->parameters.refresh_rounded();
  EXPECT_EQ(p.compute.data(), p.master.data());
  model->parameters.begin_rounding();
  const std::vector<float> before = values_of(p.compute);
  for (int64_t i = 0; i < p.master.elements(); ++i) p.master.as<float>()[i] *= 2;  // exact, and so is a scale in f16
  EXPECT_EQ(values_of(p.compute), before);
  model->parameters.refresh_rounded();
  std::vector<float> twice = before;
  for (float& x : twice) x *= 2;
  EXPECT_EQ(values_of(p.compute), twice);
}

TEST(TrainedRounding, ProductsInBf16ReadTheNearest) {
  const auto model = opened_to_train("llama-gqa-rope3", DType::kBF16), whole = opened_to_train();
  for (const auto& m : {model, whole}) {
    ASSERT_TRUE(round_trained(*m, {.type = "q4_0", .skip = {}}, "train.quantize_aware").ok());
    m->parameters.begin_rounding();
  }
  for (size_t i = 0; i < model->parameters.entries().size(); ++i) {
    const auto &entry = *model->parameters.entries()[i], &exact = *whole->parameters.entries()[i];
    if (!entry.round) continue;
    EXPECT_EQ(entry.parameter.compute.dtype(), DType::kBF16);
    std::vector<float> wanted = values_of(exact.parameter.compute);
    for (float& x : wanted) x = to_float(to_bf16(x));
    EXPECT_EQ(values_of(entry.parameter.compute), wanted) << entry.spec.name;
  }
}

TEST(TrainedRounding, WhatIsSkippedStaysAsItIs) {
  const auto model = opened_to_train();
  ASSERT_TRUE(round_trained(*model, {.type = "q4_0", .skip = {"model.embed_tokens"}}, "train.quantize_aware").ok());
  for (const auto& entry : model->parameters.entries()) {
    const bool wanted = !entry->slots.empty() && entry->spec.role != nn::Role::kEmbedding;
    EXPECT_EQ(static_cast<bool>(entry->round), wanted) << entry->spec.name;
  }
}

// A family that is not written to GGUF has all its matrices rounded.
TEST(TrainedRounding, FamiliesWithoutAFileAreRoundedToo) {
  const auto model = opened_to_train("recurrent_gemma");
  auto rounded = round_trained(*model, {.type = "q8_0", .skip = {}}, "train.quantize_aware");
  ASSERT_TRUE(rounded.ok()) << rounded.error().to_string();
  for (const auto& entry : model->parameters.entries()) {
    const bool fills = entry->spec.shape.rank() >= 2 && entry->spec.shape.columns() % 32 == 0;
    EXPECT_EQ(static_cast<bool>(entry->round), may_be_packed(*entry) && fills) << entry->spec.name;
  }
}

TEST(TrainedRounding, WhatDoesNotFitIsNamed) {
  const auto model = opened_to_train();
  auto refusal = [&](const PackOptions& options) {
    auto rounded = round_trained(*model, options, "train.quantize_aware");
    return rounded.ok() ? "accepted" : rounded.error().to_string();
  };
  EXPECT_THAT(refusal({.type = "q4_k", .skip = {}}), HasSubstr("train.quantize_aware.type: 'q4_k' is not a type"));
  EXPECT_THAT(refusal({.type = "q8_0", .skip = {"nothing"}}), HasSubstr("'nothing' fits no module"));
}

}  // namespace
}  // namespace malmoi::quantize
