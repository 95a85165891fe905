// Tests of model/: published configs, their mistakes, and files that do not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "base/file.h"
#include "formats/safetensors.h"
#include "model/load.h"
#include "model/registry.h"
#include "model/save.h"

namespace malmoi::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::string& json) {
  ConfigDocument document;
  document.file = "config.json";
  document.root = *parse_json(json, "config.json");
  auto model = make_model(document, document.root);
  return model.ok() ? "accepted" : model.error().to_string();
}

TEST(Configs, WhatIsUnknownOrContradictoryIsNamed) {
  const std::string llama =
      R"("model_type": "llama", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 64, "intermediate_size": 64)";
  EXPECT_EQ(refusal("{" + llama + "}"), "accepted");
  EXPECT_EQ(refusal("{" + llama + R"(, "use_cache": true, "_name_or_path": "x", "sliding_window": null})"), "accepted");
  EXPECT_THAT(refusal("{" + llama + R"(, "sliding_window": 8})"), HasSubstr("sliding_window"));
  EXPECT_THAT(refusal("{" + llama + R"(, "logit_scale": 2})"), HasSubstr("logit_scale"));
  EXPECT_THAT(refusal("{" + llama + R"(, "num_key_value_heads": 3})"), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(refusal("{" + llama + R"(, "rope_scaling": {"type": "su", "factor": 2}})"), HasSubstr("rope_scaling"));
  EXPECT_THAT(refusal("{" + llama + R"(, "rope_scaling": {"type": "linear"}})"), HasSubstr("factor"));
  EXPECT_THAT(refusal("{" + llama + R"(, "hidden_act": "mish"})"), HasSubstr("hidden_act"));
  EXPECT_THAT(refusal("{" + llama + R"(, "head_dim": 7})"), HasSubstr("even"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": -1})"), HasSubstr("hidden_size"));
  EXPECT_THAT(refusal(R"({"model_type": "nonesuch"})"), HasSubstr("nonesuch"));
  EXPECT_THAT(refusal(R"({"model_type": "gpt2", "n_embd": 48, "n_head": 4, "hidden_size": 64})"),
              HasSubstr("contradicts"));
  EXPECT_THAT(refusal(R"({"model_type": "gpt2", "n_embd": 48, "n_head": 5})"), HasSubstr("n_head"));
  EXPECT_THAT(refusal(R"({})"), HasSubstr("model_type"));
}

TEST(Configs, OlderAndNewerStylesOfRotarySettingsAgree) {
  const std::string base =
      R"("model_type": "llama", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 1, "vocab_size": 64, "intermediate_size": 64)";
  auto theta = [](const std::string& json) {
    ConfigDocument document;
    document.root = *parse_json(json, "");
    return (*make_model(document, document.root))->config()["rope_theta"].get<double>();
  };
  EXPECT_EQ(theta("{" + base + R"(, "rope_theta": 50000.0})"), 50000);
  EXPECT_EQ(theta("{" + base + R"(, "rope_parameters": {"rope_type": "default", "rope_theta": 50000.0}})"), 50000);
}

TEST(Configs, WhatAFamilyCannotHonourIsRefusedByName) {
  const std::string bert =
      R"("model_type": "bert", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 1)";
  EXPECT_EQ(refusal("{" + bert + "}"), "accepted");
  EXPECT_THAT(refusal("{" + bert + R"(, "is_decoder": true})"), HasSubstr("is_decoder"));
  EXPECT_THAT(refusal("{" + bert + R"(, "position_embedding_type": "relative_key"})"), HasSubstr("relative_key"));
  EXPECT_THAT(refusal("{" + bert + R"(, "architectures": ["BertForMultipleChoice"]})"), HasSubstr("BertForMaskedLM"));
  EXPECT_THAT(refusal("{" + bert + R"(, "_made_up": 3})"), HasSubstr("_made_up"));
  EXPECT_THAT(refusal(R"({"model_type": "t5", "feed_forward_proj": "gated-mish"})"), HasSubstr("gated-mish"));
  EXPECT_THAT(refusal(R"({"model_type": "t5", "decoder_start_token_id": 999999})"),
              HasSubstr("decoder_start_token_id"));
  EXPECT_THAT(refusal("{" + bert + R"(, "architectures": ["BertForSequenceClassification"], "num_labels": 1})"),
              HasSubstr("num_labels"));
  EXPECT_THAT(
      refusal("{" + bert + R"(, "architectures": ["BertForSequenceClassification"], "problem_type": "regression"})"),
      HasSubstr("regression"));
  EXPECT_THAT(refusal("{" + bert +
                      R"(, "architectures": ["BertForSequenceClassification"], "id2label": {"a": "x", "b": "y"}})"),
              HasSubstr("id2label"));
  EXPECT_THAT(refusal(R"({"model_type": "mixtral", "num_local_experts": 2, "num_experts_per_tok": 3})"),
              HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba2", "num_heads": 3})"), HasSubstr("num_heads"));
  EXPECT_EQ(refusal(R"({"model_type": "t5", "architectures": ["T5EncoderModel"], "is_encoder_decoder": false})"),
            "accepted");
  EXPECT_THAT(refusal(R"({"model_type": "mt5", "is_encoder_decoder": false})"), HasSubstr("MT5EncoderModel"));
  EXPECT_THAT(refusal(R"({"model_type": "mt5", "is_decoder": true})"), HasSubstr("is_decoder"));
  // Of all that is read after BART's way.
  for (const std::string name : {"bart", "mbart", "marian"}) {
    const std::string begin = R"({"model_type": ")" + name +
                              R"(", "d_model": 32, "vocab_size": 64, "pad_token_id": 1, )" +
                              R"("decoder_start_token_id": 2, )";
    EXPECT_EQ(refusal(begin + R"("eos_token_id": [2, 3]})"), "accepted") << name;
    EXPECT_EQ(refusal(begin + R"("encoder_layers": 2, "num_hidden_layers": 12})"), "accepted") << "an echo, once";
    EXPECT_THAT(refusal(begin + R"("is_decoder": true})"), HasSubstr("is_decoder"));
    EXPECT_THAT(refusal(begin + R"("is_encoder_decoder": false})"), HasSubstr("is_encoder_decoder"));
    EXPECT_THAT(refusal(begin + R"("activation_function": "mish"})"), HasSubstr("mish"));
    EXPECT_THAT(refusal(begin + R"("decoder_attention_heads": 5})"), HasSubstr("encoder_attention_heads"));
    EXPECT_THAT(refusal(begin + R"("encoder_layerdrop": 1.5})"), HasSubstr("encoder_layerdrop"));
    EXPECT_THAT(refusal(begin + R"("eos_token_id": []})"), HasSubstr("eos_token_id"));
  }
  EXPECT_THAT(refusal(R"({"model_type": "bart", "decoder_start_token_id": null})"),
              HasSubstr("decoder_start_token_id"));
  EXPECT_EQ(refusal(R"({"model_type": "mbart", "decoder_start_token_id": null})"), "accepted");
  EXPECT_THAT(refusal(R"({"model_type": "marian", "decoder_vocab_size": 99})"), HasSubstr("decoder_vocab_size"));
}

