// Tests of files that do not fit a model, and of what is saved.
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

TEST_F(Damaged, LayersBehindTheOthersAreThoseThatTheConfigCounts) {
  std::filesystem::remove_all(folder_);
  std::filesystem::copy(Path(MALMOI_TEST_DATA) / "models" / "deepseek_v3", folder_);
  EXPECT_EQ(refusal(), "accepted");
  Json config = *read_json((folder_ / "config.json").string());
  config["num_nextn_predict_layers"] = 0;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), AllOf(HasSubstr("model.layers.2."), HasSubstr("belongs to nothing")));
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

// A plain model is published without its class's prefix, and with the pooler that no features are made of.
TEST(Save, FeaturesAreWrittenAsThePlainModelHasThem) {
  const Path from = Path(MALMOI_TEST_DATA) / "models" / "bert-cls", to = Path(testing::TempDir()) / "features";
  auto model = load_model(from, {.purpose = Purpose::kTraining, .task = Task::kFeatures});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  ASSERT_TRUE(save_model(**model, to, DType::kBF16).ok());
  auto before = formats::Safetensors::open(from / "model.safetensors"),
       after = formats::Safetensors::open(to / "model.safetensors");
  ASSERT_TRUE(before.ok() && after.ok());
  size_t of_the_plain_model = 0;
  for (const formats::TensorView& tensor : before->tensors()) of_the_plain_model += tensor.name.starts_with("bert.");
  EXPECT_EQ(after->tensors().size(), of_the_plain_model) << "the classifier is left out";
  for (const formats::TensorView& tensor : after->tensors()) {
    const auto* was = before->find("bert." + tensor.name);
    ASSERT_NE(was, nullptr) << tensor.name;
    EXPECT_TRUE(std::ranges::equal(was->bytes, tensor.bytes)) << tensor.name;
  }
  EXPECT_NE(after->find("pooler.dense.weight"), nullptr);
  EXPECT_TRUE(load_model(to, {}).ok());
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
  for (const char* family : {"llama", "gpt2", "gpt_neox", "gemma3_text", "t5", "bart", "bert", "roberta"}) {
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

// While the head is the table its bias has another name, which transformers reads only then.
TEST_F(TiedHeads, ABiasIsCalledAsTheHeadIs) {
  write("bert", words_, other_);
  const std::string tied = "cls.predictions.bias", own = "cls.predictions.decoder.bias";
  auto names = [this](const std::string& name) {
    return read_file(folder_ / "model.safetensors")->find('"' + name + '"') != std::string::npos;
  };
  EXPECT_TRUE(names(own) && !names(tied));
  auto model = open();
  EXPECT_EQ(model->head->bias->name, own);
  write("bert", words_, {});
  EXPECT_TRUE(names(tied) && !names(own));
  EXPECT_EQ(open()->head->bias->name, tied);
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
