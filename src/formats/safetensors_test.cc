// Tests of safetensors: files written and read back, and headers that lie.
#include "base/test_folder.h"
#include "formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace malmoi::formats {
namespace {

std::string file_of(const std::string& header, size_t data_bytes) {
  uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + std::string(data_bytes, 'x');
}

std::string error_of(const std::string& header, size_t data_bytes) {
  auto parsed = parse_safetensors(file_of(header, data_bytes), "f");
  return parsed.ok() ? "" : parsed.error().to_string();
}

Path fresh_folder(const std::string& name) {
  Path folder = test_folder("malmoi_safetensors_" + name);
  return folder;
}

TensorSource source_of(const std::vector<std::string>& contents) {
  return [&contents](size_t i, const TensorSink& sink) -> Status {
    // In two pieces, as a caller that converts by blocks would.
    auto bytes = std::as_bytes(std::span(contents[i]));
    MALMOI_TRY(sink(bytes.first(bytes.size() / 2)));
    return sink(bytes.subspan(bytes.size() / 2));
  };
}

const std::vector<TensorSpec> kSpecs = {{"b", ElementType::kU8, {3}},
                                        {"a", ElementType::kF32, {2, 1}},
                                        {"s", ElementType::kI64, {}},
                                        {"empty", ElementType::kBF16, {0, 4}}};
const std::vector<std::string> kContents = {"abc", "12345678", "ABCDEFGH", ""};

TEST(Safetensors, ReadsBackWhatWasWritten) {
  Path file = fresh_folder("one") / "x.safetensors";
  ASSERT_TRUE(write_safetensors(file, kSpecs, source_of(kContents)).ok());
  auto read = Safetensors::open(file);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  ASSERT_EQ(read->tensors().size(), 4u);
  for (size_t i = 0; i < kSpecs.size(); ++i) {
    const TensorView* view = read->find(kSpecs[i].name);
    ASSERT_NE(view, nullptr);
    EXPECT_EQ(view->type, kSpecs[i].type);
    EXPECT_EQ(view->shape, kSpecs[i].shape);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(view->bytes.data()), view->bytes.size()), kContents[i]);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view->bytes.data()) % element_size(view->type), 0u) << "aligned when mapped";
  }
  EXPECT_EQ(read->find("c"), nullptr);
  EXPECT_EQ(read->metadata().at("format"), "pt");
}