TEST(Configs, AbsurdSizesAreRefusedBeforeMemoryIsTaken) {
  const std::string huge =
      R"("hidden_size": 16777216, "num_attention_heads": 1, "intermediate_size": 16777216, "vocab_size": 16777216)";
  EXPECT_THAT(refusal(R"({"model_type": "llama", "num_hidden_layers": 16384, )" + huge + "}"), HasSubstr("parameters"));
  EXPECT_THAT(
      refusal(
          R"({"model_type": "mixtral", "num_key_value_heads": 1, "num_local_experts": 4096, "num_hidden_layers": 2, )" +
          huge + "}"),
      HasSubstr("parameters"));
  EXPECT_THAT(refusal(R"({"model_type": "mixtral", "num_local_experts": 4096, "num_hidden_layers": 16384})"),
              HasSubstr("num_local_experts"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "num_hidden_layers": 1000000})"), HasSubstr("num_hidden_layers"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": 99999999999999999999})"), HasSubstr("hidden_size"));
}

// Says whatever size is asked for, one after the other, and gives the model.
TEST(Configs, ATrainingConfigurationMustSayTheSizes) {
  for (const Family* family : family_table()) {
    ConfigDocument document;
    document.root = {{"architecture", family->model_type}, {"vocab_size", 64}};
    std::set<std::string> asked;
    while (true) {
      auto model = make_model(document, document.root, {.training = true});
      if (model.ok()) {
        EXPECT_LT((*model)->parameter_count(), 1000000) << family->model_type << " took a size of the published models";
        break;
      }
      ASSERT_THAT(model.error().what, HasSubstr("is missing")) << model.error().to_string();
      std::string key = model.error().where.substr(model.error().where.rfind(' ') + 1);
      ASSERT_TRUE(asked.insert(key).second) << key;
      bool is_width = key == "hidden_size" || key == "d_model" || key == "n_embd";
      document.root[key] = is_width ? 64 : key.find("layer") != std::string::npos ? 2 : 4;
    }
    EXPECT_GE(asked.size(), 2u) << family->model_type;
  }
}

