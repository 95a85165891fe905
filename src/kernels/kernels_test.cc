// Every kernel of every instruction set against the oracle in f64, over sizes that are no multiple of a vector.
#include "kernels/kernels.h"

#include "base/parallel.h"
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

const Dropout kDropouts[] = {{}, {.p = 0.3f, .seed = 7, .stream = 5}};
constexpr Activation kActivations[] = {Activation::kNone, Activation::kGelu, Activation::kGeluTanh,
                                       Activation::kRelu, Activation::kSilu, Activation::kTanh};

TEST(Kernels, TablesAreComplete) {
  ASSERT_FALSE(testable_tables().empty());
  std::vector<const Backend*> all = testable_tables();
  all.push_back(&reference_backend());
  all.push_back(&cuda_backend());
  for (const Backend* t : all) {
    EXPECT_NE(t->multiplies, nullptr) << t->name;
#define KERNEL(kernel, Args) EXPECT_NE(t->kernel, nullptr) << t->name;
#include "kernels/list.inc"
#undef KERNEL
  }
  EXPECT_STREQ(cpu_backend().name, isa_backend(active_isa())->name);
}

TEST(Kernels, AMissingDeviceFailsTheStreamByName) {
  Stream cuda(Device::kCuda);
#define KERNEL(kernel, Args)                                       \
  cuda_backend().kernel(cuda, Args{});                             \
  if (Status done = cuda.sync(); done.ok()) {                      \
    ADD_FAILURE() << #kernel;                                      \
  } else {                                                         \
    EXPECT_NE(done.error().what.find(#kernel), std::string::npos); \
  }
#include "kernels/list.inc"
#undef KERNEL
  EXPECT_TRUE(cuda.sync().ok()) << "a failure is told once";
}

TEST(Kernels, AProductOfUnknownTypesIsAnErrorBeforeItRuns) {
  GemmArgs mixed{.m = 2, .n = 2, .k = 2, .a_type = DType::kF32, .b_type = DType::kF16};
  std::vector<const Backend*> all = testable_tables();
  all.push_back(&reference_backend());
  for (const Backend* t : all) {
    Status said = supports(*t, mixed);
    ASSERT_FALSE(said.ok()) << t->name;
    EXPECT_NE(said.error().what.find("f16"), std::string::npos) << said.error().to_string();
    Stream s;
    t->gemm(s, mixed);
    EXPECT_FALSE(s.sync().ok()) << t->name << ": never a silent fall-through";
  }
}

void check_norm(const Backend& table, DType dtype, const std::string& what, int64_t rows, int64_t cols, bool layer,
                bool residual, bool affine, const Dropout& dropout) {
  Twin x(dtype, rows * cols, 1), delta(dtype, rows * cols, 2), sum = Twin::zeros(dtype, rows * cols);
  Twin y = Twin::zeros(dtype, rows * cols), weight(DType::kF32, cols, 3), bias(DType::kF32, cols, 4);
  Twin mean = Twin::zeros(DType::kF32, rows), rstd = Twin::zeros(DType::kF32, rows);
  auto args = [&](bool oracle) {
    auto p = [&](Twin& t) { return oracle ? t.oracle() : t.data(); };
    return NormArgs{.dtype = oracle ? DType::kF64 : dtype,
                    .layer = layer,
                    .rows = rows,
                    .cols = cols,
                    .x = p(x),
                    .delta = residual ? p(delta) : nullptr,
                    .sum = residual ? p(sum) : nullptr,
                    .y = p(y),
                    .weight = affine ? p(weight) : nullptr,
                    .bias = affine ? p(bias) : nullptr,
                    .weight_offset = affine ? 1.0f : 0.0f,
                    .mean = layer ? p(mean) : nullptr,
                    .rstd = p(rstd),
                    .dropout = dropout};
  };
  table.norm(stream(), args(false));
  reference_backend().norm(stream(), args(true));
  if (residual) {
    sum.expect_close(what + " sum", 1e-6);
    // The statistics are those of the rounded sum: go on from it.
    std::vector<double> rounded = sum.values();
    for (int64_t i = 0; i < sum.size(); ++i) sum.at(i) = rounded[static_cast<size_t>(i)];
    NormArgs again = args(true);
    again.x = sum.oracle(), again.delta = nullptr, again.sum = nullptr;
    reference_backend().norm(stream(), again);
  } else {
    sum = x;
  }
  y.expect_close(what + " y", 1e-5);
  rstd.expect_close(what + " rstd", 1e-6);
  if (layer) mean.expect_close(what + " mean", 1e-6);
  mean.sync(), rstd.sync();

  Twin dy(dtype, rows * cols, 5), dsum(dtype, rows * cols, 6), dx = Twin::zeros(dtype, rows * cols);
  Twin ddelta = Twin::zeros(dtype, rows * cols), dweight(DType::kF32, cols, 7), dbias(DType::kF32, cols, 8);
  TestScratch scratch(norm_backward_scratch(rows, cols, dtype));
  auto backward = [&](bool oracle) {
    auto p = [&](Twin& t) { return oracle ? t.oracle() : t.data(); };
    return NormBackwardArgs{.dtype = oracle ? DType::kF64 : dtype,
                            .layer = layer,
                            .rows = rows,
                            .cols = cols,
                            .sum = p(sum),
                            .dy = p(dy),
                            .dsum = residual ? p(dsum) : nullptr,
                            .weight = affine ? p(weight) : nullptr,
                            .weight_offset = affine ? 1.0f : 0.0f,
                            .mean = p(mean),
                            .rstd = p(rstd),
                            .dx = p(dx),
                            .ddelta = residual ? p(ddelta) : nullptr,
                            .dweight = affine ? p(dweight) : nullptr,
                            .dbias = affine ? p(dbias) : nullptr,
                            .scratch = scratch.get(),
                            .dropout = dropout};
  };
  table.norm_backward(stream(), backward(false));
  reference_backend().norm_backward(stream(), backward(true));
  double slack = 2e-5 * std::sqrt(static_cast<double>(cols)) + 1e-5;
  dx.expect_close(what + " dx", slack);
  ddelta.expect_close(what + " ddelta", slack);
  dweight.expect_close(what + " dweight", 1e-4);
  dbias.expect_close(what + " dbias", 1e-4);
}

TEST(Kernels, Norm) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{1, 1}, {3, 7}, {5, 64}, {70, 133}, {33, 768}, {0, 16}}) {
      for (int flags = 0; flags < 8; ++flags) {
        for (const Dropout& dropout : kDropouts) {
          if (dropout.p > 0 && !(flags & 2)) continue;
          check_norm(
              table, dtype,
              name + " norm " + std::to_string(rows) + "x" + std::to_string(cols) + " flags " + std::to_string(flags),
              rows, cols, flags & 1, flags & 2, flags & 4, dropout);
        }
      }
    }
  });
}

