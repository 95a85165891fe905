// Attention of every instruction set against the oracle: masks, windows, groups, caches, packed segments.
#include "base/parallel.h"
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

struct Case {
  const char* name;
  int64_t heads, kv_heads, head_dim;
  std::vector<std::pair<int64_t, int64_t>> lengths;  // queries, keys of each segment
  bool causal = true;
  int64_t window = 0;
  float softcap = 0;
  float dropout = 0;
  bool masked = false;
};

const Case kCases[] = {
    {"small", 2, 2, 8, {{5, 5}}},
    {"one token", 1, 1, 16, {{1, 1}}},
    {"odd head", 2, 1, 7, {{9, 9}, {33, 33}}},
    {"blocks", 2, 2, 64, {{150, 150}}},
    {"wide head", 1, 1, 96, {{70, 70}}},
    {"bidirectional", 2, 2, 20, {{67, 67}, {10, 10}}, false},
    {"cross", 2, 2, 16, {{12, 140}, {60, 7}}, false},
    {"cache", 4, 2, 32, {{7, 135}, {1, 300}, {3, 64}, {50, 190}}},
    {"window", 2, 2, 16, {{200, 200}, {31, 31}}, true, 17},
    {"window 1", 1, 1, 16, {{70, 70}}, true, 1},
    {"window and cache", 2, 1, 16, {{3, 150}, {60, 300}}, true, 40},
    {"groups", 6, 2, 24, {{100, 100}, {49, 49}}},
    {"softcap", 2, 2, 16, {{80, 80}}, true, 0, 3.0f},
    {"dropout", 3, 1, 16, {{70, 70}, {2, 90}}, true, 0, 0, 0.2f},
    {"key masks", 2, 2, 16, {{64, 64}, {20, 20}, {2, 33}}, false, 0, 0, 0, true},
    {"everything", 4, 2, 18, {{130, 170}, {17, 17}}, true, 50, 2.0f, 0.1f, true},
    {"empty segments", 2, 2, 8, {{0, 0}, {6, 6}, {0, 5}}},
    {"queries before all keys", 1, 1, 8, {{20, 10}}},
};

/// The tensors of one case, twice.
struct Problem {
  Problem(const Case& c, DType dtype_) : dtype(dtype_), spec(c) {
    for (auto [q_length, k_length] : c.lengths) rows += q_length, keys += k_length;
    q = Twin(dtype, rows * q_stride(), 1), k = Twin(dtype, keys * kv_stride(), 2),
    v = Twin(dtype, keys * kv_stride(), 3);
    dout = Twin(dtype, rows * out_stride(), 4);
    out = Twin::zeros(dtype, rows * out_stride()), dq = Twin::zeros(dtype, rows * q_stride());
    dk = Twin::zeros(dtype, keys * kv_stride()), dv = Twin::zeros(dtype, keys * kv_stride());
    lse = Twin::zeros(DType::kF32, c.heads * rows);
    for (int64_t i = 0; i < keys; ++i) mask.push_back(i % 5 != 0 && !(i > 70 && i < 80));
  }
  int64_t q_stride() const { return spec.heads * spec.head_dim + 5; }
  int64_t kv_stride() const { return spec.kv_heads * spec.head_dim + 3; }
  int64_t out_stride() const { return spec.heads * spec.head_dim + 1; }

