// Packing loses little, by the levels that a type has; files keep what they are told to keep.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "base/test_folder.h"
#include "quantize/fit.h"
#include "quantize/importance.h"
#include "quantize/pack.h"
#include "quantize/type_choice.h"

namespace malmoi::quantize {
namespace {

using ::testing::HasSubstr;

std::vector<float> random_row(int64_t columns, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> row(static_cast<size_t>(columns));
  for (float& x : row) x = static_cast<float>(0.05 * rng.normal());
  return row;
}

// A row packed and unpacked.
std::vector<float> packed_and_back(BlockType type, const std::vector<float>& row, std::span<const float> importance) {
  const BlockFormat& format = block_format(type);
  const auto columns = static_cast<int64_t>(row.size());
  std::vector<uint8_t> blocks(format.bytes_of(columns));
  pack_row(type, row.data(), columns, importance, blocks.data());
  std::vector<float> back(row.size());
  decode_blocks(format, blocks.data(), columns / format.elements, back.data());
  return back;
}

// The root of the mean squared error over that of the values, each column counted as `counts` says.
double relative_error(const std::vector<float>& row, const std::vector<float>& back,
                      std::span<const float> counts = {}) {
  double off = 0, all = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const double weight = counts.empty() ? 1 : static_cast<double>(counts[i]);
    off += weight * std::pow(static_cast<double>(row[i] - back[i]), 2);
    all += weight * std::pow(static_cast<double>(row[i]), 2);
  }
  return std::sqrt(off / all);
}

// Of normal numbers: what rounding to as many levels costs at best is a little less.
TEST(Pack, LosesWhatItsLevelsMust) {
  const std::vector<float> row = random_row(4096, 3);
  const std::pair<BlockType, double> kMost[] = {
      {BlockType::Q8_0, 0.006}, {BlockType::Q6_K, 0.02},  {BlockType::Q5_K, 0.04},
      {BlockType::Q5_1, 0.045}, {BlockType::Q5_0, 0.05},  {BlockType::Q4_K, 0.078},
      {BlockType::Q4_1, 0.085}, {BlockType::Q4_0, 0.095}, {BlockType::NF4, 0.096}};
  for (auto [type, most] : kMost) {
    ASSERT_NE(packer(type), nullptr);
    const double error = relative_error(row, packed_and_back(type, row, {}));
    EXPECT_LT(error, most) << block_format(type).name;
    EXPECT_GT(error, most / 3) << block_format(type).name;
  }
}

TEST(Pack, RowsOfOneValueAreKept) {
  for (const BlockFormat& format : block_formats()) {
    if (!packer(format.type)) continue;
    for (float value : {0.0f, 0.5f, -0.5f}) {
      const std::vector<float> back = packed_and_back(format.type, std::vector<float>(512, value), {});
      for (float x : back) ASSERT_NEAR(x, value, 0.002) << format.name << " " << value;
    }
  }
}

// Columns that count more come out better.
TEST(Pack, ImportanceIsKeptTo) {
  const std::vector<float> row = random_row(2048, 5);
  std::vector<float> importance(row.size(), 0.01f);
  for (size_t i = 0; i < importance.size(); i += 4) importance[i] = 1;
  for (BlockType type : {BlockType::Q4_0, BlockType::Q4_1, BlockType::Q4_K, BlockType::Q5_K, BlockType::Q6_K}) {
    const double plain = relative_error(row, packed_and_back(type, row, {}), importance);
    const double weighted = relative_error(row, packed_and_back(type, row, importance), importance);
    EXPECT_LT(weighted, 0.97 * plain) << block_format(type).name;
  }
}

GgufContents some_contents(int64_t columns) {
  GgufContents contents;
  contents.architecture = "llama";
  contents.layers = 8;
  contents.metadata.set_text("general.architecture", "llama");
  auto add = [&](const std::string& name, std::vector<uint64_t> dims) {
    uint64_t count = 1;
    for (uint64_t size : dims) count *= size;
    auto values = [count, seed = contents.tensors.size()]() -> Result<std::vector<float>> {
      return random_row(static_cast<int64_t>(count), seed);
    };
    contents.tensors.push_back({name, dims, formats::ggml_type("F32"), values});
  };
  const auto wide = static_cast<uint64_t>(columns);
  add("token_embd.weight", {wide, 40});
  add("blk.0.attn_v.weight", {wide, 32});
  add("blk.1.attn_v.weight", {wide, 32});
  add("blk.1.attn_norm.weight", {wide});
  add("blk.1.ffn_gate_inp.weight", {wide, 4});
  add("output.weight", {wide, 40});
  return contents;
}

std::vector<std::string> names_of(const TypeChoice& choice) {
  std::vector<std::string> names;
  for (const formats::GgmlType* type : choice.types) names.emplace_back(type->name);
  return names;
}

TEST(TypeChoice, FollowsLlamaCpp) {
  auto choice = choose_types(some_contents(512), "q4_k_m", {});
  ASSERT_TRUE(choice.ok()) << choice.error().to_string();
  EXPECT_THAT(names_of(*choice), ::testing::ElementsAre("Q4_K", "Q6_K", "Q4_K", "F32", "F32", "Q6_K"));
  EXPECT_EQ(choice->file_type, 15u);
}

TEST(TypeChoice, RowsThatDoNotFillBlocksGetAnother) {
  auto choice = choose_types(some_contents(576), "q4_k_m", {});
  ASSERT_TRUE(choice.ok());
  EXPECT_THAT(names_of(*choice), ::testing::ElementsAre("Q5_0", "Q8_0", "Q5_0", "F32", "F32", "Q8_0"));
  choice = choose_types(some_contents(40), "q8_0", {});
  EXPECT_EQ(choice->types[0]->name, "F16");
}

TEST(TypeChoice, RulesComeLastAndMustMatch) {
  auto rule = parse_type_rule("attn_v=q5_1");
  ASSERT_TRUE(rule.ok());
  auto choice = choose_types(some_contents(512), "q8_0", {*rule});
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice->types[1]->name, "Q5_1");
  EXPECT_EQ(choice->types[0]->name, "Q8_0");
  EXPECT_THAT(choose_types(some_contents(512), "q8_0", {*parse_type_rule("nothing=q8_0")}).error().to_string(),
              HasSubstr("no matrix matches 'nothing'"));
  choice = choose_types(some_contents(512), "", {*rule});
  ASSERT_TRUE(choice.ok());
  EXPECT_THAT(names_of(*choice), ::testing::ElementsAre("F32", "Q5_1", "Q5_1", "F32", "F32", "F32"));
  EXPECT_FALSE(parse_type_rule("attn_v").ok());
  EXPECT_FALSE(parse_type_rule("(=q8_0").ok());
  EXPECT_FALSE(parse_type_rule("attn_v=iq2_s").ok());
  EXPECT_FALSE(choose_types(some_contents(512), "q9", {}).ok());
}

