// What the tests of attention share: cases with all that a call may carry, and their tensors as the kernel's and the
// oracle's.
#pragma once

#include "kernels/test_support.h"

namespace malmoi::kernels {

struct AttentionCase {
  struct Lengths {
    int64_t queries, keys;
    int64_t prefix = 0, k_begin = 0;
  };
  struct Extras {
    int64_t value_dim = 0;  // 0: as head_dim
    AttentionMask mask{};
    float softcap = 0, dropout = 0;
    bool key_mask = false, sinks = false;
    int64_t bias_left = -1, bias_right = -1;  // below zero: no bias
    bool bias_by_key = false;
    int64_t page_rows = 0;  // above zero: keys and values stand in pages
  };
  const char* name;
  int64_t heads, kv_heads, head_dim;
  std::vector<Lengths> segments;
  Extras with{};
};

/// The tensors of one case, twice.
struct AttentionProblem {
  AttentionProblem(const AttentionCase& c, DType dtype_) : dtype(dtype_), spec(c) {
    if (spec.with.value_dim == 0) spec.with.value_dim = spec.head_dim;
    for (const auto& s : c.segments) rows += s.queries, keys += s.keys;
    q = Twin(dtype, rows * q_stride(), 1), k = Twin(dtype, keys * k_stride(), 2), v = Twin(dtype, keys * v_stride(), 3);
    dout = Twin(dtype, rows * out_stride(), 4);
    out = Twin::zeros(dtype, rows * out_stride()), dq = Twin::zeros(dtype, rows * q_stride());
    dk = Twin::zeros(dtype, keys * k_stride()), dv = Twin::zeros(dtype, keys * v_stride());
    lse = Twin::zeros(DType::kF32, c.heads * rows);
    for (int64_t i = 0; i < keys; ++i) mask.push_back(i % 5 != 0 && !(i > 70 && i < 80));
    if (has_bias()) {
      int64_t width = spec.with.bias_left + 1 + spec.with.bias_right;
      bias = Twin(DType::kF32, c.heads * width, 5), dbias = Twin(DType::kF32, c.heads * width, 6);
    }
    if (c.with.sinks) sinks = Twin(DType::kF32, c.heads, 7), dsinks = Twin(DType::kF32, c.heads, 8);
  }
  int64_t q_stride() const { return spec.heads * spec.head_dim + 5; }
  int64_t k_stride() const { return spec.kv_heads * spec.head_dim + 3; }
  int64_t v_stride() const { return spec.kv_heads * spec.with.value_dim + 2; }
  int64_t out_stride() const { return spec.heads * spec.with.value_dim + 1; }
  bool has_bias() const { return spec.with.bias_left >= 0; }

  /// Arguments that point into this problem, until its next call.
  AttentionArgs args(bool oracle) {
    segments.clear(), pages.clear();
    int64_t row = 0, key = 0;
    for (const auto& s : spec.segments) {
      segments.push_back({.q_begin = row,
                          .q_length = s.queries,
                          .k = at(k, key * k_stride(), oracle),
                          .v = at(v, key * v_stride(), oracle),
                          .dk = at(dk, key * k_stride(), oracle),
                          .dv = at(dv, key * v_stride(), oracle),
                          .k_length = s.keys,
                          .k_begin = s.k_begin,
                          .prefix = s.prefix,
                          .key_mask = spec.with.key_mask ? mask.data() + key : nullptr});
      if (spec.with.page_rows > 0) put_in_pages(segments.back(), oracle);
      row += s.queries, key += s.keys;
    }
    return {.dtype = oracle ? DType::kF64 : dtype,
            .heads = spec.heads,
            .kv_heads = spec.kv_heads,
            .head_dim = spec.head_dim,
            .value_dim = spec.with.value_dim,
            .q_stride = q_stride(),
            .k_stride = k_stride(),
            .v_stride = v_stride(),
            .out_stride = out_stride(),
            .page_rows = spec.with.page_rows,
            .scale = 1 / std::sqrt(static_cast<float>(spec.head_dim)),
            .softcap = spec.with.softcap,
            .mask = spec.with.mask,
            .bias = has_bias() ? bias.side(oracle) : nullptr,
            .bias_left = std::max<int64_t>(spec.with.bias_left, 0),
            .bias_right = std::max<int64_t>(spec.with.bias_right, 0),
            .bias_by_key = spec.with.bias_by_key,
            .sinks = spec.with.sinks ? sinks.side(oracle) : nullptr,
            .segments = segments.data(),
            .num_segments = static_cast<int64_t>(segments.size()),
            .total_rows = rows,
            .q = q.side(oracle),
            .out = out.side(oracle),
            .lse = lse.side(oracle),
            .dropout = {.p = spec.with.dropout, .seed = 3, .stream = 8}};
  }