TEST(Safetensors, ShardsAboveTheLimitAndClearsTheEarlierModel) {
  Path folder = fresh_folder("shards");
  ASSERT_TRUE(write_safetensors_folder(folder, kSpecs, source_of(kContents)).ok());
  EXPECT_TRUE(std::filesystem::exists(folder / "model.safetensors"));
  SafetensorsOptions small;
  small.max_shard_bytes = 11;
  ASSERT_TRUE(write_safetensors_folder(folder, kSpecs, source_of(kContents), small).ok());
  EXPECT_FALSE(std::filesystem::exists(folder / "model.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(folder / "model-00002-of-00002.safetensors"));
  auto read = Safetensors::open_folder(folder);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->tensors().size(), 4u);
  EXPECT_THAT(*read_file(folder / "model.safetensors.index.json"), testing::HasSubstr("\"total_size\": 19"));
  ASSERT_TRUE(write_safetensors_folder(folder, kSpecs, source_of(kContents)).ok());
  EXPECT_FALSE(std::filesystem::exists(folder / "model.safetensors.index.json"));
  EXPECT_FALSE(std::filesystem::exists(folder / "model-00001-of-00002.safetensors"));
}

TEST(Safetensors, ASourceThatStopsEarlyLeavesNoFile) {
  Path file = fresh_folder("short") / "x.safetensors";
  std::vector<std::string> contents = kContents;
  contents[1] = "123";
  EXPECT_FALSE(write_safetensors(file, kSpecs, source_of(contents)).ok());
  contents[1] = "123456789";
  EXPECT_FALSE(write_safetensors(file, kSpecs, source_of(contents)).ok());
  EXPECT_TRUE(std::filesystem::is_empty(file.parent_path()));
}

TEST(Safetensors, AcceptsWhatTheFormatAllows) {
  EXPECT_EQ(error_of("{}", 0), "");
  EXPECT_EQ(error_of(R"({"__metadata__":{"format":"pt"}}   )", 0), "");
  EXPECT_EQ(
      error_of(
          R"({"z":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})",
          8),
      "");
}

TEST(Safetensors, RefusesHeadersThatLie) {
  using testing::HasSubstr;
  auto one = [](const std::string& type, const std::string& shape, const std::string& offsets) {
    return R"({"t":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  EXPECT_THAT(error_of(one("F32", "[2]", "[0,8]"), 4), HasSubstr("truncated"));
  EXPECT_THAT(error_of(one("F32", "[2]", "[0,8]"), 9), HasSubstr("1 bytes at the end"));
  EXPECT_THAT(error_of(one("F32", "[2]", "[0,4]"), 4), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(error_of(one("F32", "[2]", "[8,0]"), 8), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(error_of(one("F32", "[1]", "[4,8]"), 8), HasSubstr("hole"));
  EXPECT_THAT(error_of(one("Q7", "[1]", "[0,4]"), 4), HasSubstr("'Q7' is not supported"));
  EXPECT_THAT(error_of(one("F32", "[4294967296,4294967296]", "[0,0]"), 0), HasSubstr("too large"));
  EXPECT_THAT(error_of(one("F64", "[2305843009213693952]", "[0,0]"), 0), HasSubstr("too large"));
  EXPECT_THAT(error_of(one("F32", "[18446744073709551615]", "[0,4]"), 4), HasSubstr("too large"));
  EXPECT_THAT(error_of(one("F32", "[-1]", "[0,4]"), 4), HasSubstr("negative"));
  EXPECT_THAT(error_of(one("F32", "[1.5]", "[0,4]"), 4), HasSubstr("fraction"));
  EXPECT_THAT(error_of(one("F32", "[[1]]", "[0,4]"), 4), HasSubstr("unexpected a list"));
  EXPECT_THAT(error_of(one("F32", "[1]", "[0,4,8]"), 4), HasSubstr("unexpected a number"));
  EXPECT_THAT(error_of(one("F32", "[1]", "[0]"), 4), HasSubstr("two data_offsets"));
  EXPECT_THAT(error_of(R"({"t":{"dtype":"F32","shape":[1]}})", 4), HasSubstr("data_offsets"));
  EXPECT_THAT(error_of(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4),
              HasSubstr("unknown field"));
  EXPECT_THAT(
      error_of(
          R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
          3),
      HasSubstr("overlaps"));
  EXPECT_THAT(
      error_of(
          R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
          0),
      HasSubstr("stands twice"));
  EXPECT_THAT(error_of("{\"a\":" + std::string(100000, '['), 0), HasSubstr("unexpected a list"));
  EXPECT_THAT(error_of("{\"a\":", 0), HasSubstr("malformed JSON"));
  EXPECT_THAT(error_of("[]", 0), HasSubstr("does not begin with '{'"));
  EXPECT_THAT(error_of("{\"a\":null}", 0), HasSubstr("unexpected null"));
  EXPECT_THAT(error_of("{\"a\":3}", 0), HasSubstr("unexpected a number"));
}

TEST(Safetensors, RefusesLengthsBeyondTheFile) {
  std::string file(8, '\xff');
  EXPECT_FALSE(parse_safetensors(file, "f").ok());
  EXPECT_FALSE(parse_safetensors("", "f").ok());
  file = file_of("{}", 0);
  file[0] = 3;
  EXPECT_FALSE(parse_safetensors(file, "f").ok());
}

TEST(Safetensors, AnIndexMustNameFilesOfItsFolderThatHoldItsTensors) {
  Path folder = fresh_folder("index");
  EXPECT_EQ(Safetensors::open_folder(folder).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(write_safetensors(folder / "s.safetensors", kSpecs, source_of(kContents)).ok());
  Path index = folder / "model.safetensors.index.json";
  auto open = [&](const std::string& text) {
    EXPECT_TRUE(write_file(index, text).ok());
    auto opened = Safetensors::open_folder(folder);
    return opened.ok() ? "" : opened.error().to_string();
  };
  EXPECT_EQ(open(R"({"weight_map":{"a":"s.safetensors","b":"s.safetensors"}})"), "");
  EXPECT_THAT(open(R"({"weight_map":{"zz":"s.safetensors"}})"), testing::HasSubstr("is not in s.safetensors"));
  EXPECT_THAT(open(R"({"weight_map":{"a":"../s.safetensors"}})"), testing::HasSubstr("no file of the folder"));
  EXPECT_THAT(open(R"({"weight_map":{"a":1}})"), testing::HasSubstr("no file name"));
  EXPECT_THAT(open(R"({"weight_map":[]})"), testing::HasSubstr("no weight_map"));
  EXPECT_THAT(open("[1]"), testing::HasSubstr("no weight_map"));
  ASSERT_TRUE(write_safetensors(folder / "t.safetensors", kSpecs, source_of(kContents)).ok());
  EXPECT_THAT(open(R"({"weight_map":{"a":"s.safetensors","b":"t.safetensors"}})"), testing::HasSubstr("stands twice"));
}

}  // namespace
}  // namespace malmoi::formats
