// Norms over heads: every instruction set against the oracle, and the oracle's gradients against differences.
#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

struct HeadNormCase {
  int64_t rows, heads, kv_heads, head_dim, rest;
  bool layer, affine, per_head;
  int64_t kv_dim = 0;   // of a head of keys; 0: head_dim
  int64_t between = 0;  // columns between queries and keys

  int64_t key_dim() const { return kv_dim > 0 ? kv_dim : head_dim; }
};

/// Buffers of one case, and its arguments for a kernel or the oracle.
struct HeadNormData {
  HeadNormCase shape;
  DType dtype;
  int64_t cols, heads, weights, x_stride;
  Twin x, y, mean, rstd, q_weight, k_weight, q_bias, k_bias;

  HeadNormData(const HeadNormCase& c, DType type)
      : shape(c),
        dtype(type),
        cols(c.heads * c.head_dim + c.between + c.kv_heads * c.key_dim() + c.rest),
        heads(c.heads + c.kv_heads),
        weights(c.per_head ? c.heads * c.head_dim : c.head_dim),
        x_stride(cols + 5),
        x(type, c.rows * x_stride, 1),
        y(Twin::zeros(type, c.rows * cols)),
        mean(Twin::zeros(DType::kF32, c.rows * heads)),
        rstd(Twin::zeros(DType::kF32, c.rows * heads)),
        q_weight(DType::kF32, weights, 2),
        k_weight(DType::kF32, c.key_dim(), 3),
        q_bias(DType::kF32, weights, 4),
        k_bias(DType::kF32, c.key_dim(), 5) {}

  HeadNormArgs args(bool oracle) {
    HeadNormArgs a{.dtype = oracle ? DType::kF64 : dtype,
                   .layer = shape.layer,
                   .rows = shape.rows,
                   .cols = cols,
                   .x_stride = x_stride,
                   .y_stride = cols,
                   .num_runs = shape.kv_heads > 0 ? 2 : 1,
                   .weight_offset = shape.affine ? 1.0f : 0.0f,
                   .x = x.side(oracle),
                   .y = y.side(oracle),
                   .mean = shape.layer ? mean.side(oracle) : nullptr,
                   .rstd = rstd.side(oracle)};
    a.runs[0] = {.heads = shape.heads, .head_dim = shape.head_dim, .stride = shape.per_head ? shape.head_dim : 0};
    a.runs[1] = {.heads = shape.kv_heads, .head_dim = shape.key_dim(), .skip = shape.between};
    if (shape.affine) {
      a.runs[0].weight = q_weight.side(oracle);
      a.runs[0].bias = q_bias.side(oracle);
      a.runs[1].weight = k_weight.side(oracle);
      a.runs[1].bias = k_bias.side(oracle);
    }
    return a;
  }
};

void check_head_norm(const Backend& table, const HeadNormCase& shape, DType dtype, const std::string& what) {
  HeadNormData data(shape, dtype);
  table.head_norm(stream(), data.args(false));
  reference_backend().head_norm(stream(), data.args(true));
  data.y.expect_close(what + " y", 1e-5);
  data.rstd.expect_close(what + " rstd", 1e-6);
  data.mean.expect_close(what + " mean", 1e-6);
  data.mean.sync();
  data.rstd.sync();

  int64_t size = shape.rows * data.cols;
  Twin dy(dtype, size, 6), dx = Twin::zeros(dtype, size);
  Twin dq(DType::kF32, data.weights, 7), dk(DType::kF32, shape.key_dim(), 8), dq_bias = dq, dk_bias = dk;
  TestScratch scratch(head_norm_backward_scratch(data.args(false)));
  auto backward = [&](bool oracle) {
    HeadNormBackwardArgs b{.forward = data.args(oracle),
                           .dy = dy.side(oracle),
                           .dx = dx.side(oracle),
                           .dy_stride = data.cols,
                           .dx_stride = data.cols,
                           .scratch = scratch.get()};
    if (!shape.affine) return b;
    b.dweight[0] = dq.side(oracle);
    b.dweight[1] = dk.side(oracle);
    b.dbias[0] = dq_bias.side(oracle);
    b.dbias[1] = dk_bias.side(oracle);
    return b;
  };
  table.head_norm_backward(stream(), backward(false));
  reference_backend().head_norm_backward(stream(), backward(true));
  dx.expect_close(what + " dx", 2e-4);
  dq.expect_close(what + " dweight of queries", 2e-4);
  dk.expect_close(what + " dweight of keys", 2e-4);
  dq_bias.expect_close(what + " dbias of queries", 2e-4);
  dk_bias.expect_close(what + " dbias of keys", 2e-4);
}

TEST(HeadNorm, AgreesWithTheOracle) {
  const HeadNormCase shapes[] = {{5, 4, 2, 16, 32, false, true, false},      {7, 3, 1, 13, 9, true, true, true},
                                 {33, 2, 2, 64, 128, false, true, true},     {9, 4, 0, 8, 0, true, false, false},
                                 {40, 1, 1, 96, 7, false, true, false, 35},  {0, 2, 1, 8, 8, false, true, false},
                                 {6, 3, 2, 20, 5, false, true, false, 0, 37}};
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    int number = 0;
    for (const HeadNormCase& shape : shapes) {
      check_head_norm(table, shape, dtype, name + " head norm, shape " + std::to_string(number++));
    }
  });
}

TEST(HeadNorm, WorksInPlace) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    HeadNormData data({6, 3, 2, 20, 11, true, true, true}, dtype);
    HeadNormArgs a = data.args(false);
    a.x_stride = a.y_stride = data.cols;
    table.head_norm(stream(), a);
    Twin into = data.x;
    a.x = into.data();
    a.y = into.data();
    table.head_norm(stream(), a);
    std::vector<double> apart = data.y.values(), inside = into.values();
    inside.resize(apart.size());
    EXPECT_EQ(inside, apart) << name;
  });
}

TEST(HeadNorm, GradientsOfTheOracle) {
  for (int flags = 0; flags < 4; ++flags) {
    HeadNormData data({3, 2, 1, 5, 4, (flags & 1) != 0, true, (flags & 2) != 0, 0, flags}, DType::kF64);
    int64_t size = data.shape.rows * data.cols;
    auto values = [](Twin& t) {
      return Values(static_cast<double*>(t.oracle()), static_cast<double*>(t.oracle()) + t.size());
    };
    Values x = values(data.x), q_weight = values(data.q_weight), k_bias = values(data.k_bias),
           dy = random_values(size, 9);
    auto args = [&] {
      HeadNormArgs a = data.args(true);
      a.x = x.data();
      a.runs[0].weight = q_weight.data();
      a.runs[1].bias = k_bias.data();
      return a;
    };
    auto forward = [&] {
      oracle().head_norm(stream(), args());
      return dot(values(data.y), dy);
    };
    forward();
    Values dx(x.size()), dq_weight(q_weight.size()), dk_bias(k_bias.size());
    HeadNormBackwardArgs b{
        .forward = args(), .dy = dy.data(), .dx = dx.data(), .dy_stride = data.cols, .dx_stride = data.x_stride};
    b.dweight[0] = dq_weight.data();
    b.dbias[1] = dk_bias.data();
    oracle().head_norm_backward(stream(), b);
    expect_gradient("x", x, dx, forward);
    expect_gradient("weight", q_weight, dq_weight, forward);
    expect_gradient("bias", k_bias, dk_bias, forward);
  }
}

}  // namespace
}  // namespace malmoi::kernels