// Each field stands once: what is published says the same again.
TEST(Configs, WhatIsPublishedMakesTheSameModel) {
  for (const Family* family : family_table()) {
    ConfigDocument document;
    document.root = {{"model_type", family->model_type}, {"num_hidden_layers", 2}};
    auto first = make_model(document, document.root);
    ASSERT_TRUE(first.ok()) << first.error().to_string();
    ConfigDocument again;
    again.root = (*first)->config();
    auto second = make_model(again, again.root);
    ASSERT_TRUE(second.ok()) << second.error().to_string();
    EXPECT_EQ(dump_json((*second)->config()), dump_json((*first)->config()));
    EXPECT_EQ((*second)->parameter_count(), (*first)->parameter_count()) << family->model_type;
  }
}

TEST(Configs, AnIdOfPaddingIsOneOfTheVocabularyOrNone) {
  for (const char* name : {"llama", "mistral", "mixtral", "olmo2", "qwen2", "qwen3", "gemma3_text", "bert", "t5",
                           "bart", "mbart", "marian"}) {
    const bool answers =
        std::string(name) == "t5" || std::string(name).ends_with("bart") || std::string(name) == "marian";
    auto told = [&](const std::string& id) {
      std::string start = answers ? R"("decoder_start_token_id": 0, )" : "";
      return refusal("{" + start + R"("model_type": ")" + name + R"(", "vocab_size": 64, "pad_token_id": )" + id + "}");
    };
    EXPECT_EQ(told("63"), "accepted") << name;
    EXPECT_EQ(told("null"), "accepted") << name;
    EXPECT_EQ(told("-1"), "accepted") << name;
    for (const char* id : {"64", "999999999999", "0.5", "\"pad\"", "[0]"})
      EXPECT_THAT(told(id), AllOf(HasSubstr("config.json"), HasSubstr("pad_token_id"))) << name << " " << id;
  }
}

TEST(Configs, AClassifierMayHaveNoDropoutOfItsOwn) {
  ConfigDocument document;
  document.root = {
      {"model_type", "bert"}, {"classifier_dropout", 0.0}, {"architectures", {"BertForSequenceClassification"}}};
  EXPECT_EQ((*make_model(document, document.root))->config()["classifier_dropout"].get<double>(), 0);
  document.root["classifier_dropout"] = nullptr;
  EXPECT_TRUE((*make_model(document, document.root))->config()["classifier_dropout"].is_null());
}

// Attention of T5 is not scaled: its queries start smaller, keys and values do not (the reference's initialisation).
TEST(Initialisation, T5sQueriesStartSmaller) {
  ConfigDocument document;
  document.root = {{"architecture", "t5"}, {"d_model", 64}, {"num_layers", 1}, {"num_heads", 4}, {"vocab_size", 32}};
  auto model = *make_model(document, document.root, {.training = true});
  model->parameters.allocate(Purpose::kTraining, DType::kF32);
  model->parameters.initialize(1);
  for (const auto& entry : model->parameters.entries()) {
    if (entry->spec.name.find("SelfAttention.qkv_proj") == std::string::npos) continue;
    auto deviation = [&](int64_t first_row) {
      const float* values = entry->parameter.master.as<float>() + first_row * 64;
      double squares = 0;
      for (int i = 0; i < 64 * 64; ++i) squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
      return std::sqrt(squares / (64 * 64));
    };
    EXPECT_NEAR(deviation(0), 1 / std::sqrt(64.0 * 16), 0.003) << entry->spec.name;
    EXPECT_NEAR(deviation(64), 1 / std::sqrt(64.0), 0.01) << entry->spec.name;
  }
}

