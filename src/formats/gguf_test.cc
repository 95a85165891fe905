#include "formats/gguf.h"

#include "base/test_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"

namespace malmoi::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GgufTest : public ::testing::Test {
 protected:
  void SetUp() override { path_ = std::filesystem::path(::testing::TempDir()) / "malmoi_test.gguf"; }
  void TearDown() override { std::filesystem::remove(path_); }
  // A small file of every kind of value and two tensors.
  std::string sample() {
    GgufMetadata metadata;
    metadata.set_text("general.architecture", "llama");
    metadata.set_bool("flag", true);
    metadata.set_u32("count", 7);
    metadata.set_i32("minus", -3);
    metadata.set_u64("large", UINT64_MAX);
    metadata.set_f32("scale", 0.5f);
    metadata.set_texts("words", std::vector<std::string>{"하나", "", "two"});
    metadata.set_i32s("types", std::vector<int32_t>{1, -2});
    metadata.set_f32s("scores", std::vector<float>{-1.5f});
    metadata.set_bytes("blob", std::string_view("\0\xFF", 2));
    metadata.set_u32("count", 8);  // replaces
    std::vector<GgufTensorSpec> specs = {{"a.weight", ggml_type("F32"), {3, 2}}, {"b.weight", ggml_type("Q8_0"), {32}}};
    auto written = write_gguf(path_, metadata, specs, [](size_t index, const auto& sink) {
      std::vector<std::byte> bytes(index == 0 ? 24 : 34, std::byte(index + 1));
      return sink(bytes);
    });
    EXPECT_TRUE(written.ok());
    return *read_file(path_);
  }
  Path path_;
};

TEST_F(GgufTest, WhatIsWrittenIsRead) {
  sample();
  auto file = Gguf::open(path_);
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  EXPECT_EQ(*file->text("general.architecture"), "llama");
  EXPECT_EQ(file->boolean_or("flag", false), true);
  EXPECT_EQ(*file->integer("count"), 8);
  EXPECT_EQ(*file->integer("minus"), -3);
  EXPECT_FALSE(file->integer("large").ok());
  EXPECT_EQ(*file->number("scale"), 0.5);
  EXPECT_THAT(*file->texts("words"), ElementsAre("하나", "", "two"));
  EXPECT_THAT(*file->find("types")->integers(), ElementsAre(1, -2));
  EXPECT_THAT(*file->find("scores")->numbers(), ElementsAre(-1.5));
  EXPECT_EQ(file->find("blob")->bytes(), std::string_view("\0\xFF", 2));
  EXPECT_EQ(file->find("none"), nullptr);
  ASSERT_TRUE(file->check_data().ok());
  const GgufTensor* b = file->tensor("b.weight");
  ASSERT_NE(b, nullptr);
  auto bytes = file->bytes(*b);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(bytes->size(), 34u);
  EXPECT_EQ((*bytes)[33], std::byte(2));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes->data()) % 32, 0u);
}

TEST_F(GgufTest, ErrorsNameFileAndKey) {
  sample();
  auto file = Gguf::open(path_);
  EXPECT_THAT(file->text("none").error().to_string(), HasSubstr("malmoi_test.gguf: none"));
  EXPECT_THAT(file->text("count").error().to_string(), HasSubstr("no text"));
  EXPECT_THAT(parse_gguf("GGML....", "x").error().to_string(), HasSubstr("no GGUF"));
  EXPECT_THAT(parse_gguf(std::string_view("GGUF\0\0\0\3", 8), "x").error().to_string(), HasSubstr("big-endian"));
}

// No prefix of a header is accepted, and none crashes.
TEST_F(GgufTest, EveryCutIsAnError) {
  std::string file = sample();
  auto whole = parse_gguf(file, "x");
  ASSERT_TRUE(whole.ok());
  uint64_t header_end = 0;  // the last byte of the directory: the offset of b.weight
  header_end = file.find("b.weight") + 8 + 4 + 8 + 4 + 8;
  for (size_t n = 0; n < header_end; ++n) EXPECT_FALSE(parse_gguf(file.substr(0, n), "x").ok()) << n;
  EXPECT_TRUE(parse_gguf(file.substr(0, header_end), "x").ok());
}

