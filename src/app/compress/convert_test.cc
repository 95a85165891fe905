// Models to GGUF and back: of every family that llama.cpp has, with the same logits; and quantised, with nearly the same.
#include "app/compress/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/test_folder.h"
#include "formats/gguf.h"
#include "infer/session.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

using ::testing::HasSubstr;

// Files of every family as llama.cpp's converter writes them.
std::vector<Path> gguf_goldens() {
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::directory_iterator(Path(MALMOI_TEST_DATA) / "gguf"))
    if (malmoi::exists(entry.path() / "model.gguf")) files.push_back(entry.path() / "model.gguf");
  std::ranges::sort(files);
  return files;
}

std::vector<float> logits_of(const Path& path, DType dtype) {
  auto model = model::load_model(path, {.dtype = dtype});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  if (!model.ok()) return {};
  auto session = infer::Session::create(**model, {});
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 24; ++i) ids.push_back((i * 7 + 3) % static_cast<int32_t>((*model)->vocab_size()));
  (*session)->add({.ids = ids}, static_cast<int64_t>(ids.size()));
  auto logits = (*session)->logits();
  EXPECT_TRUE(logits.ok()) << logits.error().to_string();
  return logits.ok() ? std::vector<float>(logits->begin(), logits->end()) : std::vector<float>();
}

double relative_distance(const std::vector<float>& wanted, const std::vector<float>& got) {
  EXPECT_EQ(wanted.size(), got.size());
  double off = 0, all = 0;
  for (size_t i = 0; i < wanted.size() && i < got.size(); ++i)
    off += std::pow(static_cast<double>(wanted[i] - got[i]), 2), all += std::pow(static_cast<double>(wanted[i]), 2);
  return std::sqrt(off / all);
}

// Families that are read from GGUF and not written yet.
const std::set<std::string> kReadAlone = {"deepseek_v2", "deepseek_v3", "exaone_moe", "lfm2", "mamba", "mamba2"};
// And one that is written where no layer has a window.
constexpr const char* kWindowed = "exaone4-window";

// From a file to a folder, and from that to a file again.
TEST(Convert, EveryFamilyComesBackWithItsLogits) {
  std::set<std::string> written;
  for (const Path& golden : gguf_goldens()) {
    auto config = model::load_config(golden);
    ASSERT_TRUE(config.ok());
    if ((*config)->task() != model::Task::kCausalLm) continue;
    SCOPED_TRACE(golden.string());
    const std::string family = (*config)->model_type();
    const Path folder = test_folder("convert") / "model", file = test_folder("back") / "model.gguf";
    Status converted = convert_to_folder(golden, folder, DType::kF32, {});
    ASSERT_TRUE(converted.ok()) << converted.error().to_string();
    const std::vector<float> wanted = logits_of(golden, DType::kF32);
    EXPECT_LT(relative_distance(wanted, logits_of(folder, DType::kF32)), 1e-5);
    auto report = quantize_model({.model = folder.string(), .type = "", .out = file, .tensors = {}}, {});
    const bool read_alone = kReadAlone.contains(family) || golden.parent_path().filename() == kWindowed;
    EXPECT_EQ(report.ok(), !read_alone) << (report.ok() ? family : report.error().to_string());
    if (!report.ok()) continue;
    written.insert(family);
    EXPECT_LT(relative_distance(wanted, logits_of(file, DType::kF32)), 1e-5);
  }
  EXPECT_GE(written.size(), 15u);
}

// What llama.cpp has no key for is not left out silently.
TEST(Convert, WhatGgufCannotSayIsNamed) {
  const std::pair<const char*, const char*> kFields[] = {
      {"gemma", "'attention_bias' (true)"}, {"phi", "'qk_layernorm' (true)"}, {"mbart", "family mbart"}};
  const Path out = test_folder("named") / "model.gguf";
  for (auto [name, said] : kFields) {
    const std::string folder = (Path(MALMOI_TEST_DATA) / "models" / name).string();
    EXPECT_THAT(quantize_model({.model = folder, .type = "", .out = out, .tensors = {}}, {}).error().to_string(),
                HasSubstr(said));
  }
  EXPECT_FALSE(malmoi::exists(out));
}

TEST(Quantize, LogitsStayNear) {
  const Path folder = Path(MALMOI_TEST_DATA) / "gguf" / "llama-q4_k" / "model.gguf";  // 256 wide: fills every block
  const std::vector<float> wanted = logits_of(folder, DType::kF32);
  const std::pair<const char*, double> kMost[] = {{"q8_0", 0.02}, {"q6_k", 0.05}, {"q5_k_m", 0.1}, {"q4_1", 0.2}};
  for (auto [type, most] : kMost) {
    const Path file = test_folder("quantize") / "model.gguf";
    auto report = quantize_model({.model = folder.string(), .type = type, .out = file, .tensors = {}}, {});
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_LT(relative_distance(wanted, logits_of(file, DType::kF32)), most) << type;
    // Bytes are multiplied where rows are bf16; that costs little beside.
    EXPECT_LT(relative_distance(wanted, logits_of(file, DType::kBF16)), most + 0.05) << type;
    EXPECT_EQ(to_json(*report)["out"], file.string());
  }
}

TEST(Quantize, WhatCannotBeIsNamed) {
  const std::string model = (Path(MALMOI_TEST_DATA) / "gguf" / "llama-q4_0" / "model.gguf").string();
  const Path out = test_folder("refused") / "model.gguf";
  auto said = [&](const QuantizeOptions& options) { return quantize_model(options, {}).error().to_string(); };
  EXPECT_THAT(said({.model = model, .type = "q7", .out = out, .tensors = {}}), HasSubstr("'q7' is not known"));
  EXPECT_THAT(said({.model = model, .type = "q8_0", .out = out, .tensors = {"nothing=q8_0"}}),
              HasSubstr("no tensor matches"));
  EXPECT_THAT(said({.model = model, .type = "q8_0", .out = model, .tensors = {}}), HasSubstr("is the model itself"));
  const std::string bert = (Path(MALMOI_TEST_DATA) / "models" / "albert").string();
  EXPECT_THAT(said({.model = bert, .type = "q8_0", .out = out, .tensors = {}}), HasSubstr("not written there"));
  EXPECT_FALSE(malmoi::exists(out));
}

}  // namespace
}  // namespace malmoi::app
