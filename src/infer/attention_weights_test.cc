// The weights that are shown are those that the model uses: of every golden family, times the values they are what attention gave.
#include "infer/attention_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "infer/session.h"
#include "infer/test_array.h"
#include "infer/tiny_model.h"
#include "kernels/ref/attention.h"
#include "model/load.h"

namespace malmoi::infer {
namespace {

using kernels::AttentionArgs;
using kernels::AttentionSegment;

// Looks at every head of every attention of a pass in f32.
class EveryAttention final : public autograd::AttentionProbe {
 public:
  void begin_block(const void*) override { ++blocks_; }

  void see(const AttentionArgs& args, bool) override {
    ++seen_;
    ASSERT_EQ(args.dtype, DType::kF32);
    for (int64_t n = 0; n < args.num_segments; ++n) {
      for (int64_t head = 0; head < args.heads; ++head) look(args, args.segments[n], head);
    }
  }

  void see(const kernels::DisentangledArgs& args, int64_t, int64_t) override {
    ++seen_;
    const auto* weights = static_cast<const float*>(args.scores);
    for (int64_t i = 0; i < args.length; ++i) {
      if (args.key_mask && args.key_mask[i] == 0) continue;  // a query of padding looks at all alike
      double sum = 0;
      for (int64_t j = 0; j < args.length; ++j) {
        const auto weight = static_cast<double>(weights[i * args.length + j]);
        if (args.key_mask && args.key_mask[j] == 0) hidden_ = std::max(hidden_, weight);
        sum += weight;
      }
      sums_ = std::max(sums_, std::abs(sum - 1));
    }
  }

  int64_t blocks() const { return blocks_; }
  int64_t seen() const { return seen_; }
  double worst_output() const { return output_; }
  double worst_sum() const { return sums_; }
  double worst_hidden() const { return hidden_; }

 private:
  void look(const AttentionArgs& args, const AttentionSegment& text, int64_t head) {
    const std::vector<double> weights = attention_weights(args, text, head);
    for (int64_t query = 0; query < text.q_length; ++query) {
      const double* row = weights.data() + query * text.k_length;
      look_at_row(args, text, query, row);
      const float* out =
          static_cast<const float*>(args.out) + (text.q_begin + query) * args.out_stride + head * args.value_dim;
      for (int64_t d = 0; d < args.value_dim; ++d) {
        double value = 0;
        for (int64_t key = 0; key < text.k_length; ++key)
          value += row[key] * kernels::ref::value_element<float>(args, text, head, key, d);
        output_ = std::max(output_, std::abs(value - static_cast<double>(out[d])) / std::max(1.0, std::abs(value)));
      }
    }
  }

  void look_at_row(const AttentionArgs& args, const AttentionSegment& text, int64_t query, const double* row) {
    double sum = 0;
    bool sees = false;
    for (int64_t key = 0; key < text.k_length; ++key) {
      const bool visible = kernels::ref::visible(args, text, query, key);
      if (!visible) hidden_ = std::max(hidden_, row[key]);
      sees |= visible;
      sum += row[key];
    }
    if (sees && !args.sinks) sums_ = std::max(sums_, std::abs(sum - 1));
    if (args.sinks) {
      EXPECT_LT(sum, 1) << "the sink takes some";
    }
  }

