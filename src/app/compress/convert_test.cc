// Models to GGUF and back: of every family that llama.cpp has, with the same logits; and quantised, with nearly the same.
#include "app/compress/convert.h"

#include "app/compress/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "base/json.h"
#include "base/test_folder.h"
#include "formats/gguf.h"
#include "infer/session.h"
#include "model/load.h"
#include "model/registry.h"

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

// Logits of each row, or hidden states where a file has no head.
std::vector<float> logits_of(const Path& path, DType dtype) {
  auto model = model::load_model(path, {.dtype = dtype});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  if (!model.ok()) return {};
  auto session = infer::Session::create(**model, {});
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 24; ++i) ids.push_back((i * 7 + 3) % static_cast<int32_t>((*model)->vocab_size()));
  const nn::RunInput text{.ids = ids};
  const auto rows = static_cast<int64_t>(ids.size());
  if ((*model)->task() == model::Task::kSeq2Seq) (*session)->add({.ids = ids}, rows, &text);
  else (*session)->add(text, (*model)->head ? rows : 0);
  auto values_of = [](const auto& values) {
    EXPECT_TRUE(values.ok()) << values.error().to_string();
    return values.ok() ? std::vector<float>(values->begin(), values->end()) : std::vector<float>();
  };
  return (*model)->head ? values_of((*session)->logits()) : values_of((*session)->hidden());
}

double relative_distance(const std::vector<float>& wanted, const std::vector<float>& got) {
  EXPECT_EQ(wanted.size(), got.size());
  double off = 0, all = 0;
  for (size_t i = 0; i < wanted.size() && i < got.size(); ++i)
    off += std::pow(static_cast<double>(wanted[i] - got[i]), 2), all += std::pow(static_cast<double>(wanted[i]), 2);
  return std::sqrt(off / all);
}

// What is said where it cannot be; empty: it was.
std::string convert(const Path& from, const Path& to) {
  ConvertOptions options{.from = from.string(), .to = to, .type = "", .dtype = {}};
  if (to.extension() != ".gguf") options.dtype = DType::kF32;
  auto converted = convert_model(options, {});
  if (!converted.ok()) return converted.error().to_string();
  EXPECT_EQ(converted->has_value(), to.extension() == ".gguf");
  return "";
}

// From a file to a folder, and from that to a file again.
TEST(Convert, EveryFamilyComesBackWithItsLogits) {
  std::set<std::string> written;
  for (const Path& golden : gguf_goldens()) {
    auto config = model::load_config(golden);
    ASSERT_TRUE(config.ok());
    SCOPED_TRACE(golden.string());
    const std::string family = (*config)->model_type();
    const Path folder = test_folder("convert") / "model", file = test_folder("back") / "model.gguf";
    ASSERT_EQ(convert(golden, folder), "");
    if ((*config)->task() == model::Task::kFeatures) {
      std::filesystem::remove(folder / "tokenizer.json");  // of bytes, which no text of BERT's becomes
    }
    const std::vector<float> wanted = logits_of(golden, DType::kF32);
    EXPECT_LT(relative_distance(wanted, logits_of(folder, DType::kF32)), 1e-5);
    ASSERT_EQ(convert(folder, file), "");
    written.insert(family);
    EXPECT_LT(relative_distance(wanted, logits_of(file, DType::kF32)), 1e-5);
  }
  for (const model::Family* family : model::family_table()) {
    if (!family->gguf || !family->gguf->read_as.empty()) continue;
    EXPECT_TRUE(written.contains(std::string(family->model_type))) << family->model_type;
  }
}

// A folder of a golden with other fields.
Path changed_golden(const std::string& name, const std::function<void(Json&)>& change) {
  const Path from = Path(MALMOI_TEST_DATA) / "models" / name, to = test_folder("changed_" + name);
  for (const auto& entry : std::filesystem::directory_iterator(from))
    if (entry.path().filename() != "config.json") std::filesystem::copy(entry.path(), to);
  Json config = *read_json((from / "config.json").string(), 1 << 20);
  change(config);
  EXPECT_TRUE(write_file(to / "config.json", dump_json(config)).ok());
  return to;
}

