// Layouts of published tensors: what goes in comes out, and rows stand where the formats say.
#include <gtest/gtest.h>

#include <numeric>

#include "model/layout.h"

namespace malmoi::model {
namespace {

using nn::Layout;

std::vector<float> counting(int64_t n) {
  std::vector<float> values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

// The rows of ours, each by its number in the file.
std::vector<float> rows_of(const Layout& layout, int64_t rows) {
  nn::ParameterSpec spec{
      .name = "w", .shape = {rows, 1}, .role = nn::Role::kMatrix, .sources = {{"w", 0, rows, layout}}};
  std::vector<float> stored = counting(rows);
  Tensor ours = Tensor::zeros(DType::kF32, spec.shape);
  copy_in(std::as_bytes(std::span(stored)), DType::kF32, spec, spec.sources[0], ours);
  EXPECT_EQ(copy_out(ours, spec, spec.sources[0]), stored) << "what goes in comes out";
  return {ours.as<float>(), ours.as<float>() + rows};
}

TEST(Layout, HeadsOfQueriesKeysAndValuesThatAlternate) {
  // Two heads of two: q0 q0 k0 k0 v0 v0 q1 q1 k1 k1 v1 v1 in the file.
  EXPECT_EQ(rows_of({Layout::kHeadsInterleaved, 2}, 12), (std::vector<float>{0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11}));
  // Two groups of two queries, heads of one: q0 q1 k0 v0 q2 q3 k1 v1.
  EXPECT_EQ(rows_of({Layout::kHeadsInterleaved, 2, 2}, 8), (std::vector<float>{0, 1, 4, 5, 2, 6, 3, 7}));
  // One group of all queries is as it lies.
  EXPECT_EQ(rows_of({Layout::kHeadsInterleaved, 1, 3}, 5), (std::vector<float>{0, 1, 2, 3, 4}));
}

TEST(Layout, PartsOfAHeadThatAlternate) {
  // Two heads, each with two rows of one part, one of another, three of a third.
  EXPECT_EQ(rows_of({.kind = Layout::kPartsInterleaved, .heads = 2, .parts = {2, 1, 3}}, 12),
            (std::vector<float>{0, 1, 6, 7, 2, 8, 3, 4, 5, 9, 10, 11}));
}

TEST(Layout, RotaryHalvesThatAlternate) {
  // One head of six and another: pairs are neighbours in the file, halves here.
  EXPECT_EQ(rows_of({Layout::kRotaryPermuted, 2}, 12), (std::vector<float>{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11}));
}

TEST(Layout, TransposedMatrixAndItsShape) {
  nn::ParameterSpec spec{.name = "w", .shape = {2, 3}, .sources = {{"w", 0, 2, {Layout::kTransposed}}}};
  EXPECT_EQ(stored_shape(spec, spec.sources[0]), (std::vector<int64_t>{3, 2}));
  std::vector<float> stored = counting(6);
  Tensor ours = Tensor::zeros(DType::kF32, spec.shape);
  copy_in(std::as_bytes(std::span(stored)), DType::kF32, spec, spec.sources[0], ours);
  EXPECT_EQ(std::vector<float>(ours.as<float>(), ours.as<float>() + 6), (std::vector<float>{0, 2, 4, 1, 3, 5}));
  EXPECT_EQ(copy_out(ours, spec, spec.sources[0]), stored);
}

TEST(Layout, EachBlockOfADiagonalIsTransposed) {
  nn::ParameterSpec spec{
      .name = "w", .shape = {2, 2, 3}, .role = nn::Role::kBlocks, .sources = {{"w", 0, 4, {Layout::kTransposed}}}};
  EXPECT_EQ(stored_shape(spec, spec.sources[0]), (std::vector<int64_t>{2, 3, 2}));
  std::vector<float> stored = counting(12);
  Tensor ours = Tensor::zeros(DType::kF32, spec.shape);
  copy_in(std::as_bytes(std::span(stored)), DType::kF32, spec, spec.sources[0], ours);
  EXPECT_EQ(std::vector<float>(ours.as<float>(), ours.as<float>() + 12),
            (std::vector<float>{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11}));
  EXPECT_EQ(copy_out(ours, spec, spec.sources[0]), stored);
}

TEST(Layout, StoredShapesAreThoseOfThePublishedTensors) {
  nn::ParameterSpec conv{.name = "conv", .shape = {4, 1, 3}, .sources = {{"conv", 0, 4}}};
  EXPECT_EQ(stored_shape(conv, conv.sources[0]), (std::vector<int64_t>{4, 1, 3}));
  nn::ParameterSpec expert{
      .name = "experts", .shape = {1, 4, 3}, .role = nn::Role::kExperts, .sources = {{"experts.0", 0, 4}}};
  EXPECT_EQ(stored_shape(expert, expert.sources[0]), (std::vector<int64_t>{4, 3})) << "also where there is one expert";
  nn::ParameterSpec taps{
      .name = "taps", .shape = {4, 6}, .role = nn::Role::kMatrix, .sources = {{"taps", 0, 4, {Layout::kTaps, 3}}}};
  EXPECT_EQ(stored_shape(taps, taps.sources[0]), (std::vector<int64_t>{4, 2, 3}));
  EXPECT_TRUE(lies_as_ours(taps, taps.sources[0]));
  nn::ParameterSpec vector{.name = "norm", .shape = {4}, .sources = {{"norm", 0, 4}}};
  EXPECT_EQ(stored_shape(vector, vector.sources[0]), (std::vector<int64_t>{4}));
}

TEST(Layout, PublishedTensorsOfAFusedParameter) {
  nn::ParameterSpec spec{.name = "qkv", .shape = {3, 2}, .sources = {{"q", 0, 2}, {"k", 2, 1}}};
  Tensor ours = Tensor::zeros(DType::kF32, spec.shape);
  for (int i = 0; i < 6; ++i) ours.as<float>()[i] = static_cast<float>(i);
  std::vector<PublishedTensor> list = publish(spec, ours);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].name, "k");
  EXPECT_EQ(list[1].values, (std::vector<float>{4, 5}));
}

}  // namespace
}  // namespace malmoi::model