TEST(Kernels, Activations) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (Activation kind : kActivations) {
      std::string what = name + " activation " + std::to_string(static_cast<int>(kind));
      int64_t n = 4099;
      Twin x(dtype, n, 1, 3.0), y = Twin::zeros(dtype, n), dy(dtype, n, 2), dx = Twin::zeros(dtype, n);
      x.at(0) = 0, x.at(1) = 40, x.at(2) = -40, x.at(3) = 1e-3, x.at(4) = -12;
      x.sync();
      table.activation(stream(), {dtype, kind, n, x.data(), y.data()});
      reference_backend().activation(stream(), {DType::kF64, kind, n, x.oracle(), y.oracle()});
      y.expect_close(what, 1e-6, 2e-6);
      table.activation_backward(stream(), {dtype, kind, n, x.data(), dy.data(), dx.data()});
      reference_backend().activation_backward(stream(), {DType::kF64, kind, n, x.oracle(), dy.oracle(), dx.oracle()});
      dx.expect_close(what + " backward", 2e-6, 3e-6);
      table.activation(stream(), {dtype, kind, n, x.data(), x.data()});
      EXPECT_EQ(x.values(), y.values()) << what << " in place";
    }
  });
}

TEST(Kernels, Gated) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (Activation kind : kActivations) {
      std::string what = name + " gated " + std::to_string(static_cast<int>(kind));
      int64_t rows = 13, cols = 77;
      Twin x(dtype, 2 * rows * cols, 1, 2.0), y = Twin::zeros(dtype, rows * cols), dy(dtype, rows * cols, 2);
      Twin dx = Twin::zeros(dtype, 2 * rows * cols);
      table.gated(stream(), {dtype, kind, rows, cols, x.data(), y.data()});
      reference_backend().gated(stream(), {DType::kF64, kind, rows, cols, x.oracle(), y.oracle()});
      y.expect_close(what, 2e-6);
      table.gated_backward(stream(), {dtype, kind, rows, cols, x.data(), dy.data(), dx.data()});
      reference_backend().gated_backward(stream(),
                                         {DType::kF64, kind, rows, cols, x.oracle(), dy.oracle(), dx.oracle()});
      dx.expect_close(what + " backward", 2e-5);
      table.gated_backward(stream(), {dtype, kind, rows, cols, x.data(), dy.data(), x.data()});
      EXPECT_EQ(x.values(), dx.values()) << what << " in place";
    }
  });
}