// Mistral without a window is Llama there.
TEST(Convert, MistralIsWrittenAsLlama) {
  const Path file = test_folder("mistral") / "model.gguf";
  EXPECT_THAT(convert(Path(MALMOI_TEST_DATA) / "models" / "mistral", file), HasSubstr("'sliding_window'"));
  const Path folder = changed_golden("mistral", [](Json& config) { config["sliding_window"] = nullptr; });
  ASSERT_EQ(convert(folder, file), "");
  EXPECT_EQ((*model::load_config(file))->model_type(), "llama");
  EXPECT_LT(relative_distance(logits_of(folder, DType::kF32), logits_of(file, DType::kF32)), 1e-5);
}

// Those are BERT there, without the positions that only padding has; and mT5 is T5.
TEST(Convert, KinAreWrittenAsTheFamilyThatLlamaCppKnows) {
  struct Case {
    const char *golden, *architecture, *read_as;
  };
  for (auto [golden, architecture, read_as] :
       {Case{"roberta", "RobertaModel", "bert"}, Case{"xlm-roberta", "XLMRobertaModel", "bert"},
        Case{"mt5", "MT5ForConditionalGeneration", "t5"}}) {
    SCOPED_TRACE(golden);
    const Path file = test_folder("kin") / "model.gguf";
    const Path folder = changed_golden(golden, [&](Json& config) {
      config["architectures"] = {architecture};
      if (config.contains("hidden_act")) config["hidden_act"] = "gelu";
      if (config.contains("relative_attention_max_distance")) config["relative_attention_max_distance"] = 128;
    });
    ASSERT_EQ(convert(folder, file), "");
    EXPECT_EQ((*model::load_config(file))->model_type(), read_as);
    EXPECT_LT(relative_distance(logits_of(folder, DType::kF32), logits_of(file, DType::kF32)), 1e-5);
  }
}

// Numbers that llama.cpp has written in, and shapes that it takes for granted.
TEST(Convert, WhatLlamaCppTakesForGrantedIsRefusedOtherwise) {
  const Path out = test_folder("granted") / "model.gguf", models = Path(MALMOI_TEST_DATA) / "models";
  EXPECT_THAT(convert(models / "t5", out), HasSubstr("'relative_attention_max_distance' (20)"));
  EXPECT_THAT(convert(models / "qwen3_next", out), HasSubstr("'linear_value_head_dim'"));
  EXPECT_THAT(convert(models / "falcon_h1-norm", out), HasSubstr("'attention_bias' (true)"));
  EXPECT_THAT(convert(models / "deepseek_v3-halves", out), HasSubstr("'attention_bias' (true)"));
  EXPECT_FALSE(malmoi::exists(out));
}

TEST(Convert, WhatIsForTheOtherSideIsRefused) {
  const std::string golden = (Path(MALMOI_TEST_DATA) / "gguf" / "llama-q4_0" / "model.gguf").string();
  const Path out = test_folder("other_side");
  auto said = [](const ConvertOptions& options) {
    auto converted = convert_model(options, {});
    return converted.ok() ? "converted" : converted.error().to_string();
  };
  EXPECT_THAT(said({.from = golden, .to = out / "x.gguf", .type = "", .dtype = DType::kF32}), HasSubstr("--dtype"));
  EXPECT_THAT(said({.from = golden, .to = out / "x", .type = "q8_0", .dtype = {}}), HasSubstr("--type"));
  EXPECT_FALSE(malmoi::exists(out / "x.gguf"));
}

