// Tests of merges of whole folders: small published models, moved by known amounts.
#include "merge/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/test_folder.h"
#include "formats/safetensors.h"
#include "model/load.h"
#include "model/stored_values.h"

namespace malmoi::merge {
namespace {

using testing::HasSubstr;

using Values = std::map<std::string, std::vector<float>>;

Path fixture(const std::string& name) { return Path(MALMOI_TEST_DATA) / "models" / name; }

Values values_of(const Path& folder) {
  Values values;
  auto weights = formats::open_weights(folder);
  EXPECT_TRUE(weights.ok()) << weights.error().to_string();
  if (!weights.ok()) return values;
  for (const auto& tensor : (*weights)->tensors()) values[tensor.name] = *model::stored_values(tensor, "");
  return values;
}

// The model with every element changed, in f32.
Path changed(const std::string& fixture_name, const std::string& name, const std::function<float(float)>& change) {
  const Path from = fixture(fixture_name), to = test_folder(name);
  std::filesystem::copy_file(from / "config.json", to / "config.json");
  auto weights = formats::open_weights(from);
  EXPECT_TRUE(weights.ok());
  std::vector<formats::TensorSpec> specs;
  for (const auto& tensor : (*weights)->tensors())
    specs.push_back({tensor.name, formats::ElementType::kF32, tensor.shape});
  const auto written = formats::write_safetensors_folder(to, specs, [&](size_t i, const formats::TensorSink& sink) {
    std::vector<float> values = *model::stored_values((*weights)->tensors()[i], "");
    for (float& value : values) value = change(value);
    return sink(std::as_bytes(std::span(values)));
  });
  EXPECT_TRUE(written.ok());
  return to;
}

Path moved(const std::string& name, float by) {
  return changed("mistral", name, [by](float x) { return x + by; });
}

// Merges by a recipe in which models are named by single letters.
Result<MergeReport> run(const std::string& yaml, const std::map<std::string, Path>& models, const Path& out,
                        std::vector<std::string>* warnings = nullptr) {
  auto document = parse_config(yaml, "recipe.yaml");
  if (!document.ok()) return document.error();
  auto recipe = read_recipe(*document, {});
  if (!recipe.ok()) return recipe.error();
  std::vector<Path> folders;
  for (const std::string& name : recipe->models()) folders.push_back(models.at(name));
  Job job;
  job.warn = [&](const std::string& line) {
    if (warnings) warnings->push_back(line);
  };
  return merge_models(*recipe, folders, out, 1, job);
}

class Merges : public testing::Test {
 protected:
  void SetUp() override {
    models_ = {{"b", fixture("mistral")}, {"x", moved("x", 0.5f)}, {"y", moved("y", -0.25f)}};
    out_ = test_folder("out");
    base_ = values_of(models_["b"]);
  }
  void expect_moved(const std::function<float(const std::string& name)>& by) {
    const Values merged = values_of(out_);
    ASSERT_EQ(merged.size(), base_.size());
    for (const auto& [name, values] : base_) {
      ASSERT_EQ(merged.at(name).size(), values.size()) << name;
      for (size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(merged.at(name)[i], values[i] + by(name), 3e-6) << name;
    }
    EXPECT_TRUE(model::load_model(out_, {}).ok());
  }
  std::string error_of(const std::string& yaml) {
    const auto report = run(yaml, models_, out_);
    return report.ok() ? "accepted" : report.error().to_string();
  }

  std::map<std::string, Path> models_;
  Path out_;
  Values base_;
};

TEST_F(Merges, TaskVectorsAddUp) {
  const auto report =
      run("{merge_method: task_arithmetic, base_model: b, models: [{model: x, parameters: {weight: 1}}, "
          "{model: y, parameters: {weight: 2}}], parameters: {lambda: 3}}",
          models_, out_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->layers, 2);
  EXPECT_EQ(report->tensors, base_.size());
  expect_moved([](const std::string&) { return 0.0f; });
}

TEST_F(Merges, TiesTakesTheLargerSide) {
  ASSERT_TRUE(run("{merge_method: ties, base_model: b, models: [{model: x}, {model: y}], parameters: {weight: 1}}",
                  models_, out_)
                  .ok());
  expect_moved([](const std::string&) { return 0.5f; });
}

TEST_F(Merges, AListRunsOverTheLayers) {
  ASSERT_TRUE(run("{merge_method: linear, models: [{model: x, parameters: {weight: [0, 1]}}, "
                  "{model: y, parameters: {weight: [1, 0]}}]}",
                  models_, out_)
                  .ok());
  expect_moved([](const std::string& name) { return name.find("layers.1.") != std::string::npos ? 0.5f : -0.25f; });
}

TEST_F(Merges, FiltersGoByName) {
  ASSERT_TRUE(run("{merge_method: slerp, base_model: b, models: [{model: b}, {model: x}], "
                  "parameters: {t: [{filter: input_layernorm, value: 1}, {value: 0}]}}",
                  models_, out_)
                  .ok());
  expect_moved([](const std::string& name) { return name.find("input_layernorm") != std::string::npos ? 0.5f : 0; });
}

TEST_F(Merges, SlicesPutLayersBehindOneAnother) {
  const auto report =
      run("{merge_method: passthrough, slices: [{sources: [{model: b, layer_range: [0, 2]}]}, "
          "{sources: [{model: x, layer_range: [1, 2]}]}]}",
          models_, out_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->layers, 3);
  const Values merged = values_of(out_);
  const Values x = values_of(models_["x"]);
  EXPECT_EQ(merged.at("model.layers.1.mlp.up_proj.weight"), base_.at("model.layers.1.mlp.up_proj.weight"));
  EXPECT_EQ(merged.at("model.layers.2.mlp.up_proj.weight"), x.at("model.layers.1.mlp.up_proj.weight"));
  EXPECT_EQ(merged.at("model.embed_tokens.weight"), base_.at("model.embed_tokens.weight"));
  EXPECT_EQ(merged.at("model.norm.weight"), x.at("model.norm.weight"));
  auto model = model::load_model(out_, {});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  EXPECT_EQ((*model)->num_layers(), 3);
}

TEST_F(Merges, RoundsOnceToTheTypeThatIsAskedFor) {
  ASSERT_TRUE(run("{merge_method: passthrough, models: [{model: b}], out_dtype: bfloat16}", models_, out_).ok());
  auto weights = formats::open_weights(out_);
  ASSERT_TRUE(weights.ok());
  for (const auto& tensor : (*weights)->tensors()) {
    EXPECT_EQ(tensor.type, formats::ElementType::kBF16);
    const std::vector<float> values = *model::stored_values(tensor, "");
    for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], to_float(to_bf16(base_.at(tensor.name)[i])));
  }
}

TEST_F(Merges, ATiedHeadStaysTied) {
  const std::map<std::string, Path> tied = {{"b", fixture("qwen3")}, {"x", fixture("qwen3")}};
  const auto report =
      run("{merge_method: linear, models: [{model: b}, {model: x}], parameters: {weight: 1}}", tied, out_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(values_of(out_), values_of(fixture("qwen3")));
}

TEST_F(Merges, SaysWhatIsMissing) {
  EXPECT_THAT(error_of("{merge_method: ties, models: [{model: x}, {model: y}], parameters: {weight: 1}}"),
              HasSubstr("ties needs a base_model"));
  EXPECT_THAT(error_of("{merge_method: ties, base_model: b, models: [{model: x}]}"), HasSubstr("no weight"));
  EXPECT_THAT(error_of("{merge_method: slerp, base_model: b, models: [{model: x}]}"), HasSubstr("no t is given"));
  EXPECT_THAT(error_of("{merge_method: slerp, base_model: b, models: [{model: x}, {model: y}], parameters: {t: 1}}"),
              HasSubstr("slerp takes 2 models"));
  EXPECT_THAT(error_of("{merge_method: model_stock, base_model: b, models: [{model: x}]}"), HasSubstr("at least 3"));
  EXPECT_THAT(error_of("{merge_method: passthrough, models: [{model: x}, {model: y}]}"), HasSubstr("takes 1 model"));
  EXPECT_THAT(error_of("{merge_method: passthrough, slices: [{sources: [{model: x, layer_range: [0, 3]}]}]}"),
              HasSubstr("has 2 layers, not 3"));
}

TEST_F(Merges, RefusesModelsThatDoNotFit) {
  models_["q"] = fixture("qwen3");
  models_["g"] = Path(MALMOI_TEST_DATA) / "gguf" / "llama-q8_0" / "model.gguf";
  const std::string two = ", models: [{model: b}, {model: ";
  EXPECT_THAT(error_of("{merge_method: linear" + two + "q}], parameters: {weight: 1}}"),
              HasSubstr("within one family"));
  EXPECT_THAT(error_of("{merge_method: linear" + two + "g}], parameters: {weight: 1}}"), HasSubstr("malmoi convert"));
  models_["n"] = changed("mistral", "n", [](float) { return std::numeric_limits<float>::quiet_NaN(); });
  EXPECT_THAT(error_of("{merge_method: linear" + two + "n}], parameters: {weight: 1}}"), HasSubstr("is not finite"));
  EXPECT_THAT(error_of("{merge_method: linear" + two +
                       "x}], parameters: {weight: 1e30}, out_dtype: float16, dtype: "
                       "float32}"),
              HasSubstr("accepted"));  // normalised
  EXPECT_THAT(
      error_of("{merge_method: linear" + two + "x}], parameters: {weight: 1e30, normalize: 0}, out_dtype: float16}"),
      HasSubstr("would be"));
}

TEST_F(Merges, RefusesAnotherVocabularyOrSize) {
  const Path other = test_folder("other");
  std::filesystem::copy_file(fixture("mistral") / "model.safetensors", other / "model.safetensors");
  auto config = read_json((fixture("mistral") / "config.json").string());
  ASSERT_TRUE(config.ok());
  (*config)["vocab_size"] = 120;
  ASSERT_TRUE(write_file(other / "config.json", dump_json(*config)).ok());
  models_["v"] = other;
  EXPECT_THAT(error_of("{merge_method: linear, models: [{model: b}, {model: v}], parameters: {weight: 1}}"),
              HasSubstr("the config asks for [120, 48]"));
}

}  // namespace
}  // namespace malmoi::merge