TEST(WriteContents, WhatIsWrittenReadsBack) {
  const Path path = test_folder("written") / "model.gguf";
  const GgufContents contents = some_contents(512);
  auto choice = choose_types(contents, "q4_k_m", {});
  std::vector<double> errors(contents.tensors.size(), -1);
  ASSERT_TRUE(
      write_contents(path, contents, choice->types, {}, [&](size_t i, double error) { errors[i] = error; }).ok());
  auto file = formats::Gguf::open(path);
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  auto again = contents_of(std::make_shared<const formats::Gguf>(std::move(*file)));
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(again->layers, 0);
  for (size_t i = 0; i < contents.tensors.size(); ++i) {
    EXPECT_EQ(again->tensors[i].as_it_is, choice->types[i]);
    EXPECT_EQ(again->tensors[i].dims, contents.tensors[i].dims);
    const std::vector<float> wanted = *contents.tensors[i].values(), got = *again->tensors[i].values();
    double off = 0, all = 0;
    for (size_t j = 0; j < wanted.size(); ++j)
      off += std::pow(static_cast<double>(wanted[j] - got[j]), 2), all += std::pow(static_cast<double>(wanted[j]), 2);
    EXPECT_NEAR(std::sqrt(off / all), errors[i], 1e-6) << contents.tensors[i].name;
    EXPECT_LT(errors[i], 0.09);
  }
}

