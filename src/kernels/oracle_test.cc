// The oracle's gradients against central differences of its own forward passes, in f64.
#include <utility>

#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

TEST(Oracle, NormGradients) {
  for (int flags = 0; flags < 4; ++flags) {
    constexpr int64_t kRows = 3, kCols = 7, kN = kRows * kCols;
    bool layer = flags & 1;
    Dropout dropout{.p = flags & 2 ? 0.4f : 0.0f, .seed = 5, .stream = 6};
    Values x = random_values(kN, 1), delta = random_values(kN, 2), sum(kN), y(kN), weight = random_values(kCols, 3);
    Values bias = random_values(kCols, 4), mean(kRows), rstd(kRows), dy = random_values(kN, 5),
           later = random_values(kN, 6);
    auto forward = [&] {
      oracle().norm(stream(), {.dtype = DType::kF64,
                               .layer = layer,
                               .rows = kRows,
                               .cols = kCols,
                               .x = x.data(),
                               .delta = delta.data(),
                               .sum = sum.data(),
                               .y = y.data(),
                               .weight = weight.data(),
                               .bias = bias.data(),
                               .weight_offset = 1,
                               .mean = mean.data(),
                               .rstd = rstd.data(),
                               .dropout = dropout});
      return dot(y, dy) + dot(sum, later);  // the sum goes on beside y
    };
    forward();
    Values dx(kN), ddelta(kN), dweight(kCols), dbias(kCols);
    oracle().norm_backward(stream(), {.dtype = DType::kF64,
                                      .layer = layer,
                                      .rows = kRows,
                                      .cols = kCols,
                                      .sum = sum.data(),
                                      .dy = dy.data(),
                                      .dsum = later.data(),
                                      .weight = weight.data(),
                                      .weight_offset = 1,
                                      .mean = mean.data(),
                                      .rstd = rstd.data(),
                                      .dx = dx.data(),
                                      .ddelta = ddelta.data(),
                                      .dweight = dweight.data(),
                                      .dbias = dbias.data(),
                                      .dropout = dropout});
    expect_gradient("x", x, dx, forward);
    expect_gradient("delta", delta, ddelta, forward);
    expect_gradient("weight", weight, dweight, forward);
    expect_gradient("bias", bias, dbias, forward);
  }
}

TEST(Oracle, ActivationGradients) {
  for (Activation kind : {Activation::kNone, Activation::kGelu, Activation::kGeluTanh, Activation::kRelu,
                          Activation::kSilu, Activation::kTanh, Activation::kSigmoid}) {
    constexpr int64_t kN = 40;
    std::string what = "activation " + std::to_string(static_cast<int>(kind));
    Values x = random_values(kN, 1), dy = random_values(kN, 2), y(kN), dx(kN);
    for (double& e : x) e *= 2;
    auto plain = [&] {
      oracle().activation(stream(), {DType::kF64, kind, kN, x.data(), y.data()});
      return dot(y, dy);
    };
    oracle().activation_backward(stream(), {DType::kF64, kind, kN, x.data(), dy.data(), dx.data()});
    expect_gradient(what, x, dx, plain);
    Values gate_up = random_values(2 * kN, 3), dgate_up(2 * kN);
    auto gated = [&] {
      oracle().gated(stream(), {DType::kF64, kind, 4, 10, gate_up.data(), y.data()});
      return dot(y, dy);
    };
    oracle().gated_backward(stream(), {DType::kF64, kind, 4, 10, gate_up.data(), dy.data(), dgate_up.data()});
    expect_gradient(what + " gated", gate_up, dgate_up, gated);
  }
}

TEST(Oracle, MultiplyGradients) {
  for (bool one_gate : {false, true}) {
    constexpr int64_t kRows = 3, kCols = 5;
    Values x = random_values(kRows * kCols, 1), z = random_values(one_gate ? kRows : kRows * kCols, 2),
           dy = random_values(kRows * kCols, 3), y(dy.size()), dx(x.size()), dz(z.size());
    MultiplyArgs a{.dtype = DType::kF64,
                   .kind = Activation::kSigmoid,
                   .rows = kRows,
                   .cols = kCols,
                   .one_gate = one_gate,
                   .x_stride = kCols,
                   .z_stride = one_gate ? 1 : kCols,
                   .y_stride = kCols,
                   .x = x.data(),
                   .z = z.data(),
                   .y = y.data()};
    auto forward = [&] {
      oracle().multiply(stream(), a);
      return dot(y, dy);
    };
    oracle().multiply_backward(stream(), {.forward = a,
                                          .dy = dy.data(),
                                          .dx_stride = a.x_stride,
                                          .dz_stride = a.z_stride,
                                          .dx = dx.data(),
                                          .dz = dz.data()});
    expect_gradient("x", x, dx, forward);
    expect_gradient("z", z, dz, forward);
  }
}