TEST(Kernels, AddWithDropout) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const Dropout& dropout : kDropouts) {
      for (bool has_x : {true, false}) {
        int64_t n = 20011;
        Twin x(dtype, n, 1), delta(dtype, n, 2), y = Twin::zeros(dtype, n);
        table.add(stream(), {dtype, n, has_x ? x.data() : nullptr, delta.data(), y.data(), dropout});
        reference_backend().add(stream(),
                                {DType::kF64, n, has_x ? x.oracle() : nullptr, delta.oracle(), y.oracle(), dropout});
        y.expect_close(name + " add", 1e-6);
        if (dropout.p <= 0 || has_x) continue;
        std::vector<double> got = y.values();
        auto dropped = std::count(got.begin(), got.end(), 0.0);
        EXPECT_NEAR(static_cast<double>(dropped) / static_cast<double>(n), 0.3, 0.02);
      }
    }
  });
}

TEST(Kernels, Rotary) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (bool interleaved : {false, true}) {
      for (int64_t rotary_dim : {int64_t{22}, int64_t{32}, int64_t{0}}) {
        int64_t rows = 9, heads = 3, head_dim = 34, stride = 120;
        Twin x(dtype, rows * stride, 1);
        std::vector<float> cos, sin;
        for (int i = 0; i < 16 * 16; ++i) cos.push_back(std::cos(0.1f * i)), sin.push_back(std::sin(0.1f * i));
        std::vector<int32_t> positions = {0, 1, 2, 3, 15, 7, 6, 5, 4};
        RotaryArgs a{.dtype = dtype,
                     .x = x.data(),
                     .rows = rows,
                     .row_stride = stride,
                     .heads = heads,
                     .head_dim = head_dim,
                     .rotary_dim = rotary_dim,
                     .interleaved = interleaved,
                     .positions = positions.data(),
                     .cos = cos.data(),
                     .sin = sin.data()};
        Twin before = x;
        table.rotary(stream(), a);
        RotaryArgs o = a;
        o.dtype = DType::kF64, o.x = x.oracle();
        reference_backend().rotary(stream(), o);
        x.expect_close(name + " rotary", 1e-6);
        a.x = x.data(), a.inverse = true;
        table.rotary(stream(), a);
        std::vector<double> back = x.values();
        for (int64_t i = 0; i < x.size(); ++i) {
          ASSERT_NEAR(back[static_cast<size_t>(i)], before.at(i), dtype == DType::kBF16 ? 0.04 : 1e-5) << name;
        }
      }
    }
  });
}

void check_embedding(const Backend& table, DType dtype, DType table_dtype, const std::string& what, int num_tables,
                     bool has_base, const Dropout& dropout) {
  constexpr int64_t kRows = 300, kCols = 67, kVocab = 41;
  Twin base(dtype, kRows * kCols, 9), y = Twin::zeros(dtype, kRows * kCols);
  std::vector<Twin> tables;
  std::vector<std::vector<int32_t>> ids(static_cast<size_t>(num_tables));
  Rng rng(3);
  for (int k = 0; k < num_tables; ++k) {
    tables.emplace_back(k == 1 ? DType::kF32 : table_dtype, kVocab * kCols, static_cast<uint64_t>(k));
    for (int64_t i = 0; i < kRows; ++i) {
      ids[static_cast<size_t>(k)].push_back(i < 100 ? 40 : static_cast<int32_t>(rng.below(uint64_t{kVocab})));
    }
  }
  auto args = [&](bool oracle) {
    auto p = [&](Twin& t) { return oracle ? t.oracle() : t.data(); };
    EmbeddingArgs a{.dtype = oracle ? DType::kF64 : dtype,
                    .rows = kRows,
                    .cols = kCols,
                    .base = has_base ? p(base) : nullptr,
                    .num_tables = num_tables,
                    .scale = 1.5f,
                    .y = p(y),
                    .dropout = dropout};
    for (size_t k = 0; k < tables.size(); ++k) {
      a.tables[k] = {ids[k].data(), p(tables[k]), oracle ? DType::kF64 : tables[k].type()};
    }
    return a;
  };
  table.embedding(stream(), args(false));
  reference_backend().embedding(stream(), args(true));
  y.expect_close(what, 2e-6);
}

TEST(Kernels, Embedding) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (DType table_dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (const Dropout& dropout : kDropouts) {
        check_embedding(table, dtype, table_dtype, name + " embedding of words", 1, false, dropout);
        check_embedding(table, dtype, table_dtype, name + " embedding of three tables", 3, false, dropout);
        check_embedding(table, dtype, table_dtype, name + " embedding of a base and two", 2, true, dropout);
      }
    }
    check_embedding(table, dtype, dtype, name + " embedding of a base alone", 0, true, {});
  });
}

