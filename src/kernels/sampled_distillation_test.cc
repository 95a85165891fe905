// A student against tokens drawn from its teacher: against the oracle, the oracle's gradient against differences, and both against the
// whole distribution where what was drawn is it.
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

constexpr int64_t kSampledRows = 5;

// What was drawn for each row: some tokens, among them every other row's target; a row has one token alone.
struct Drawn {
  std::vector<int32_t> targets, ids;
  std::vector<int64_t> starts = {0};
  std::vector<float> shares, known, slopes;

  explicit Drawn(int64_t cols) {
    for (int64_t r = 0; r < kSampledRows; ++r) {
      const auto target = static_cast<int32_t>((r * 1237 + cols - 1) % cols);
      targets.push_back(target);
      known.push_back(-0.5f * static_cast<float>(r));
      const int64_t count = std::min<int64_t>(1 + 3 * r, cols);
      const auto first = static_cast<int32_t>(r % 2 == 0 ? target : (target + 1) % cols);
      for (int64_t i = 0; i < count; ++i) {
        ids.push_back(static_cast<int32_t>((first + i * (cols / count)) % cols));
        shares.push_back(static_cast<float>(2 * (i + 1)) / static_cast<float>(count * (count + 1)));
      }
      starts.push_back(static_cast<int64_t>(ids.size()));
    }
    slopes.resize(ids.size());
  }
  SampledDistillationArgs args() {
    return {.rows = kSampledRows,
            .targets = targets.data(),
            .starts = starts.data(),
            .ids = ids.data(),
            .shares = shares.data(),
            .known = known.data(),
            .slopes = slopes.data(),
            .temperature = 1.5f,
            .loss_scale = 0.25f};
  }
};

TEST(SampledDistillation, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (int64_t cols : {int64_t{1}, int64_t{65}, int64_t{1024}, int64_t{5003}}) {
      for (int flags = 0; flags < 4; ++flags) {
        Twin logits(dtype, kSampledRows * cols, 1, 4.0);
        Drawn drawn(cols);
        std::vector<float> ce(kSampledRows), apart(kSampledRows), ce_expected(kSampledRows), expected(kSampledRows);
        SampledDistillationArgs a = drawn.args();
        a.dtype = dtype;
        a.cols = cols;
        a.logits = logits.data();
        a.ce = ce.data();
        a.divergence = apart.data();
        a.alpha = flags & 1 ? 0 : 0.3f;
        a.logit_scale = flags & 2 ? 0.5f : 1;
        a.softcap = flags & 2 ? 5.0f : 0;
        a.dlogits = false;
        Twin before = logits;
        table.sampled_distillation(stream(), a);
        EXPECT_EQ(before.values(), logits.values()) << name << " leaves logits alone";
        a.dlogits = true;
        table.sampled_distillation(stream(), a);
        a.dtype = DType::kF64;
        a.logits = logits.oracle();
        a.ce = ce_expected.data();
        a.divergence = expected.data();
        reference_backend().sampled_distillation(stream(), a);
        const std::string what = name + " sampled " + std::to_string(cols) + " flags " + std::to_string(flags);
        logits.expect_close(what, 2e-6, 1e-4);
        for (size_t r = 0; r < kSampledRows; ++r) {
          ASSERT_NEAR(ce[r], ce_expected[r], 2e-5 * (1 + std::abs(ce_expected[r]))) << what;
          ASSERT_NEAR(apart[r], expected[r], 2e-5 * (1 + std::abs(expected[r]))) << what;
        }
      }
    }
  });
}

TEST(SampledDistillation, TheOraclesGradientIsTheSlopeOfItsLoss) {
  constexpr int64_t kCols = 9;
  Drawn drawn(kCols);
  Twin logits(DType::kF64, kSampledRows * kCols, 3), gradient = logits;
  std::vector<float> ce(kSampledRows), apart(kSampledRows);
  SampledDistillationArgs a = drawn.args();
  a.dtype = DType::kF64;
  a.cols = kCols;
  a.logits = gradient.oracle();
  a.ce = ce.data();
  a.divergence = apart.data();
  a.alpha = 0.25f;
  a.softcap = 2;
  reference_backend().sampled_distillation(stream(), a);
  a.dlogits = false;
  a.logits = logits.oracle();
  for (int64_t i = 0; i < logits.size(); ++i) {  // losses come as f32: coarser steps
    auto loss_at = [&](double step) {
      const double kept = std::exchange(logits.at(i), logits.at(i) + step);
      reference_backend().sampled_distillation(stream(), a);
      logits.at(i) = kept;
      double sum = 0;
      for (size_t r = 0; r < kSampledRows; ++r) sum += 0.25 * double{ce[r]} + 0.75 * 1.5 * 1.5 * double{apart[r]};
      return 0.25 * sum;
    };
    ASSERT_NEAR(gradient.at(i), (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2, 2e-4) << "element " << i;
  }
}

TEST(SampledDistillation, IsDistillationWhereTheSharesAreTheTeachersProbabilities) {
  constexpr double kTemperature = 1.5;
  const std::vector<float> shares = {0.5f, 0.125f, 0.25f, 0.125f};
  const std::vector<int32_t> ids = {0, 1, 2, 3};
  const std::vector<int64_t> starts = {0, 4};
  std::vector<float> teacher, slopes(4), apart(2), ce(2);
  float known = 0;
  for (float share : shares) {
    teacher.push_back(static_cast<float>(kTemperature) * std::log(share));
    known += share * std::log(share);
  }
  const int32_t target = 2;
  for (const Backend* table : testable_tables()) {
    std::vector<float> whole = {0.5f, -1, 2, 0.25f}, sampled = whole;
    table->distillation(stream(), {.rows = 1,
                                   .cols = 4,
                                   .logits = whole.data(),
                                   .teacher = teacher.data(),
                                   .targets = &target,
                                   .ce = ce.data(),
                                   .divergence = apart.data(),
                                   .alpha = 0.25f,
                                   .temperature = static_cast<float>(kTemperature)});
    table->sampled_distillation(stream(), {.rows = 1,
                                           .cols = 4,
                                           .logits = sampled.data(),
                                           .targets = &target,
                                           .starts = starts.data(),
                                           .ids = ids.data(),
                                           .shares = shares.data(),
                                           .known = &known,
                                           .slopes = slopes.data(),
                                           .ce = ce.data() + 1,
                                           .divergence = apart.data() + 1,
                                           .alpha = 0.25f,
                                           .temperature = static_cast<float>(kTemperature)});
    EXPECT_NEAR(apart[0], apart[1], 1e-6) << table->name;
    EXPECT_NEAR(ce[0], ce[1], 1e-6) << table->name;
    for (size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole[i], sampled[i], 1e-6) << table->name << " " << i;
  }
}

}  // namespace
}  // namespace malmoi::kernels