// Counts and lengths beyond the file are refused before anything is allocated.
TEST_F(GgufTest, HugeCountsAreRefused) {
  std::string file = sample();
  for (size_t at : {size_t{8}, size_t{16}, file.find("words") + 5 + 4 + 4, file.find("general.architecture") - 8}) {
    std::string bad = file;
    uint64_t huge = UINT64_MAX / 2;
    std::memcpy(bad.data() + at, &huge, 8);
    auto parsed = parse_gguf(bad, "x");
    ASSERT_FALSE(parsed.ok()) << at;
    EXPECT_THAT(parsed.error().where, HasSubstr("byte"));
  }
}

TEST_F(GgufTest, MissingTensorBytesAreFound) {
  std::string file = sample();
  ASSERT_TRUE(write_file(path_, file.substr(0, file.size() - 40)).ok());
  auto gguf = Gguf::open(path_);
  ASSERT_TRUE(gguf.ok());
  EXPECT_FALSE(gguf->check_data().ok());
}

// Writes part `number` of `count` with one tensor of one number.
Path write_part(const Path& folder, const std::string& name, uint32_t number, uint32_t count, const std::string& tensor,
                float value) {
  GgufMetadata metadata;
  metadata.set_u32("split.no", number - 1);
  metadata.set_u32("split.count", count);
  const Path path = folder / name;
  const GgufTensorSpec spec{tensor, ggml_type("F32"), {1}};
  EXPECT_TRUE(write_gguf(path, metadata, {&spec, 1}, [&](size_t, const auto& sink) {
                return sink(std::as_bytes(std::span(&value, 1)));
              }).ok());
  return path;
}

TEST(GgufParts, TensorsOfAllFilesAreOne) {
  const Path folder = test_folder("parts");
  const Path first = write_part(folder, "m-00001-of-00002.gguf", 1, 2, "a", 1);
  const Path second = folder / "m-00002-of-00002.gguf";
  EXPECT_THAT(Gguf::open(first).error().to_string(), HasSubstr("m-00002-of-00002.gguf: part 2 of 2 is missing"));
  write_part(folder, "m-00002-of-00002.gguf", 2, 2, "b", 2);
  auto gguf = Gguf::open(first);
  ASSERT_TRUE(gguf.ok()) << gguf.error().to_string();
  ASSERT_EQ(gguf->tensors().size(), 2u);
  EXPECT_TRUE(gguf->check_data().ok());
  for (auto [name, wanted] : {std::pair{"a", 1.0f}, std::pair{"b", 2.0f}}) {
    const GgufTensor* tensor = gguf->tensor(name);
    ASSERT_NE(tensor, nullptr);
    float value = 0;
    std::memcpy(&value, gguf->bytes(*tensor)->data(), sizeof value);
    EXPECT_EQ(value, wanted);
  }
  EXPECT_THAT(Gguf::open(second).error().to_string(), HasSubstr("give the first"));
  write_part(folder, "m-00002-of-00002.gguf", 2, 2, "a", 2);
  EXPECT_THAT(Gguf::open(first).error().to_string(), HasSubstr("stands in two parts"));
  write_part(folder, "m-00002-of-00002.gguf", 1, 2, "b", 2);
  EXPECT_THAT(Gguf::open(first).error().to_string(), HasSubstr("is not part 2 of 2"));
}

TEST(GgmlTypes, IdsAndNamesAreUnique) {
  for (const GgmlType& type : ggml_types()) {
    EXPECT_EQ(ggml_type(type.id), &type);
    EXPECT_EQ(ggml_type(type.name), &type);
    EXPECT_GT(type.block_bytes, 0u);
  }
  EXPECT_EQ(ggml_type(uint32_t{4}), nullptr);
}

}  // namespace
}  // namespace malmoi::formats
