// Cross entropy and its gradient against the oracle in f64, extreme logits too.
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

TEST(Kernels, CrossEntropy) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (int64_t cols : {int64_t{1}, int64_t{65}, int64_t{1024}, int64_t{5003}}) {
      for (int flags = 0; flags < 32; ++flags) {
        int64_t rows = 5;
        const std::vector<float> row_scales = {1, -0.5f, 2, 0, 3};
        Twin logits(dtype, rows * cols, 1, 4.0);
        std::vector<int32_t> targets;
        for (int64_t r = 0; r < rows; ++r) targets.push_back(static_cast<int32_t>((r * 1237 + cols - 1) % cols));
        std::vector<float> loss(5), expected(5), weights;
        for (int64_t c = 0; c < cols; ++c) weights.push_back(0.25f + static_cast<float>(c % 7));
        CrossEntropyArgs a{.dtype = dtype,
                           .rows = rows,
                           .cols = cols,
                           .logits = logits.data(),
                           .targets = targets.data(),
                           .loss = loss.data(),
                           .target_weights = flags & 8 ? weights.data() : nullptr,
                           .row_scale = flags & 16 ? row_scales.data() : nullptr,
                           .loss_scale = 0.25f,
                           .label_smoothing = flags & 1 ? 0.1f : 0,
                           .z_weight = flags & 2 ? 0.01f : 0,
                           .softcap = flags & 4 ? 5.0f : 0,
                           .dlogits = false};
        Twin before = logits;
        table.cross_entropy(stream(), a);
        EXPECT_EQ(before.values(), logits.values()) << name << " leaves logits alone";
        a.dlogits = true;
        table.cross_entropy(stream(), a);
        a.dtype = DType::kF64, a.logits = logits.oracle(), a.loss = expected.data();
        reference_backend().cross_entropy(stream(), a);
        std::string what = name + " cross-entropy " + std::to_string(cols) + " flags " + std::to_string(flags);
        logits.expect_close(what, flags & 8 ? 1e-5 : 1e-6, 1e-4);
        for (size_t r = 0; r < 5; ++r) ASSERT_NEAR(loss[r], expected[r], 2e-5 * (1 + std::abs(expected[r]))) << what;
      }
    }
  });
}

TEST(Kernels, Distillation) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (int64_t cols : {int64_t{1}, int64_t{65}, int64_t{1024}, int64_t{5003}}) {
      for (int flags = 0; flags < 16; ++flags) {
        constexpr float kMixtures[] = {0, 1, 0.5f, 0.1f};
        constexpr int64_t kRows = 5;
        Twin logits(dtype, kRows * cols, 1, 4.0), teacher(DType::kF32, kRows * cols, 2, 4.0);
        std::vector<int32_t> targets;
        for (int64_t r = 0; r < kRows; ++r) targets.push_back(static_cast<int32_t>((r * 1237 + cols - 1) % cols));
        std::vector<float> ce(kRows), apart(kRows), ce_expected(kRows), apart_expected(kRows);
        DistillationArgs a{.dtype = dtype,
                           .rows = kRows,
                           .cols = cols,
                           .logits = logits.data(),
                           .teacher = static_cast<const float*>(teacher.data()),
                           .targets = targets.data(),
                           .ce = ce.data(),
                           .divergence = apart.data(),
                           .alpha = flags & 1 ? 0 : 0.3f,
                           .temperature = 1.5f,
                           .mixture = kMixtures[flags / 4],
                           .loss_scale = 0.25f,
                           .logit_scale = flags & 2 ? 0.5f : 1,
                           .softcap = flags & 2 ? 5.0f : 0,
                           .dlogits = false};
        Twin before = logits;
        table.distillation(stream(), a);
        EXPECT_EQ(before.values(), logits.values()) << name << " leaves logits alone";
        a.dlogits = true;
        table.distillation(stream(), a);
        a.dtype = DType::kF64;
        a.logits = logits.oracle();
        a.ce = ce_expected.data();
        a.divergence = apart_expected.data();
        reference_backend().distillation(stream(), a);
        const std::string what = name + " distillation " + std::to_string(cols) + " flags " + std::to_string(flags);
        logits.expect_close(what, 2e-6, 1e-4);
        for (size_t r = 0; r < kRows; ++r) {
          ASSERT_NEAR(ce[r], ce_expected[r], 2e-5 * (1 + std::abs(ce_expected[r]))) << what;
          ASSERT_NEAR(apart[r], apart_expected[r], 2e-5 * (1 + std::abs(apart_expected[r]))) << what;
        }
      }
    }
  });
}

// A teacher and a student that are each certain of another token: KL without bound, a mixture's within its own.
TEST(Kernels, DistillationSurvivesCertainty) {
  for (const Backend* table : testable_tables()) {
    for (float mixture : {0.0f, 0.5f, 1.0f}) {
      std::vector<float> logits = {1e4f, 0, -1e4f}, teacher = {-1e4f, 0, 1e4f}, ce(1), apart(1);
      int32_t target = 0;
      table->distillation(stream(), {.rows = 1,
                                     .cols = 3,
                                     .logits = logits.data(),
                                     .teacher = teacher.data(),
                                     .targets = &target,
                                     .ce = ce.data(),
                                     .divergence = apart.data(),
                                     .alpha = 0,
                                     .temperature = 1,
                                     .mixture = mixture});
      EXPECT_NEAR(apart[0], mixture == 0.5f ? 0.693147f : 2e4f, mixture == 0.5f ? 1e-5f : 1.0f) << table->name;
      for (float slope : logits) EXPECT_TRUE(std::isfinite(slope)) << table->name << " " << mixture;
    }
  }
}

TEST(Kernels, CrossEntropySurvivesExtremeLogits) {
  for (const Backend* table : testable_tables()) {
    std::vector<float> logits = {1e4f, -1e4f, 0, 9e3f}, loss(1);
    int32_t target = 1;
    table->cross_entropy(stream(),
                         {.rows = 1, .cols = 4, .logits = logits.data(), .targets = &target, .loss = loss.data()});
    EXPECT_FLOAT_EQ(loss[0], 2e4f) << table->name;
    EXPECT_EQ(logits, (std::vector<float>{1, -1, 0, 0})) << table->name;
  }
}

}  // namespace
}  // namespace malmoi::kernels