  AttentionArgs args(bool oracle, std::vector<AttentionSegment>& segments) {
    auto p = [&](Twin& t) { return oracle ? t.oracle() : t.data(); };
    size_t size = oracle ? 8 : dtype_size(dtype);
    auto at = [&](Twin& t, int64_t i) { return static_cast<std::byte*>(p(t)) + static_cast<size_t>(i) * size; };
    int64_t row = 0, key = 0;
    for (auto [q_length, k_length] : spec.lengths) {
      segments.push_back({.q_begin = row,
                          .q_length = q_length,
                          .k = at(k, key * kv_stride()),
                          .v = at(v, key * kv_stride()),
                          .dk = at(dk, key * kv_stride()),
                          .dv = at(dv, key * kv_stride()),
                          .k_length = k_length,
                          .key_mask = spec.masked ? mask.data() + key : nullptr});
      row += q_length, key += k_length;
    }
    return {.dtype = oracle ? DType::kF64 : dtype,
            .heads = spec.heads,
            .kv_heads = spec.kv_heads,
            .head_dim = spec.head_dim,
            .value_dim = spec.head_dim,
            .q_stride = q_stride(),
            .k_stride = kv_stride(),
            .v_stride = kv_stride(),
            .out_stride = out_stride(),
            .scale = 1 / std::sqrt(static_cast<float>(spec.head_dim)),
            .softcap = spec.softcap,
            .mask = {.causal = spec.causal, .window = spec.window},
            .segments = segments.data(),
            .num_segments = static_cast<int64_t>(segments.size()),
            .total_rows = rows,
            .q = p(q),
            .out = p(out),
            .lse = p(lse),
            .dropout = {.p = spec.dropout, .seed = 3, .stream = 8}};
  }

  DType dtype;
  Case spec;
  int64_t rows = 0, keys = 0;
  Twin q{DType::kF32, 0, 0}, k = q, v = q, dout = q, out = q, dq = q, dk = q, dv = q, lse = q;
  std::vector<uint8_t> mask;
};

void run(const Backend& table, Problem& p, bool oracle) {
  std::vector<AttentionSegment> segments;
  AttentionArgs a = p.args(oracle, segments);
  TestScratch scratch(attention_scratch(a)), backward_scratch(attention_backward_scratch(a));
  a.scratch = scratch.get();
  table.attention(stream(), a);
  if (!oracle) p.lse.expect_close(p.spec.name, 1e30);  // only that it is written: NaN fails
  AttentionBackwardArgs b{.forward = a,
                          .dout = oracle ? p.dout.oracle() : p.dout.data(),
                          .dq = oracle ? p.dq.oracle() : p.dq.data(),
                          .scratch = backward_scratch.get()};
  table.attention_backward(stream(), b);
}

TEST(Attention, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const Case& c : kCases) {
      Problem p(c, dtype);
      run(reference_backend(), p, true);
      run(table, p, false);
      std::string what = name + " " + c.name;
      bool half = dtype == DType::kBF16;
      p.out.expect_close(what + " out", half ? 0.02 : 1e-5);
      p.lse.expect_close(what + " lse", half ? 1e-4 : 1e-5);
      double slack = half ? 0.05 : 5e-5;
      p.dq.expect_close(what + " dq", slack);
      p.dk.expect_close(what + " dk", slack);
      p.dv.expect_close(what + " dv", slack);
    }
  });
}

TEST(Attention, RepeatsToTheBit) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    Problem p(kCases[11], dtype);
    run(table, p, false);
    auto out = p.out.values(), dq = p.dq.values(), dk = p.dk.values();
    run(table, p, false);
    EXPECT_EQ(out, p.out.values()) << name;
    EXPECT_EQ(dq, p.dq.values()) << name;
    EXPECT_EQ(dk, p.dk.values()) << name;
  });
}

TEST(Attention, DoesNotDependOnTheNumberOfThreads) {
  int threads = num_threads();
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    Problem p(kCases[11], dtype);
    set_num_threads(1);
    run(table, p, false);
    auto out = p.out.values(), dq = p.dq.values(), dk = p.dk.values();
    set_num_threads(3);
    run(table, p, false);
    EXPECT_EQ(out, p.out.values()) << name;
    EXPECT_EQ(dq, p.dq.values()) << name;
    EXPECT_EQ(dk, p.dk.values()) << name;
  });
  set_num_threads(threads);
}

}  // namespace
}  // namespace malmoi::kernels