// What llama.cpp has no key for is not left out silently.
TEST(Convert, WhatGgufCannotSayIsNamed) {
  const Path out = test_folder("named") / "model.gguf", models = Path(MALMOI_TEST_DATA) / "models";
  EXPECT_THAT(convert(models / "gemma", out), HasSubstr("'attention_bias' (true)"));
  EXPECT_THAT(convert(models / "phi", out), HasSubstr("'qk_layernorm' (true)"));
  EXPECT_THAT(convert(models / "mbart", out), HasSubstr("family mbart"));
  auto with_rope = [](const Json& rope) {
    return changed_golden("olmo2", [&](Json& config) {
      config.erase("rope_parameters");
      config["rope_theta"] = 10000.0;
      config["rope_scaling"] = rope;
    });
  };
  EXPECT_THAT(convert(with_rope({{"rope_type", "dynamic"}, {"factor", 2.0}}), out), HasSubstr("'dynamic'"));
  const Json yarn = {
      {"rope_type", "yarn"}, {"factor", 2.0}, {"original_max_position_embeddings", 32}, {"truncate", false}};
  EXPECT_THAT(convert(with_rope(yarn), out), HasSubstr("'truncate'"));
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

// A text goes through every matrix; what it says changes what is written, and the change is measured.
TEST(Quantize, ATextCalibratesAndMeasures) {
  const std::string model = (Path(MALMOI_TEST_DATA) / "gguf" / "llama-q4_k" / "model.gguf").string();
  const Path folder = test_folder("calibrate"), text = folder / "text.txt";
  std::string words;
  for (int i = 0; i < 200; ++i) words += "word " + std::to_string(i * i) + (i % 10 == 9 ? "\n" : " ");
  ASSERT_TRUE(write_file(text, words).ok());
  auto importance = calibrate(model, text, {});
  ASSERT_TRUE(importance.ok()) << importance.error().to_string();
  for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.ffn_down.weight"}) {
    ASSERT_TRUE(importance->contains(name)) << name;
    for (float counts : importance->at(name)) EXPECT_GT(counts, 0);
  }
  EXPECT_EQ(importance->at("blk.0.attn_q.weight"), importance->at("blk.0.attn_k.weight"));  // they read the same rows

  auto quantized = [&](const std::optional<Path>& calibration, const char* name) {
    auto report = quantize_model({.model = model,
                                  .type = "q4_0",
                                  .out = folder / name,
                                  .tensors = {},
                                  .calibration = calibration,
                                  .measure = text},
                                 {});
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return *std::move(report);
  };
  const QuantizeReport plain = quantized({}, "plain.gguf"), calibrated = quantized(text, "calibrated.gguf");
  EXPECT_GT(plain.divergence->tokens, 100);
  EXPECT_GT(plain.divergence->kl, 0);
  EXPECT_LT(calibrated.divergence->kl, plain.divergence->kl);
  EXPECT_GT(to_json(plain)["perplexity_after"], 1.0);
  auto itself = measure_loss(model, model, text, {});
  ASSERT_TRUE(itself.ok());
  EXPECT_EQ(itself->kl, 0);
  EXPECT_EQ(itself->same_top, 1);
  ASSERT_TRUE(write_file(folder / "nothing.jsonl", "{\"text\": \"\"}\n").ok());
  auto of_nothing = measure_loss(model, model, folder / "nothing.jsonl", {});
  ASSERT_FALSE(of_nothing.ok()) << "no perplexity of 1";
  EXPECT_THAT(of_nothing.error().to_string(), HasSubstr("nothing.jsonl"));
}

TEST(Quantize, WhatCannotBeIsNamed) {
  const std::string model = (Path(MALMOI_TEST_DATA) / "gguf" / "llama-q4_0" / "model.gguf").string();
  const Path out = test_folder("refused") / "model.gguf";
  auto said = [&](const QuantizeOptions& options) { return quantize_model(options, {}).error().to_string(); };
  EXPECT_THAT(said({.model = model, .type = "q7", .out = out, .tensors = {}}), HasSubstr("'q7' is not known"));
  EXPECT_THAT(said({.model = model, .type = "q8_0", .out = out, .tensors = {"nothing=q8_0"}}),
              HasSubstr("no matrix matches"));
  EXPECT_THAT(said({.model = model, .type = "q8_0", .out = model, .tensors = {}}), HasSubstr("is the model itself"));
  const std::string bert = (Path(MALMOI_TEST_DATA) / "models" / "albert").string();
  EXPECT_THAT(
      said({.model = model, .type = "q8_0", .out = out, .tensors = {}, .calibration = {}, .measure = "no such text"}),
      HasSubstr("no such text"));
  EXPECT_THAT(said({.model = bert, .type = "q8_0", .out = out, .tensors = {}}), HasSubstr("not written there"));
  EXPECT_FALSE(malmoi::exists(out));
}

}  // namespace
}  // namespace malmoi::app