  void forward(const Backend& table, bool oracle) {
    AttentionArgs a = args(oracle);
    TestScratch scratch(attention_scratch(a));
    a.scratch = scratch.get();
    table.attention(stream(), a);
    if (!oracle) lse.expect_close(spec.name, 1e30);  // only that it is written: NaN fails
  }

  void backward(const Backend& table, bool oracle) {
    AttentionArgs a = args(oracle);
    TestScratch scratch(attention_backward_scratch(a));
    table.attention_backward(stream(), {.forward = a,
                                        .dout = dout.side(oracle),
                                        .dq = dq.side(oracle),
                                        .dbias = has_bias() ? dbias.side(oracle) : nullptr,
                                        .dsinks = spec.with.sinks ? dsinks.side(oracle) : nullptr,
                                        .scratch = scratch.get()});
  }

  /// All that the kernel wrote.
  std::vector<std::vector<double>> results() {
    return {out.values(), lse.values(), dq.values(), dk.values(), dv.values(), dbias.values(), dsinks.values()};
  }

  DType dtype;
  AttentionCase spec;
  int64_t rows = 0, keys = 0;
  Twin q{DType::kF32, 0, 0}, k = q, v = q, dout = q, out = q, dq = q, dk = q, dv = q, lse = q;
  Twin bias = q, dbias = q, sinks = q, dsinks = q;
  std::vector<uint8_t> mask;

 private:
  std::byte* at(Twin& t, int64_t element, bool oracle) const {
    size_t size = oracle ? 8 : dtype_size(dtype);
    return static_cast<std::byte*>(oracle ? t.oracle() : t.data()) + static_cast<size_t>(element) * size;
  }

  /// The same rows copied to pages of their own; what lies beyond the last row is never read: it is not a number.
  void put_in_pages(AttentionSegment& s, bool oracle) {
    int64_t count = (s.k_length + spec.with.page_rows - 1) / spec.with.page_rows;
    s.k_pages = table_of(s.k, s.k_length, count, k_stride(), oracle);
    s.v_pages = table_of(s.v, s.k_length, count, v_stride(), oracle);
    s.k = s.v = nullptr;
  }
  const void* const* table_of(const void* from, int64_t length, int64_t count, int64_t stride, bool oracle) {
    size_t row_bytes = static_cast<size_t>(stride) * (oracle ? 8 : dtype_size(dtype));
    auto& table = pages.emplace_back();
    for (int64_t n = 0; n < count; ++n) {
      int64_t first = n * spec.with.page_rows, held = std::min(spec.with.page_rows, length - first);
      auto& page = table.rows.emplace_back(static_cast<size_t>(spec.with.page_rows) * row_bytes, std::byte{0xFF});
      std::copy_n(static_cast<const std::byte*>(from) + static_cast<size_t>(first) * row_bytes,
                  static_cast<size_t>(held) * row_bytes, page.data());
    }
    for (auto& page : table.rows) table.pointers.push_back(page.data());
    return table.pointers.data();
  }

  struct Pages {
    std::vector<std::vector<std::byte>> rows;
    std::vector<const void*> pointers;
  };
  std::vector<AttentionSegment> segments;
  std::vector<Pages> pages;
};

}  // namespace malmoi::kernels