class Damaged : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Path(testing::TempDir()) / "damaged_model";
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(Path(MALMOI_TEST_DATA) / "models" / "gpt2-hub", folder_);
  }
  std::string refusal() const {
    auto model = load_model(folder_, {Purpose::kServing, DType::kF32});
    return model.ok() ? "accepted" : model.error().to_string();
  }
  Path folder_;
};

// The header of a safetensors file, and the bytes behind it.
struct Weights {
  Json header;
  std::string data;
  explicit Weights(const Path& file) {
    std::string bytes = *read_file(file);
    uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    header = *parse_json(bytes.substr(sizeof length, length), "");
    data = bytes.substr(sizeof length + length);
  }
  void write(const Path& file) const {
    std::string text = dump_json(header);
    text.resize((text.size() + 7) / 8 * 8, ' ');
    uint64_t length = text.size();
    ASSERT_TRUE(
        write_file(file, std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data).ok());
  }
  void set(const std::string& name, size_t element, float value) {
    size_t begin = header[name]["data_offsets"][0];
    const std::string type = header[name]["dtype"];
    const DType to = type == "F32" ? DType::kF32 : type == "F16" ? DType::kF16 : DType::kBF16;
    convert(&value, DType::kF32, data.data() + begin + element * dtype_size(to), to, 1);
  }
};

TEST_F(Damaged, TruncatedWeights) {
  std::string bytes = *read_file(folder_ / "model.safetensors");
  ASSERT_TRUE(write_file(folder_ / "model.safetensors", bytes.substr(0, bytes.size() / 2)).ok());
  EXPECT_THAT(refusal(), HasSubstr("model.safetensors"));
}

TEST_F(Damaged, ConfigOfAnotherSize) {
  Json config = *read_json((folder_ / "config.json").string());
  config["n_embd"] = 64;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("shape"));
}

TEST_F(Damaged, MissingLayer) {
  Json config = *read_json((folder_ / "config.json").string());
  config["n_layer"] = 3;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("missing"));
  config["n_layer"] = 1;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("belongs to nothing"));
}

TEST_F(Damaged, AClassThatNeedsAHeadWhichIsNotThere) {
  auto model = load_model(folder_, {.task = Task::kMaskedLm});
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(model.error().to_string(), HasSubstr("gpt2"));
}

// Named as the file has it, whatever it is a part of here and however it lies there.
TEST_F(Damaged, ValueThatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  auto told = [&](const char* model, const std::string& tensor, size_t element) {
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(Path(MALMOI_TEST_DATA) / "models" / model, folder_);
    Weights weights(folder_ / "model.safetensors");
    weights.set(tensor, element, element % 2 ? nan : -INFINITY);
    weights.write(folder_ / "model.safetensors");
    EXPECT_THAT(refusal(), AllOf(HasSubstr("model.safetensors"),
                                 HasSubstr("'" + tensor + "' holds a value that is not finite (element " +
                                           std::to_string(element) + ")")));
  };
  told("gpt2-hub", "h.1.attn.c_attn.weight", 77);  // transposed, and without the name's prefix
  told("llama-gqa-rope3", "model.layers.0.self_attn.k_proj.weight", 50);
  told("llama-gqa-rope3", "model.layers.1.mlp.up_proj.weight", 3);
  told("gpt_neox", "gpt_neox.layers.0.attention.query_key_value.weight", 101);  // heads alternate
  told("mistral", "model.layers.1.self_attn.v_proj.weight", 12);
}

TEST_F(Damaged, AShapeWithADimensionMoreOrLess) {
  Weights weights(folder_ / "model.safetensors");
  const Json header = weights.header;
  auto told = [&](const std::string& tensor, const Json& shape) {
    weights.header = header;
    weights.header[tensor]["shape"] = shape;
    weights.write(folder_ / "model.safetensors");
    EXPECT_THAT(refusal(), AllOf(HasSubstr("'" + tensor + "' has shape"), HasSubstr("the config asks for")));
  };
  const int64_t width = header["ln_f.weight"]["shape"][0];
  told("ln_f.weight", {1, width});
  told("ln_f.weight", {width, 1});
  const Json matrix = header["wte.weight"]["shape"];
  told("wte.weight", {1, matrix[0], matrix[1]});
  told("wte.weight", {matrix[0].get<int64_t>() * matrix[1].get<int64_t>()});
}

