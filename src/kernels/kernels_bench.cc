// Kernels and products at the sizes of real models: bytes or operations a second of each, on the instruction set in use.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

namespace malmoi::kernels {
namespace {

/// Random values of a type.
class Buffer {
 public:
  Buffer(DType type, int64_t n) : lines_(static_cast<size_t>(n) * dtype_size(type) / sizeof(Line) + 1) {
    std::vector<float> values(static_cast<size_t>(n));
    Rng rng(static_cast<uint64_t>(n));
    for (float& x : values) x = static_cast<float>(rng.uniform() * 2 - 1);
    convert(values.data(), DType::kF32, data(), type, values.size());
  }
  void* data() { return lines_.data(); }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> lines_;
};

/// Operations or bytes per second, by the benchmark's own clock.
void count(benchmark::State& state, double operations, const char* name) {
  state.counters[name] =
      benchmark::Counter(operations * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

enum class Pass { kForward, kInputs, kWeights };

/// y = x W^T, dx = dy W, dW += dy^T x of a linear layer.
void product(benchmark::State& state, const GemmProvider* provider, Pass pass, DType type) {
  int64_t rows = state.range(0), in = state.range(1), out = state.range(2);
  Buffer a(type, rows * std::max(in, out)), b(type, std::max(rows * in, in * out));
  Buffer c(DType::kF32, std::max({rows * in, rows * out, in * out}));
  GemmArgs g{.a = a.data(), .a_type = type, .b = b.data(), .b_type = type, .c = c.data(), .c_type = type};
  if (pass == Pass::kForward) {
    g.m = rows, g.n = out, g.k = in, g.lda = in, g.ldb = in, g.ldc = out, g.transpose_b = true;
  } else if (pass == Pass::kInputs) {
    g.m = rows, g.n = in, g.k = out, g.lda = out, g.ldb = in, g.ldc = in;
  } else {
    g.m = out, g.n = in, g.k = rows, g.lda = out, g.ldb = in, g.ldc = in;
    g.transpose_a = true, g.c_type = DType::kF32, g.accumulate = true;
  }
  if (!provider->supports(g)) return state.SkipWithError("not a product of this provider");
  provider->run(g);
  for (auto _ : state) provider->run(g);
  count(state, 2.0 * static_cast<double>(rows) * static_cast<double>(in) * static_cast<double>(out), "FLOP/s");
}

void attention(benchmark::State& state, bool backward, DType type) {
  int64_t batch = state.range(0), length = state.range(1), heads = state.range(2), dim = state.range(3);
  int64_t rows = batch * length, width = heads * dim;
  auto size = static_cast<int64_t>(dtype_size(type));
  Buffer qkv(type, rows * 3 * width), dqkv(type, rows * 3 * width), out(type, rows * width), dout(type, rows * width);
  Buffer lse(DType::kF32, heads * rows);
  auto at = [&](Buffer& b, int64_t i) { return static_cast<std::byte*>(b.data()) + i * size; };
  std::vector<AttentionSegment> segments;
  for (int64_t i = 0; i < batch; ++i) {
    int64_t start = i * length * 3 * width;
    segments.push_back({.q_begin = i * length,
                        .q_length = length,
                        .k = at(qkv, start + width),
                        .v = at(qkv, start + 2 * width),
                        .dk = at(dqkv, start + width),
                        .dv = at(dqkv, start + 2 * width),
                        .k_length = length});
  }
  AttentionArgs a{.dtype = type,
                  .heads = heads,
                  .kv_heads = heads,
                  .head_dim = dim,
                  .value_dim = dim,
                  .q_stride = 3 * width,
                  .k_stride = 3 * width,
                  .v_stride = 3 * width,
                  .out_stride = width,
                  .scale = 1 / std::sqrt(static_cast<float>(dim)),
                  .segments = segments.data(),
                  .num_segments = batch,
                  .total_rows = rows,
                  .q = qkv.data(),
                  .out = out.data(),
                  .lse = lse.data()};
  Buffer scratch(DType::kF32, static_cast<int64_t>(attention_scratch(a) / 4));
  Buffer backward_scratch(DType::kF32, static_cast<int64_t>(attention_backward_scratch(a) / 4));
  a.scratch = scratch.data();
  AttentionBackwardArgs b{.forward = a, .dout = dout.data(), .dq = dqkv.data(), .scratch = backward_scratch.data()};
  cpu_backend().attention(stream(), a);
  for (auto _ : state) backward ? cpu_backend().attention_backward(stream(), b) : cpu_backend().attention(stream(), a);
  double scores = static_cast<double>(batch * heads) * static_cast<double>(length * length) / 2;
  count(state, scores * static_cast<double>(dim) * (backward ? 10 : 4), "FLOP/s");
}

void norm(benchmark::State& state) {
  int64_t rows = state.range(0), cols = state.range(1);
  Buffer x(DType::kBF16, rows * cols), delta(DType::kBF16, rows * cols), y(DType::kBF16, rows * cols);
  Buffer weight(DType::kF32, cols), mean(DType::kF32, rows), rstd(DType::kF32, rows);
  NormArgs a{.dtype = DType::kBF16,
             .layer = true,
             .rows = rows,
             .cols = cols,
             .x = x.data(),
             .delta = delta.data(),
             .sum = x.data(),
             .y = y.data(),
             .weight = weight.data(),
             .bias = weight.data(),
             .mean = mean.data(),
             .rstd = rstd.data()};
  for (auto _ : state) cpu_backend().norm(stream(), a);
  count(state, 8.0 * static_cast<double>(rows * cols), "bytes/s");
}

void activation(benchmark::State& state, Activation kind) {
  int64_t n = state.range(0);
  Buffer x(DType::kBF16, n), y(DType::kBF16, n);
  for (auto _ : state) cpu_backend().activation(stream(), {DType::kBF16, kind, n, x.data(), y.data()});
  count(state, 4.0 * static_cast<double>(n), "bytes/s");
}

void cross_entropy(benchmark::State& state) {
  int64_t rows = state.range(0), cols = state.range(1);
  Buffer logits(DType::kBF16, rows * cols);
  std::vector<int32_t> targets(static_cast<size_t>(rows));
  std::vector<float> loss(static_cast<size_t>(rows));
  CrossEntropyArgs a{.dtype = DType::kBF16,
                     .rows = rows,
                     .cols = cols,
                     .logits = logits.data(),
                     .targets = targets.data(),
                     .loss = loss.data()};
  for (auto _ : state) cpu_backend().cross_entropy(stream(), a);
  count(state, 4.0 * static_cast<double>(rows * cols), "bytes/s");
}

void adamw(benchmark::State& state) {
  int64_t n = state.range(0);
  Buffer p(DType::kF32, n), g(DType::kF32, n), m(DType::kF32, n), copy(DType::kBF16, n);
  std::vector<float> v(static_cast<size_t>(n), 1.0f);
  AdamWArgs a{.n = n,
              .p = static_cast<float*>(p.data()),
              .g = static_cast<float*>(g.data()),
              .m = static_cast<float*>(m.data()),
              .v = v.data(),
              .copy = static_cast<BF16*>(copy.data()),
              .lr = 1e-6f};
  for (auto _ : state) cpu_backend().adamw(stream(), a);
  count(state, 30.0 * static_cast<double>(n), "bytes/s");
}

/// One row of a serving step.
void row_product(benchmark::State& state) {
  int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  Buffer x(DType::kBF16, m * k), w(DType::kBF16, n * k), y(DType::kF32, m * n);
  RowProductArgs a{.dtype = DType::kBF16,
                   .w_dtype = DType::kBF16,
                   .m = m,
                   .n = n,
                   .k = k,
                   .x = x.data(),
                   .w = w.data(),
                   .y = y.data()};
  for (auto _ : state) cpu_backend().row_product(stream(), a);
  count(state, 2.0 * static_cast<double>(n * k), "bytes/s");
}

void register_products() {
  int providers = 0;
  const GemmProvider* list = gemm_providers(providers);
  for (int p = 0; p < providers; ++p) {
    if (std::string(list[p].name) == "portable") continue;
    for (auto [pass, name] : {std::pair{Pass::kForward, "forward"}, {Pass::kInputs, "dX"}, {Pass::kWeights, "dW"}}) {
      for (DType type : {DType::kBF16, DType::kF32}) {
        std::string title = std::string("product/") + list[p].name + "/" + name + "/" + std::string(dtype_name(type));
        const GemmProvider* provider = &list[p];
        auto* b =
            benchmark::RegisterBenchmark(title.c_str(), [=](benchmark::State& s) { product(s, provider, pass, type); });
        // rows, inputs, outputs of linear layers of models of 124M, 14M and 0.8M parameters
        b->Args({1024, 768, 3072})
            ->Args({1024, 768, 768})
            ->Args({256, 768, 50304})
            ->Args({2048, 384, 1536})
            ->Args({768, 128, 512});
        b->UseRealTime();
      }
    }
  }
}

}  // namespace
}  // namespace malmoi::kernels

int main(int argc, char** argv) {
  using namespace malmoi::kernels;
  using malmoi::DType;
  malmoi::active_isa();
  register_products();
  for (bool backward : {false, true}) {
    for (DType type : {DType::kBF16, DType::kF32}) {
      std::string title =
          std::string("attention/") + (backward ? "backward/" : "forward/") + std::string(dtype_name(type));
      benchmark::RegisterBenchmark(title.c_str(), [=](benchmark::State& s) { attention(s, backward, type); })
          ->Args({4, 1024, 12, 64})
          ->Args({8, 256, 6, 64})
          ->Args({12, 64, 4, 32})
          ->UseRealTime();
    }
  }
  benchmark::RegisterBenchmark("norm", norm)->Args({1024, 768})->Args({768, 128})->UseRealTime();
  benchmark::RegisterBenchmark("gelu_tanh", [](benchmark::State& s) { activation(s, Activation::kGeluTanh); })
      ->Arg(1024 * 3072)
      ->UseRealTime();
  benchmark::RegisterBenchmark("cross_entropy", cross_entropy)->Args({256, 50304})->Args({768, 65})->UseRealTime();
  benchmark::RegisterBenchmark("adamw", adamw)->Arg(20'000'000)->UseRealTime();
  benchmark::RegisterBenchmark("row_product", row_product)->Args({1, 3072, 768})->Args({16, 3072, 768})->UseRealTime();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