TEST(Kernels, EmbeddingBackward) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (int32_t padding : {-1, 40, 3}) {
      for (const Dropout& dropout : kDropouts) {
        int64_t rows = 300, cols = 67, vocab = 41;
        Twin dy(dtype, rows * cols, 3), dtable(DType::kF32, vocab * cols, 4);
        std::vector<int32_t> ids;
        Rng rng(3);
        for (int64_t i = 0; i < rows; ++i) {
          ids.push_back(i < 100 ? 40 : static_cast<int32_t>(rng.below(static_cast<uint64_t>(vocab))));
        }
        TestScratch scratch(embedding_backward_scratch(rows, vocab));
        EmbeddingBackwardArgs b{.dtype = dtype,
                                .rows = rows,
                                .cols = cols,
                                .vocab = vocab,
                                .ids = ids.data(),
                                .padding_id = padding,
                                .dy = dy.data(),
                                .scale = 1.5f,
                                .dtable = dtable.data(),
                                .scratch = scratch.get(),
                                .dropout = dropout};
        Twin before = dtable;
        table.embedding_backward(stream(), b);
        b.dtype = DType::kF64, b.dy = dy.oracle(), b.dtable = dtable.oracle();
        reference_backend().embedding_backward(stream(), b);
        dtable.expect_close(name + " embedding backward", 1e-4);
        if (padding < 0) continue;
        std::vector<double> got = dtable.values();
        for (int64_t c = padding * cols; c < (padding + 1) * cols; ++c) {
          ASSERT_EQ(got[static_cast<size_t>(c)], before.at(c)) << name << ": padding gives nothing to the table";
        }
      }
    }
  });
}

TEST(Kernels, CrossEntropy) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (int64_t cols : {int64_t{1}, int64_t{65}, int64_t{1024}, int64_t{5003}}) {
      for (int flags = 0; flags < 8; ++flags) {
        int64_t rows = 5;
        Twin logits(dtype, rows * cols, 1, 4.0);
        std::vector<int32_t> targets;
        for (int64_t r = 0; r < rows; ++r) targets.push_back(static_cast<int32_t>((r * 1237 + cols - 1) % cols));
        std::vector<float> loss(5), expected(5);
        CrossEntropyArgs a{.dtype = dtype,
                           .rows = rows,
                           .cols = cols,
                           .logits = logits.data(),
                           .targets = targets.data(),
                           .loss = loss.data(),
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
        logits.expect_close(what, 1e-6, 1e-4);
        for (size_t r = 0; r < 5; ++r) ASSERT_NEAR(loss[r], expected[r], 2e-5 * (1 + std::abs(expected[r]))) << what;
      }
    }
  });
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

TEST(Kernels, BiasBackward) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{1, 1}, {0, 5}, {37, 71}, {100, 512}, {301, 1000}}) {
      Twin dy(dtype, rows * cols, 1), dbias(DType::kF32, cols, 2);
      TestScratch scratch(bias_backward_scratch(rows, cols));
      table.bias_backward(stream(), {dtype, rows, cols, dy.data(), dbias.data(), scratch.get()});
      reference_backend().bias_backward(stream(), {DType::kF64, rows, cols, dy.oracle(), dbias.oracle(), nullptr});
      dbias.expect_close(name + " bias", 1e-4);
    }
  });
}

TEST(Kernels, AdamW) {
  for (const Backend* table : testable_tables()) {
    int64_t n = 17003;
    Twin p(DType::kF32, n, 1), g(DType::kF32, n, 2), m(DType::kF32, n, 3, 0.1), v(DType::kF32, n, 4, 0.1);
    for (int64_t i = 0; i < n; ++i) v.at(i) = std::abs(v.at(i));
    v.sync();
    auto floats = [](Twin& t) {
      std::vector<float> f;
      for (double x : t.values()) f.push_back(static_cast<float>(x));
      return f;
    };
    std::vector<float> p0 = floats(p), p1 = p0, m0 = floats(m), m1 = m0, v0 = floats(v), v1 = v0, grad = floats(g);
    std::vector<BF16> copy0(static_cast<size_t>(n)), copy1 = copy0;
    AdamWArgs a{.n = n,
                .p = p0.data(),
                .g = grad.data(),
                .m = m0.data(),
                .v = v0.data(),
                .copy = copy0.data(),
                .grad_scale = 0.5f,
                .lr = 1e-2f,
                .weight_decay = 0.1f,
                .bias1 = 0.4f,
                .bias2 = 0.2f};
    reference_backend().adamw(stream(), a);
    a.p = p1.data(), a.m = m1.data(), a.v = v1.data(), a.copy = copy1.data();
    table->adamw(stream(), a);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      ASSERT_NEAR(p0[i], p1[i], 1e-6) << table->name;
      ASSERT_NEAR(m0[i], m1[i], 1e-6) << table->name;
      ASSERT_NEAR(v0[i], v1[i], 1e-6) << table->name;
      ASSERT_NEAR(to_float(copy1[i]), p1[i], 0x1p-8 * std::abs(p1[i]) + 1e-30) << table->name;
    }
  }
}

