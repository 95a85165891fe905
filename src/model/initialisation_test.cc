// Tests of how models begin, and of what training changes in them.
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

// Attention of T5 is not scaled: its queries start smaller, keys and values do not (the reference's initialisation).
TEST(Initialisation, T5sQueriesStartSmaller) {
  ConfigDocument document;
  document.root = {{"architecture", "t5"}, {"d_model", 64}, {"num_layers", 1}, {"num_heads", 4}, {"vocab_size", 32}};
  auto model = *make_model(document, document.root, {.training = true});
  model->parameters.allocate(Purpose::kTraining, DType::kF32);
  model->parameters.initialize(1);
  int64_t found = 0;
  for (const auto& entry : model->parameters.entries()) {
    if (entry->spec.name.find("SelfAttention.qkv_proj") == std::string::npos) continue;
    ++found;
    auto deviation = [&](int64_t first_row) {
      const float* values = entry->parameter.master.as<float>() + first_row * 64;
      double squares = 0;
      for (int i = 0; i < 64 * 64; ++i) squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
      return std::sqrt(squares / (64 * 64));
    };
    EXPECT_NEAR(deviation(0), 1 / std::sqrt(64.0 * 16), 0.003) << entry->spec.name;
    EXPECT_NEAR(deviation(64), 1 / std::sqrt(64.0), 0.01) << entry->spec.name;
  }
  EXPECT_EQ(found, 2) << "of the encoder and of the decoder";
}

// As the authors of each begin: steps evenly by logarithm, decays of 1 .. state_size, slow ones of Griffin.
TEST(Initialisation, RecurrencesBeginWithTheDecaysOfTheirAuthors) {
  auto values = [](const char* family, const std::string& ending) {
    ConfigDocument document;
    document.root = {{"architecture", family},
                     {"hidden_size", 64},
                     {"num_hidden_layers", 2},
                     {"num_attention_heads", 4},
                     {"vocab_size", 32}};
    auto model = *make_model(document, document.root, {.training = true});
    model->parameters.allocate(Purpose::kTraining, DType::kF32);
    model->parameters.initialize(1);
    for (const auto& entry : model->parameters.entries()) {
      const Tensor& t = entry->parameter.master;
      if (entry->spec.name.ends_with(ending)) return std::vector<float>(t.as<float>(), t.as<float>() + t.elements());
    }
    ADD_FAILURE() << family << " has no " << ending;
    return std::vector<float>{0};
  };
  auto extremes = [](std::vector<float> v, auto&& of) {
    for (float& x : v) x = of(x);
    return std::pair(*std::min_element(v.begin(), v.end()), *std::max_element(v.begin(), v.end()));
  };
  auto softplus = [](float x) { return std::log1p(std::exp(x)); };
  auto [least, most] = extremes(values("mamba", "dt_proj.bias"), softplus);
  EXPECT_GT(least, 0.00099f);
  EXPECT_LT(least, 0.003f);
  EXPECT_GT(most, 0.04f);
  EXPECT_LT(most, 0.101f);
  std::vector<float> rates = values("mamba", "A_log");
  EXPECT_EQ(rates[0], 0);
  EXPECT_NEAR(rates[15], std::log(16.0f), 1e-6);
  EXPECT_EQ(rates[16], 0) << "each channel begins anew";
  auto [fastest, slowest] =
      extremes(values("recurrent_gemma", "recurrent_param"), [&](float x) { return std::exp(-softplus(x)); });
  EXPECT_GT(fastest, 0.899f);
  EXPECT_LT(slowest, 0.9991f);
  std::vector<float> decays = values("rwkv", "blocks.0.attention.time_decay");
  EXPECT_FLOAT_EQ(decays.front(), -5);
  EXPECT_FLOAT_EQ(decays.back(), 3);
}

// The reference halves RWKV's stream where it is not trained, which only the norms' epsilon sees.
TEST(Rwkv, ItsStreamIsHalvedOnlyWhereItIsNotTrained) {
  auto hidden = [](int64_t rescale_every, bool training) {
    ConfigDocument document;
    document.root = {
        {"model_type", "rwkv"},    {"hidden_size", 16},         {"num_hidden_layers", 3},        {"vocab_size", 32},
        {"intermediate_size", 32}, {"layer_norm_epsilon", 0.1}, {"rescale_every", rescale_every}};
    auto model = *make_model(document, document.root);
    model->parameters.allocate(Purpose::kTraining, DType::kF32);
    model->parameters.initialize(1);
    Arena arena = std::move(*Arena::create(16 << 20));
    StoragePool pool;
    Stream stream;
    Context context;
    context.arena = &arena;
    context.pool = &pool;
    context.stream = &stream;
    context.backend = &kernels::cpu_backend();
    context.training = training;
    std::vector<int32_t> ids = {3, 1, 4, 1, 5};
    nn::BatchBuilder batch;
    batch.add(ids);
    Var rows = model->backbone->forward(context, batch.batch());
    return std::vector<float>(rows.value.as<float>(), rows.value.as<float>() + rows.value.elements());
  };
  EXPECT_EQ(hidden(0, true), hidden(0, false));
  EXPECT_EQ(hidden(1, true), hidden(0, true));
  EXPECT_NE(hidden(1, false), hidden(0, false));
  EXPECT_EQ(hidden(-6, false), hidden(0, false));
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
  int64_t found = 0;
  for (const auto& entry : model->parameters.entries()) {
    EXPECT_EQ(entry->parameter.trainable, !entry->spec.fixed);
    if (entry->spec.name != "model.encoder.embed_positions.weight") continue;
    ++found;
    EXPECT_TRUE(entry->spec.fixed);
    const float* row = entry->parameter.compute.as<float>() + 3 * 8;
    EXPECT_NEAR(row[1], std::sin(0.3), 1e-6);
    EXPECT_NEAR(row[5], std::cos(0.3), 1e-6);
  }
  EXPECT_EQ(found, 1);
}

}  // namespace
}  // namespace malmoi::model
