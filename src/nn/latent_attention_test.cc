// Latent attention: what is scored against latent rows is what is scored against the keys made of them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "nn/latent_attention.h"

namespace malmoi::nn {
namespace {

// A weight that is not stored whole: its rows must be asked for.
class RowsOnRequest final : public autograd::Weight {
 public:
  explicit RowsOnRequest(std::unique_ptr<autograd::Weight> weight) : weight_(std::move(weight)) {}
  int64_t out_features() const override { return weight_->out_features(); }
  int64_t in_features() const override { return weight_->in_features(); }
  void product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const override {
    weight_->product(context, x, y, bias);
  }
  void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const override {
    weight_->product_transposed(context, dy, dx, accumulate);
  }
  void accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const override {
    weight_->accumulate_gradient(context, dy, x);
  }
  void gather(Context& context, const autograd::RowIds& ids, Tensor& y) const override {
    weight_->gather(context, ids, y);
  }
  void accumulate_rows(Context& context, const autograd::RowIds& ids, const Tensor& dy, float scale,
                       const kernels::Dropout& dropout) const override {
    weight_->accumulate_rows(context, ids, dy, scale, dropout);
  }
  std::span<Parameter* const> parameters() const override { return weight_->parameters(); }

 private:
  std::unique_ptr<autograd::Weight> weight_;
};

constexpr int64_t kWidth = 24, kPositions = 45;  // more than a page of a state

class LatentAttentionTest : public testing::Test {
 protected:
  LatentAttentionTest() {
    context_.arena = &arena_;
    context_.pool = &pool_;
    context_.stream = &stream_;
    context_.backend = &kernels::cpu_backend();
    context_.row_invariant = true;
    rotary_.prepare(kPositions);
    attention_ = LatentAttention(Declare(set_, "layer", 0.3), {.width = kWidth,
                                                               .heads = 3,
                                                               .q_rank = 10,
                                                               .kv_rank = 18,
                                                               .nope_dim = 7,
                                                               .rope_dim = 4,
                                                               .value_dim = 5,
                                                               .scale = 0.4,
                                                               .bias = true,
                                                               .rotary = &rotary_});
    set_.allocate(Purpose::kServing, DType::kF32);
    set_.initialize(3);
    Rng rng(5);
    for (float& x : rows_) x = static_cast<float>(rng.normal());
  }

  // Output of the rows [begin, end) as one run that goes on from the state, or stands alone.
  std::vector<float> attend(int64_t begin, int64_t end, SequenceState* state) {
    BatchBuilder builder;
    std::vector<int32_t> ids(static_cast<size_t>(end - begin), 0);
    builder.add(ids, static_cast<int32_t>(begin), state);
    if (state) {
      EXPECT_TRUE(state->reserve(end).ok());
    }
    const Batch batch = builder.batch();
    Tensor x = context_.temporary(DType::kF32, {end - begin, kWidth});
    std::memcpy(x.data(), rows_.data() + begin * kWidth, x.bytes());
    Var y = attention_(context_, {std::move(x), -1}, batch, 0);
    if (state) state->advance(end - begin);
    const auto* values = y.value.as<float>();
    return {values, values + y.value.elements()};
  }

  // Two texts in one batch: one goes on by a row, the other begins.
  std::vector<float> beside_another(int64_t read) {
    auto pool = *StatePool::create({attention_.state()}, DType::kF32, 1 << 20);
    SequenceState old = *pool->open(), fresh = *pool->open();
    attend(0, read, &old);
    BatchBuilder builder;
    const std::vector<int32_t> ids(static_cast<size_t>(kPositions), 0);
    builder.add({ids.data(), 1}, static_cast<int32_t>(read), &old);
    builder.add(ids, 0, &fresh);
    EXPECT_TRUE(old.reserve(read + 1).ok() && fresh.reserve(kPositions).ok());
    const Batch batch = builder.batch();
    Tensor x = context_.temporary(DType::kF32, {1 + kPositions, kWidth});
    std::memcpy(x.data(), rows_.data() + read * kWidth, kWidth * sizeof(float));
    std::memcpy(x.as<float>() + kWidth, rows_.data(), rows_.size() * sizeof(float));
    Var y = attention_(context_, {std::move(x), -1}, batch, 0);
    const auto* values = y.value.as<float>();
    return {values, values + y.value.elements()};
  }

  std::vector<float> in_pieces(std::initializer_list<int64_t> pieces) {
    auto pool = *StatePool::create({attention_.state()}, DType::kF32, 1 << 20);
    SequenceState state = *pool->open();
    std::vector<float> all;
    int64_t at = 0;
    for (int64_t length : pieces) {
      std::vector<float> part = attend(at, at + length, &state);
      all.insert(all.end(), part.begin(), part.end());
      at += length;
    }
    EXPECT_EQ(at, kPositions);
    return all;
  }

  Arena arena_ = std::move(*Arena::create(16 << 20));
  StoragePool pool_;
  Stream stream_;
  Context context_;
  ParameterSet set_;
  Rotary rotary_{{.rotary_dim = 4, .interleaved = true}};
  LatentAttention attention_;
  std::vector<float> rows_ = std::vector<float>(kPositions * kWidth);
};

void expect_near(const std::vector<float>& got, const std::vector<float>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-5) << i;
}

TEST_F(LatentAttentionTest, LatentRowsGiveWhatKeysAndValuesGive) {
  std::vector<float> whole = attend(0, kPositions, nullptr);
  expect_near(in_pieces({kPositions}), whole);
  expect_near(in_pieces({31, 1, 1, 9, 3}), whole);
}

TEST_F(LatentAttentionTest, ATextThatBeginsStandsBesideOneThatGoesOn) {
  std::vector<float> whole = attend(0, kPositions, nullptr), got = beside_another(33);
  std::vector<float> want(whole.begin() + 33 * kWidth, whole.begin() + 34 * kWidth);
  want.insert(want.end(), whole.begin(), whole.end());
  expect_near(got, want);
}

TEST_F(LatentAttentionTest, AStateHoldsARowOfEachPosition) {
  const LayerState state = attention_.state();
  EXPECT_EQ(state.kind, StateKind::kLatent);
  EXPECT_EQ(state.key_width, 18 + 4);
  auto pool = *StatePool::create({state}, DType::kF32, 1 << 20);
  EXPECT_EQ(pool->bytes_for(StatePool::kPageRows), StatePool::kPageRows * (18 + 4) * sizeof(float));
}

TEST_F(LatentAttentionTest, AWeightThatIsNotStoredWholeIsMadeRowByRow) {
  std::vector<float> stored = in_pieces({kPositions - 1, 1});
  int64_t wrapped = 0;
  for (auto& entry : set_.entries()) {
    if (entry->spec.name != "layer.kv_b_proj.weight") continue;
    entry->slots[0]->wrap([](auto weight) { return std::make_unique<RowsOnRequest>(std::move(weight)); });
    ++wrapped;
  }
  ASSERT_EQ(wrapped, 1);
  EXPECT_EQ(in_pieces({kPositions - 1, 1}), stored);
}

}  // namespace
}  // namespace malmoi::nn
