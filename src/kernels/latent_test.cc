// Latent attention's kernels: every instruction set against the oracle, and the oracle's gradients against differences.
#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

// Keys and values of three heads, the shared part beside something else.
struct Keys {
  int64_t rows, heads = 3, own, shared, value;
  DType dtype;
  Twin down, rotated, keys, values;

  Keys(int64_t r, int64_t own_dim, int64_t shared_dim, int64_t value_dim, DType type)
      : rows(r),
        own(own_dim),
        shared(shared_dim),
        value(value_dim),
        dtype(type),
        down(type, r * heads * (own_dim + value_dim), 1),
        rotated(type, r * (shared_dim + 1), 2),
        keys(type, r * heads * (own_dim + shared_dim), 3),
        values(type, r * heads * value_dim, 4) {}
  LatentKeysArgs args(bool oracle) {
    return {.dtype = oracle ? DType::kF64 : dtype,
            .rows = rows,
            .heads = heads,
            .own_dim = own,
            .shared_dim = shared,
            .value_dim = value,
            .own = down.side(oracle),
            .shared = rotated.side(oracle),
            .shared_stride = shared + 1,
            .keys = keys.side(oracle),
            .values = values.side(oracle)};
  }
};

TEST(Latent, KeysOfHeadsAgreeWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [rows, own, shared, value] :
         {std::array<int64_t, 4>{5, 12, 4, 7}, {1, 1, 2, 1}, {90, 32, 18, 16}, {0, 4, 4, 4}}) {
      Keys k(rows, own, shared, value, dtype);
      table.latent_keys(stream(), k.args(false));
      reference_backend().latent_keys(stream(), k.args(true));
      k.keys.expect_close(name + " keys", 0, 0);
      k.values.expect_close(name + " values", 0, 0);
      for (bool with_values : {true, false}) {  // the gradients take the places of what they are of
        auto backward = [&](bool oracle) {
          return LatentKeysBackwardArgs{.forward = k.args(oracle),
                                        .dkeys = k.keys.side(oracle),
                                        .dvalues = with_values ? k.values.side(oracle) : nullptr,
                                        .down = k.down.side(oracle),
                                        .dshared = k.rotated.side(oracle),
                                        .dshared_stride = shared + 1};
        };
        table.latent_keys_backward(stream(), backward(false));
        reference_backend().latent_keys_backward(stream(), backward(true));
        k.down.expect_close(name + " down", 0, 0);
        k.rotated.expect_close(name + " dshared", 1e-5);
        k.rotated.sync();
      }
    }
  });
}

TEST(Latent, KeyGradientsOfTheOracle) {
  Keys k(4, 3, 2, 2, DType::kF64);
  Values own = random_values(k.down.size(), 1), shared = random_values(k.rotated.size(), 2);
  Values dkeys = random_values(k.keys.size(), 3), dvalues = random_values(k.values.size(), 4);
  Values down(own.size()), dshared(shared.size());
  Values keys(dkeys.size()), values(dvalues.size());
  LatentKeysArgs a = k.args(true);
  a.own = own.data();
  a.shared = shared.data();
  a.keys = keys.data();
  a.values = values.data();
  auto forward = [&] {
    oracle().latent_keys(stream(), a);
    return dot(keys, dkeys) + dot(values, dvalues);
  };
  oracle().latent_keys_backward(stream(), {a, dkeys.data(), dvalues.data(), down.data(), dshared.data(), k.shared + 1});
  expect_gradient("own", own, down, forward);
  expect_gradient("shared", shared, dshared, forward);
}

TEST(Latent, ProductsOfHeads) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (DType w_dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (auto [rows, in, out] :
           {std::array<int64_t, 3>{1, 5, 3}, {7, 24, 37}, {41, 64, 130}, {3, 33, 8}, {0, 4, 4}}) {
        for (bool transposed : {false, true}) {
          constexpr int64_t kHeads = 3, kTail = 2, kUnused = 1;
          int64_t x_head = in + kTail + kUnused, y_head = out + kTail;
          Twin x(dtype, rows * kHeads * x_head, 1), w(w_dtype, kHeads * (in * out + 5), 2);
          Twin y = Twin::zeros(dtype, rows * kHeads * y_head);
          HeadProductArgs a{.dtype = dtype,
                            .w_dtype = w_dtype,
                            .rows = rows,
                            .heads = kHeads,
                            .in = in,
                            .out = out,
                            .transposed = transposed,
                            .tail = kTail,
                            .x = x.data(),
                            .x_stride = kHeads * x_head,
                            .x_head = x_head,
                            .w = w.data(),
                            .w_head = in * out + 5,
                            .y = y.data(),
                            .y_stride = kHeads * y_head,
                            .y_head = y_head};
          table.head_product(stream(), a);
          std::vector<double> together = y.values();
          HeadProductArgs exact = a;
          exact.dtype = exact.w_dtype = DType::kF64;
          exact.x = x.oracle();
          exact.w = w.oracle();
          exact.y = y.oracle();
          reference_backend().head_product(stream(), exact);
          y.expect_close(name + " products of heads", 5e-5);
          a.rows = 1;  // a row alone has the same bits
          for (int64_t r = 0; r < rows; ++r) {
            a.x = static_cast<std::byte*>(x.data()) + static_cast<size_t>(r * a.x_stride) * dtype_size(dtype);
            table.head_product(stream(), a);
            std::vector<double> alone = y.values();
            for (size_t i = 0; i < static_cast<size_t>(a.y_stride); ++i)
              ASSERT_EQ(alone[i], together[static_cast<size_t>(r * a.y_stride) + i]) << name << " row " << r;
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace malmoi::kernels