TEST(WriteContents, ValuesThatAreNotFiniteAreRefused) {
  const Path path = test_folder("refused") / "model.gguf";
  GgufContents contents = some_contents(512);
  contents.tensors[1].values = []() -> Result<std::vector<float>> {
    return std::vector<float>(512 * 32, std::nanf(""));
  };
  auto choice = choose_types(contents, "q8_0", {});
  Status written = write_contents(path, contents, choice->types, {}, {});
  ASSERT_FALSE(written.ok());
  EXPECT_THAT(written.error().to_string(), HasSubstr("'blk.0.attn_v.weight' holds a value that is not finite"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(WriteContents, ValuesTooLargeForATypeAreRefused) {
  const Path path = test_folder("too_large") / "model.gguf";
  GgufContents contents = some_contents(512);
  contents.tensors[1].values = []() -> Result<std::vector<float>> { return std::vector<float>(512 * 32, 1e30f); };
  for (const char* type : {"q8_0", "q4_k_s", "f16"}) {
    auto choice = choose_types(contents, type, {});
    ASSERT_TRUE(choice.ok());
    Status written = write_contents(path, contents, choice->types, {}, {});
    ASSERT_FALSE(written.ok()) << type;
    EXPECT_THAT(written.error().to_string(), HasSubstr("'blk.0.attn_v.weight' holds values too large for")) << type;
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

TEST(WriteContents, ImportanceOfAnotherModelIsRefused) {
  const Path path = test_folder("other_importance") / "model.gguf";
  const GgufContents contents = some_contents(512);
  auto choice = choose_types(contents, "q8_0", {});
  ASSERT_TRUE(choice.ok());
  auto said = [&](const std::string& tensor, size_t columns) {
    const Importance importance = {{tensor, std::vector<float>(columns, 1.0f)}};
    Status written = write_contents(path, contents, choice->types, importance, {});
    return written.ok() ? std::string() : written.error().to_string();
  };
  EXPECT_THAT(said("blk.0.attn_v.weight", 500), HasSubstr("'blk.0.attn_v.weight' has 500 columns, the tensor 512"));
  EXPECT_THAT(said("model.layers.0.self_attn.v_proj.weight", 512), HasSubstr("no tensor of the model"));
  EXPECT_EQ(said("blk.0.attn_v.weight", 512), "");
  EXPECT_EQ(said("blk.0.attn_v.weight", 4 * 512), "");    // of stacked experts
  EXPECT_EQ(said("blk.1.ffn_gate_inp.weight", 300), "");  // not packed
}

TEST(WriteContents, NumbersAloneAreKeptAndEmptyTensorsRefused) {
  const Path folder = test_folder("shapes");
  auto opened = [&](const std::vector<uint64_t>& dims, size_t bytes) -> Result<GgufContents> {
    formats::GgufMetadata metadata;
    metadata.set_text("general.architecture", "llama");
    const formats::GgufTensorSpec specs[] = {{"a.weight", formats::ggml_type("F16"), dims}};
    const std::vector<std::byte> data(bytes);
    auto source = [&](size_t, const auto& sink) { return sink(data); };
    MALMOI_TRY(formats::write_gguf(folder / "x.gguf", metadata, specs, source));
    MALMOI_ASSIGN(formats::Gguf file, formats::Gguf::open(folder / "x.gguf"));
    return contents_of(std::make_shared<const formats::Gguf>(std::move(file)));
  };
  auto number = opened({}, 2);
  ASSERT_TRUE(number.ok()) << number.error().to_string();
  auto choice = choose_types(*number, "q8_0", {});
  ASSERT_TRUE(choice.ok());
  EXPECT_TRUE(write_contents(folder / "model.gguf", *number, choice->types, {}, {}).ok());
  EXPECT_THAT(opened({0}, 0).error().to_string(), HasSubstr("'a.weight' holds nothing"));
  EXPECT_THAT(opened({0, 4}, 0).error().to_string(), HasSubstr("'a.weight' holds nothing"));
}

// -- importance ---------------------------------------------------------------------------------------------------------

template <typename T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// An entry of the older form: two columns, four calls.
std::string older_file(const std::string& name, float first, float second) {
  std::string bytes;
  put<int32_t>(bytes, 1);
  put(bytes, static_cast<int32_t>(name.size()));
  bytes += name;
  put<int32_t>(bytes, 4);
  put<int32_t>(bytes, 2);
  put(bytes, first), put(bytes, second);
  return bytes;
}

TEST(Importance, TheOlderFormIsRead) {
  const Path path = test_folder("importance") / "x.imatrix";
  ASSERT_TRUE(write_file(path, older_file("blk.0.ffn_down.weight", 8, 0)).ok());
  auto read = read_importance(path);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  const std::vector<float>& of = read->at("blk.0.ffn_down.weight");
  EXPECT_NEAR(of[0], 2, 1e-3);
  EXPECT_GT(of[1], 0) << "a column that was never used still counts a little";
  EXPECT_LT(of[1], 1e-3);
}

TEST(Importance, GgufsFormIsReadExpertByExpert) {
  const Path path = test_folder("importance_gguf") / "x.gguf";
  formats::GgufMetadata metadata;
  metadata.set_text("general.type", "imatrix");
  const formats::GgmlType* f32 = formats::ggml_type("F32");
  const formats::GgufTensorSpec specs[] = {{"a.weight.in_sum2", f32, {2, 2}}, {"a.weight.counts", f32, {1, 2}}};
  const std::vector<float> values[] = {{2, 4, 30, 60}, {2, 10}};
  ASSERT_TRUE(formats::write_gguf(path, metadata, specs, [&](size_t i, const auto& sink) {
                return sink(std::as_bytes(std::span(values[i])));
              }).ok());
  auto read = read_importance(path);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  const float wanted[] = {1, 2, 3, 6};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(read->at("a.weight")[i], wanted[i], 1e-3);
}

TEST(Importance, DamageIsSaid) {
  const Path path = test_folder("importance_damaged") / "x.imatrix";
  const std::string whole = older_file("a", 8, 0);
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_TRUE(write_file(path, whole.substr(0, size)).ok());
    EXPECT_FALSE(read_importance(path).ok()) << size;
  }
  ASSERT_TRUE(write_file(path, older_file("a", -1, 0)).ok());
  EXPECT_THAT(read_importance(path).error().to_string(), HasSubstr("a sum of squares that is none"));
  std::string none = whole.substr(0, whole.size() - 3 * sizeof(int32_t));
  put<int32_t>(none, 0);
  ASSERT_TRUE(write_file(path, none).ok());
  EXPECT_THAT(read_importance(path).error().to_string(), HasSubstr("'a' has no sums"));
  std::string huge = whole;
  std::memset(huge.data(), 0x7F, 8);
  ASSERT_TRUE(write_file(path, huge).ok());
  EXPECT_THAT(read_importance(path).error().to_string(), HasSubstr("cut short"));
}

}  // namespace
}  // namespace malmoi::quantize