TEST(Kernels, SumOfSquares) {
  auto sum_of = [](const Backend& table, const std::vector<float>& x, double before = 0) {
    table.sum_of_squares(stream(), {static_cast<int64_t>(x.size()), x.data(), &before});
    return before;
  };
  for (const Backend* table : testable_tables()) {
    for (size_t n : {0, 1, 1000, 70001}) {
      std::vector<float> x(n);
      Rng rng(9);
      for (float& e : x) e = static_cast<float>(rng.normal());
      double expected = sum_of(reference_backend(), x);
      EXPECT_NEAR(sum_of(*table, x), expected, 1e-12 * expected);
      EXPECT_NEAR(sum_of(*table, x, 3), expected + 3, 1e-12 * (expected + 3)) << "it adds to what was there";
    }
    EXPECT_NEAR(sum_of(*table, {1e30f}), 1e60, 1e54) << "squares beyond f32 are summed in f64";
  }
}

TEST(Kernels, Conversions) {
  for (const Backend* table : testable_tables()) {
    std::vector<float> x = {0,      -0.0f, 1, 1.00390625f, 1.01171875f, 3.14159f, -2.5e30f, INFINITY, -INFINITY, 65504,
                            1e-20f, -7,    8, 9,           10,          11,       12,       13,       14};
    std::vector<BF16> y(x.size());
    table->to_bf16(stream(), {static_cast<int64_t>(x.size()), x.data(), y.data()});
    for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y[i].bits, to_bf16(x[i]).bits) << table->name << " " << x[i];
    float nan = NAN;
    table->to_bf16(stream(), {1, &nan, y.data()});
    EXPECT_TRUE(std::isnan(to_float(y[0]))) << table->name;
  }
}

TEST(Kernels, RowProduct) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (DType w_dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (DType y_dtype : {DType::kF32, DType::kBF16}) {
        for (auto [m, n, k] : {std::array<int64_t, 3>{1, 5, 3}, {7, 37, 130}, {41, 21, 64}, {3, 8, 0}}) {
          Twin x(dtype, m * k, 1), w(w_dtype, n * k, 2), bias(DType::kF32, n, 3), y = Twin::zeros(y_dtype, m * n);
          RowProductArgs a{.dtype = dtype,
                           .w_dtype = w_dtype,
                           .m = m,
                           .n = n,
                           .k = k,
                           .x = x.data(),
                           .w = w.data(),
                           .bias = bias.data(),
                           .y = y.data(),
                           .y_dtype = y_dtype};
          table.row_product(stream(), a);
          std::vector<double> together = y.values();
          for (int64_t i = 0; i < m; ++i) {  // a row alone has the same bits
            a.m = 1, a.x = static_cast<std::byte*>(x.data()) + static_cast<size_t>(i * k) * dtype_size(dtype);
            table.row_product(stream(), a);
            std::vector<double> alone = y.values();
            for (size_t j = 0; j < static_cast<size_t>(n); ++j) {
              ASSERT_EQ(alone[j], together[static_cast<size_t>(i * n) + j]) << name << " row " << i << " of " << m;
            }
            std::copy(together.begin(), together.begin() + n, alone.begin());
          }
          a.m = m, a.x = x.data();
          table.row_product(stream(), a);
          std::vector<float> b(static_cast<size_t>(n));
          for (int64_t j = 0; j < n; ++j) b[static_cast<size_t>(j)] = static_cast<float>(bias.at(j));
          reference_backend().row_product(stream(), {.dtype = DType::kF64,
                                                     .w_dtype = DType::kF64,
                                                     .m = m,
                                                     .n = n,
                                                     .k = k,
                                                     .x = x.oracle(),
                                                     .w = w.oracle(),
                                                     .bias = b.data(),
                                                     .y = y.oracle(),
                                                     .y_dtype = DType::kF64});
          y.expect_close(name + " row product", 1e-4);
        }
      }
    }
  });
}

}  // namespace
}  // namespace malmoi::kernels