TEST(Oracle, CrossEntropyGradients) {
  for (int flags = 0; flags < 8; ++flags) {
    constexpr int64_t kRows = 3, kCols = 9;
    Values logits = random_values(kRows * kCols, 1);
    std::vector<int32_t> targets = {0, 8, 4};
    std::vector<float> losses(kRows);
    CrossEntropyArgs a{.dtype = DType::kF64,
                       .rows = kRows,
                       .cols = kCols,
                       .targets = targets.data(),
                       .loss = losses.data(),
                       .loss_scale = 0.5f,
                       .label_smoothing = flags & 1 ? 0.25f : 0,
                       .z_weight = flags & 2 ? 0.125f : 0,
                       .softcap = flags & 4 ? 2.0f : 0};
    Values gradient = logits;
    a.logits = gradient.data();
    oracle().cross_entropy(stream(), a);
    a.dlogits = false, a.logits = logits.data();
    // Losses come as f32: take coarser steps.
    for (size_t i = 0; i < logits.size(); ++i) {
      auto loss_at = [&](double step) {
        double kept = logits[i];
        logits[i] += step;
        oracle().cross_entropy(stream(), a);
        logits[i] = kept;
        return 0.5 * (double{losses[0]} + double{losses[1]} + double{losses[2]});
      };
      double slope = (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2;
      ASSERT_NEAR(gradient[i], slope, 2e-4) << "flags " << flags << " element " << i;
    }
  }
}

TEST(Oracle, DistillationGradients) {
  constexpr float kMixtures[] = {0, 1, 0.5f, 0.1f};
  for (int flags = 0; flags < 16; ++flags) {
    constexpr int64_t kRows = 3, kCols = 9;
    Values logits = random_values(kRows * kCols, 1);
    std::vector<float> teacher, ce(kRows), apart(kRows);
    for (double x : random_values(kRows * kCols, 2)) teacher.push_back(static_cast<float>(x));
    std::vector<int32_t> targets = {0, 8, 4};
    DistillationArgs a{.dtype = DType::kF64,
                       .rows = kRows,
                       .cols = kCols,
                       .teacher = teacher.data(),
                       .targets = targets.data(),
                       .ce = ce.data(),
                       .divergence = apart.data(),
                       .alpha = flags & 1 ? 0.25f : 0,
                       .temperature = 2,
                       .mixture = kMixtures[flags / 4],
                       .loss_scale = 0.5f,
                       .softcap = flags & 2 ? 2.0f : 0};
    Values gradient = logits;
    a.logits = gradient.data();
    oracle().distillation(stream(), a);
    a.dlogits = false;
    a.logits = logits.data();
    for (size_t i = 0; i < logits.size(); ++i) {  // losses come as f32: coarser steps
      auto loss_at = [&](double step) {
        const double kept = std::exchange(logits[i], logits[i] + step);
        oracle().distillation(stream(), a);
        logits[i] = kept;
        double sum = 0;
        for (size_t r = 0; r < kRows; ++r)
          sum += double{a.alpha} * double{ce[r]} + (1 - double{a.alpha}) * 4 * double{apart[r]};
        return 0.5 * sum;
      };
      ASSERT_NEAR(gradient[i], (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2, 2e-4) << "flags " << flags << " element " << i;
    }
  }
}

TEST(Oracle, EmbeddingRotaryAndBiasGradients) {
  constexpr int64_t kRows = 4, kCols = 6, kVocab = 3;
  std::vector<int32_t> ids = {2, 0, 2, 1}, positions = {0, 1, 2, 3};
  Values table = random_values(kVocab * kCols, 1), y(kRows * kCols), dy = random_values(kRows * kCols, 2),
         dtable(table.size());
  Dropout dropout{.p = 0.25f, .seed = 1, .stream = 2};
  auto embed = [&] {
    oracle().embedding(stream(), {.dtype = DType::kF64,
                                  .rows = kRows,
                                  .cols = kCols,
                                  .tables = {{ids.data(), table.data(), DType::kF64}},
                                  .num_tables = 1,
                                  .scale = 2,
                                  .y = y.data(),
                                  .dropout = dropout});
    return dot(y, dy);
  };
  oracle().embedding_backward(stream(), {.dtype = DType::kF64,
                                         .rows = kRows,
                                         .cols = kCols,
                                         .vocab = kVocab,
                                         .ids = ids.data(),
                                         .dy = dy.data(),
                                         .scale = 2,
                                         .dtable = dtable.data(),
                                         .dropout = dropout});
  expect_gradient("table", table, dtable, embed);

  std::vector<float> cos, sin;
  for (int i = 0; i < 12; ++i) cos.push_back(std::cos(0.3f * i)), sin.push_back(std::sin(0.3f * i));
  for (bool interleaved : {false, true}) {
    Values x = random_values(kRows * kCols, 3), dx = dy;
    RotaryArgs r{.dtype = DType::kF64,
                 .rows = kRows,
                 .row_stride = kCols,
                 .heads = 1,
                 .head_dim = kCols,
                 .rotary_dim = kCols,
                 .interleaved = interleaved,
                 .positions = positions.data(),
                 .cos = cos.data(),
                 .sin = sin.data()};
    auto rotate = [&] {
      Values turned = x;
      r.x = turned.data(), r.inverse = false;
      oracle().rotary(stream(), r);
      return dot(turned, dy);
    };
    r.x = dx.data(), r.inverse = true;
    oracle().rotary(stream(), r);
    expect_gradient("rotary", x, dx, rotate);
  }

  Values dbias(kCols, 1.0);
  oracle().bias_backward(stream(), {DType::kF64, kRows, kCols, dy.data(), dbias.data(), nullptr});
  for (size_t c = 0; c < kCols; ++c) {
    EXPECT_NEAR(dbias[c], 1 + dy[c] + dy[kCols + c] + dy[2 * kCols + c] + dy[3 * kCols + c], 1e-12);
  }
}

}  // namespace
}  // namespace malmoi::kernels