TEST(Load, APathThatIsTooLongIsAnError) {
  for (const Path& path : {Path(std::string(5000, 'a')), Path("/" + std::string(300, 'a'))}) {
    EXPECT_FALSE(load_model(path, {}).ok());
    EXPECT_FALSE(load_config(path).ok());
  }
}

// What is not trained is held as products read it, and written as it was: fused, transposed or as it lies.
TEST(Save, FrozenWeightsAreWrittenAsTheyWere) {
  auto frozen = [](const nn::ParameterSpec&) { return true; };
  for (const char* name : {"mistral", "gpt2", "mamba2"}) {
    const Path from = Path(MALMOI_TEST_DATA) / "models" / name, to = Path(testing::TempDir()) / "frozen_copy";
    auto model = load_model(from, {.purpose = Purpose::kTraining, .dtype = DType::kBF16, .frozen = frozen});
    ASSERT_TRUE(model.ok()) << model.error().to_string();
    auto before = formats::Safetensors::open(from / "model.safetensors");
    for (DType type : {DType::kF32, DType::kBF16}) {
      ASSERT_TRUE(save_model(**model, to, type).ok());
      auto after = formats::Safetensors::open(to / "model.safetensors");
      for (const formats::TensorView& tensor : after->tensors()) {
        auto was = before->find(tensor.name)->bytes;
        const size_t elements = was.size() / sizeof(float);
        std::vector<std::byte> expected(elements * dtype_size(type));
        convert(was.data(), DType::kF32, expected.data(), type, elements);
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), tensor.bytes.begin(), tensor.bytes.end()))
            << name << " " << tensor.name;
      }
    }
  }
}

// A folder whose config ties the head to the table of words, and whose file holds what it is given for the head.
class TiedHeads : public testing::Test {
 protected:
  // The table, the head (empty: none in the file) as they are written, both [5, 8]; the rest is zeros.
  void write(const std::string& family, const std::vector<float>& words, const std::vector<float>& head) {
    folder_ = Path(testing::TempDir()) / "tied_model";
    std::filesystem::remove_all(folder_);
    ConfigDocument document;
    document.root = {{"architecture", family},      {"vocab_size", 5},          {"hidden_size", 8},
                     {"num_hidden_layers", 1},      {"num_attention_heads", 1}, {"tie_word_embeddings", true},
                     {"max_position_embeddings", 8}};
    auto made = make_model(document, document.root, {.training = true});
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    auto model = std::move(*made);
    model->parameters.allocate(Purpose::kTraining, DType::kF32);
    Parameter& table = model->head->weight->parameter();
    std::copy(words.begin(), words.end(), table.master.as<float>());
    if (!head.empty()) {
      model->untie_head();
      Parameter& own = model->head->weight->parameter();
      own.master = Tensor::zeros(DType::kF32, own.shape);
      std::copy(head.begin(), head.end(), own.master.as<float>());
    }
    ASSERT_TRUE(save_model(*model, folder_, DType::kF32).ok());
    Json config = *read_json((folder_ / "config.json").string());
    config["tie_word_embeddings"] = true;
    ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  }
  std::unique_ptr<Model> open(Purpose purpose = Purpose::kServing) {
    auto model = load_model(folder_, {.purpose = purpose, .warn = [this](const std::string& w) { warnings_ += w; }});
    EXPECT_TRUE(model.ok()) << model.error().to_string();
    return model.ok() ? std::move(*model) : nullptr;
  }
  static float head_value(const Model& model) { return model.head->weight->parameter().compute.as<float>()[7]; }

  const std::vector<float> words_ = std::vector<float>(40, 0.5f), other_ = std::vector<float>(40, 0.25f);
  Path folder_;
  std::string warnings_;
};