  int64_t blocks_ = 0, seen_ = 0;
  double output_ = 0, sums_ = 0, hidden_ = 0;
};

const Path kGoldens = Path(MALMOI_TEST_DATA) / "models";

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kGoldens, error)) {
    if (malmoi::exists(entry.path() / "fixture.json")) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class GoldenAttention : public testing::TestWithParam<std::string> {};

TEST_P(GoldenAttention, WeightsTimesValuesAreWhatAttentionGave) {
  const Path folder = kGoldens / GetParam();
  auto model = model::load_model(folder, {model::Purpose::kServing, DType::kF32});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  const Array<int32_t> ids(folder / "ids.npy"), mask(folder / "mask.npy"), decoder_ids(folder / "decoder_ids.npy");
  auto session = *Session::create(**model);
  for (int64_t b = 0; b < ids.shape[0]; ++b) {
    nn::RunInput text{.ids = ids.row(b)};
    if (mask) text.mask = mask.row(b);
    if (decoder_ids) session->add({.ids = decoder_ids.row(b)}, 0, &text);
    else session->add(text, 0);
  }
  EveryAttention attention;
  const Status watched = session->watch(attention, false);
  ASSERT_TRUE(watched.ok()) << watched.error().to_string();
  constexpr double kRounding = 1e-4;  // of sums in f32
  EXPECT_LE(attention.worst_output(), kRounding);
  EXPECT_LE(attention.worst_sum(), kRounding);
  EXPECT_EQ(attention.worst_hidden(), 0);
  EXPECT_GT(attention.blocks(), 0);
  const std::set<std::string> without = {"gru", "lstm", "mamba", "mamba2", "rwkv"};
  EXPECT_EQ(attention.seen() == 0, without.contains((*model)->model_type()));
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenAttention, testing::ValuesIn(golden_names()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

// By hand: scores 0 and log 3 beside a sink of log 4.
TEST(AttentionWeights, ASinkTakesItsPart) {
  const std::vector<float> q = {1, 1}, k = {0, std::log(3.0f)}, v = {0, 0};
  const float sink = std::log(4.0f);
  const AttentionSegment text{.q_length = 2, .k = k.data(), .v = v.data(), .k_length = 2};
  const AttentionArgs args{.heads = 1,
                           .kv_heads = 1,
                           .head_dim = 1,
                           .value_dim = 1,
                           .q_stride = 1,
                           .k_stride = 1,
                           .v_stride = 1,
                           .out_stride = 1,
                           .sinks = &sink,
                           .segments = &text,
                           .num_segments = 1,
                           .total_rows = 2,
                           .q = q.data()};
  const std::vector<double> weights = attention_weights(args, text, 0);
  const std::vector<double> want = {1.0 / 5, 0, 1.0 / 8, 3.0 / 8};
  ASSERT_EQ(weights.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(weights[i], want[i], 1e-6) << i;
}

AttentionWatch watched(const model::Model& model, AttentionWatch::Wanted wanted) {
  const std::vector<int32_t> ids = {5, 6, 7, 8, 9};
  auto session = *Session::create(model);
  session->add({.ids = ids}, 0);
  AttentionWatch watch(wanted);
  EXPECT_TRUE(session->watch(watch, true).ok());
  return watch;
}

TEST(AttentionWatch, KeepsOneHeadOrTheMeanOfAll) {
  const auto model = tiny_model();
  std::vector<std::vector<std::vector<float>>> heads;
  for (int64_t head = 0; head < 4; ++head) heads.push_back(watched(*model, {.layer = 1, .head = head}).rows());
  const AttentionWatch mean = watched(*model, {.layer = 1});
  EXPECT_EQ(mean.layers(), 2);
  EXPECT_EQ(mean.heads(), 4);
  EXPECT_EQ(mean.attention_layers(), (std::vector<int64_t>{0, 1}));
  ASSERT_EQ(mean.rows().size(), 5u);
  EXPECT_NE(heads[0], heads[1]);
  for (size_t i = 0; i < 5; ++i) {
    ASSERT_EQ(mean.rows()[i].size(), 5u);
    for (size_t j = 0; j < 5; ++j) {
      float sum = 0;
      for (const auto& head : heads) sum += head[i][j];
      EXPECT_NEAR(mean.rows()[i][j], sum / 4, 1e-6f);
    }
  }
  EXPECT_NE(watched(*model, {.layer = 0}).rows(), mean.rows());
  EXPECT_TRUE(watched(*model, {.layer = 0, .head = 4}).rows().empty()) << "there is no fifth head";
}

TEST(AttentionWatch, KnowsWhichLayersHaveAttention) {
  auto model = model::load_model(kGoldens / "lfm2", {model::Purpose::kServing, DType::kF32});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  const AttentionWatch first = watched(**model, {});
  EXPECT_EQ(first.layers(), (*model)->num_layers());
  ASSERT_FALSE(first.attention_layers().empty());
  EXPECT_LT(std::ssize(first.attention_layers()), first.layers()) << "others are convolutions";
  EXPECT_EQ(first.layer(), first.attention_layers().front());
  int64_t without = 0;
  while (std::ranges::find(first.attention_layers(), without) != first.attention_layers().end()) ++without;
  const AttentionWatch none = watched(**model, {.layer = without});
  EXPECT_EQ(none.heads(), 0);
  EXPECT_TRUE(none.rows().empty());
  EXPECT_EQ(none.attention_layers(), first.attention_layers());
}

TEST(AttentionWatch, OfAnEncoderDecoderEitherSide) {
  const auto model = tiny_encoder_decoder();
  const std::vector<int32_t> read = {5, 6, 7}, written = {0, 8};
  auto look = [&](AttentionWatch::Wanted wanted) {
    auto session = *Session::create(*model);
    const nn::RunInput source{.ids = read};
    session->add({.ids = written}, 0, &source);
    AttentionWatch watch(wanted);
    EXPECT_TRUE(session->watch(watch, false).ok());
    EXPECT_EQ(watch.layers(), 2);
    return watch.rows();
  };
  const auto encoder = look({.stack = 0}), self = look({.stack = 1}), cross = look({.stack = 1, .crossed = true});
  ASSERT_EQ(encoder.size(), 3u);
  EXPECT_EQ(encoder[0].size(), 3u);
  EXPECT_GT(encoder[0][2], 0.0f) << "an encoder looks ahead";
  ASSERT_EQ(self.size(), 2u);
  EXPECT_EQ(self[0], (std::vector<float>{1, 0})) << "a decoder does not";
  ASSERT_EQ(cross.size(), 2u);
  EXPECT_EQ(cross[0].size(), 3u);
}

}  // namespace
}  // namespace malmoi::infer
