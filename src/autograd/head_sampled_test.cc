// A head beside tokens that were drawn from a teacher: each row finds its own, in whatever chunk it comes.
#include <gtest/gtest.h>

#include <vector>

#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

constexpr int64_t kSampledVocab = 300'000;  // so many that a chunk has the least of rows
constexpr size_t kHeadRows = 200;

struct HeadDraws {
  std::vector<int32_t> targets, ids;
  std::vector<int64_t> starts = {0};
  std::vector<float> shares, known;

  // Of rows [begin, end), every third of which has no target.
  HeadDraws(size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      targets.push_back(r % 3 == 0 ? -1 : static_cast<int32_t>(1000 * r));
      if (targets.back() < 0) continue;
      const size_t count = 1 + r % 4;
      for (size_t i = 0; i < count; ++i) {
        ids.push_back(static_cast<int32_t>(1000 * r + 7 * i));
        shares.push_back(1 / static_cast<float>(count));
      }
      known.push_back(-0.01f * static_cast<float>(r));
      starts.push_back(static_cast<int64_t>(ids.size()));
    }
  }
  HeadSampledOptions options() const {
    return {.targets = targets, .starts = starts, .ids = ids, .shares = shares, .known = known};
  }
};

TEST(HeadSampled, RowsFindTheirDrawsInEveryChunk) {
  Bench b(DType::kF32, kernels::cpu_backend(), std::move(*Arena::create(256 << 20)));
  b.context.tape = nullptr;
  const DenseWeight& weight = b.weight(2, {kSampledVocab, 2});
  Tensor h = b.context.temporary(DType::kF32, {kHeadRows, 2});
  b.fill(h, 1, 0);
  const HeadDraws all(0, kHeadRows);
  ASSERT_GT(all.known.size(), 64u) << "more than one chunk";
  const HeadDistillation whole = head_sampled_distillation(b.context, {h, -1}, weight, nullptr, all.options());
  HeadDistillation parts;
  for (size_t r = 0; r < kHeadRows; r += 20) {
    const HeadDraws some(r, r + 20);
    const HeadDistillation part = head_sampled_distillation(b.context, {h.rows(static_cast<int64_t>(r), 20), -1},
                                                            weight, nullptr, some.options());
    parts.ce += part.ce;
    parts.divergence += part.divergence;
  }
  EXPECT_GT(whole.ce, 0);
  EXPECT_NEAR(whole.ce, parts.ce, 1e-5 * whole.ce);
  EXPECT_NEAR(whole.divergence, parts.divergence, 1e-5 * whole.divergence);
}

}  // namespace
}  // namespace malmoi::autograd