TEST_F(TiedHeads, AnotherMatrixInTheFileIsKeptWithAWarning) {
  for (const char* family : {"llama", "gpt2", "gpt_neox", "gemma3_text", "t5", "bart"}) {
    SCOPED_TRACE(family);
    write(family, words_, other_);
    for (Purpose purpose : {Purpose::kServing, Purpose::kTraining}) {
      warnings_.clear();
      auto model = open(purpose);
      ASSERT_NE(model, nullptr);
      EXPECT_EQ(head_value(*model), 0.25f);
      EXPECT_THAT(warnings_, HasSubstr("it is kept"));
    }
    // What is written again says so itself; only T5's config has no field for it.
    auto model = open();
    ASSERT_TRUE(save_model(*model, folder_, DType::kF32).ok());
    warnings_.clear();
    EXPECT_EQ(head_value(*open()), 0.25f);
    EXPECT_EQ(warnings_.empty(), std::string(family) != "t5");
  }
}

TEST_F(TiedHeads, TheSameMatrixOnceMoreIsTheTable) {
  write("llama", words_, words_);
  auto model = open();
  EXPECT_EQ(warnings_, "");
  EXPECT_EQ(model->head->weight->parameter().role, autograd::Role::kEmbedding);
  EXPECT_TRUE(model->config()["tie_word_embeddings"].get<bool>());
}

// transformers 5 writes tie_word_embeddings as true whatever the head is: the file says it.
TEST_F(TiedHeads, AT5WithoutAHeadInItsFileHasTheTable) {
  for (const bool own : {true, false}) {
    write("t5", words_, own ? other_ : std::vector<float>());
    Json config = *read_json((folder_ / "config.json").string());
    config["scale_decoder_outputs"] = false;
    ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
    auto model = open();
    EXPECT_EQ(head_value(*model), own ? 0.25f : 0.5f);
    EXPECT_EQ(model->head->weight->parameter().role, own ? autograd::Role::kHead : autograd::Role::kEmbedding);
    EXPECT_EQ(model->head->logit_scale, 1);
    EXPECT_EQ(warnings_, "");
  }
}

TEST(Initialisation, AnEncoderAloneHasNoDecoder) {
  ConfigDocument document;
  document.root = {{"model_type", "t5"}, {"vocab_size", 32}, {"d_model", 16}, {"architectures", {"T5EncoderModel"}}};
  auto model = *make_model(document, document.root);
  EXPECT_EQ(model->config()["architectures"][0].get<std::string>(), "T5EncoderModel");
  EXPECT_EQ(model->head, nullptr);
  EXPECT_TRUE(model->backbone->states().empty());
  for (const auto& entry : model->parameters.entries()) EXPECT_FALSE(entry->spec.name.starts_with("decoder"));
}

// sin(p / 10000^(2k/d)) in the first half of row p, the cosines in the second.
TEST(Initialisation, MariansPositionsAreSinesAndCosinesThatNothingTrains) {
  ConfigDocument document;
  document.root = {{"architecture", "marian"},
                   {"vocab_size", 16},
                   {"d_model", 8},
                   {"encoder_layers", 1},
                   {"encoder_attention_heads", 2},
                   {"max_position_embeddings", 4}};
  auto model = *make_model(document, document.root, {.training = true});
  model->parameters.allocate(Purpose::kTraining, DType::kF32);
  model->parameters.initialize(1);
  for (const auto& entry : model->parameters.entries()) {
    EXPECT_EQ(entry->parameter.trainable, !entry->spec.fixed);
    if (entry->spec.name != "model.encoder.embed_positions.weight") continue;
    EXPECT_TRUE(entry->spec.fixed);
    const float* row = entry->parameter.compute.as<float>() + 3 * 8;
    EXPECT_NEAR(row[1], std::sin(0.3), 1e-6);
    EXPECT_NEAR(row[5], std::cos(0.3), 1e-6);
  }
}

TEST_F(TiedHeads, TheHeadAloneFillsTheTable) {
  write("llama", words_, other_);
  std::string bytes = *read_file(folder_ / "model.safetensors");
  size_t at = bytes.find("embed_tokens.weight");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 19, "rotary_emb.inv_freq");  // a buffer, which is passed over
  ASSERT_TRUE(write_file(folder_ / "model.safetensors", bytes).ok());
  EXPECT_EQ(head_value(*open()), 0.25f);
  EXPECT_EQ(warnings_, "");
}

}  // namespace
}  // namespace malmoi::model
