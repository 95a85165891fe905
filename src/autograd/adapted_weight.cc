#include "autograd/adapted_weight.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "autograd/adapted_values.h"
#include "autograd/replaced_weight.h"
#include "base/parallel.h"

namespace malmoi::autograd {
namespace {

using namespace adapted;

// Rows of the base that are made at once to be measured.
constexpr int64_t kRowsMeasured = 256;

// Rows of a product that go through one adapter: all of them, or those of an index.
struct Rows {
  int64_t count = 0;
  Tensor index;  // i32 [count]; none: all

  int64_t operator[](int64_t i) const { return index ? index.as<int32_t>()[i] : i; }
  Tensor of(Context& context, const Tensor& x) const {
    if (!index) return x;
    Tensor own = context.temporary(x.dtype(), {count, x.shape().columns()});
    context.run("rows of an adapter", 0, &kernels::Backend::gather_rows,
                {.dtype = x.dtype(),
                 .rows = count,
                 .cols = x.shape().columns(),
                 .x = x.data(),
                 .index = index.as<int32_t>(),
                 .y = own.data()});
    return own;
  }
};

// Calls body(adapter, its rows) for each adapter that `count` rows go through.
template <typename Body>
void each_adapter(Context& context, int64_t count, int32_t num_adapters, const Body& body) {
  std::span<const int32_t> adapters = context.row_adapters;
  assert(adapters.size() < 2 || static_cast<int64_t>(adapters.size()) == count);
  const int32_t first = adapter_of(adapters, 0);
  if (std::ranges::all_of(adapters, [&](int32_t adapter) { return adapter == first; })) {
    body(first, Rows{count, {}});
    return;
  }
  Tensor index = context.temporary(DType::kI32, {count});
  for (int32_t adapter = 0; adapter < num_adapters; ++adapter) {
    int64_t found = 0;
    for (int64_t r = 0; r < count; ++r) {
      if (adapters[static_cast<size_t>(r)] == adapter) index.as<int32_t>()[found++] = static_cast<int32_t>(r);
    }
    if (found > 0) body(adapter, Rows{found, index.rows(0, found)});
  }
}

// y[rows, columns of the part] = f (y - bias + scale t) + bias, with f = m / norm of each column, or 1.
void add(Context& context, const LowRank& part, const Tensor& t, const Tensor& norms, const Rows& rows,
         const Parameter* bias, Tensor& y) {
  context.step("add what is adapted", 0, [&] {
    in_type(y, [&](auto* to) {
      using S = SumOf<decltype(to)>;
      const int64_t width = part.rows(), stride = y.shape().columns();
      const auto* from = t.as<S>();
      const S *norm = part.magnitude ? norms.as<S>() : nullptr,
              *magnitude = norm ? part.magnitude->compute.as<S>() : nullptr,
              *shift = norm && bias ? bias->compute.as<S>() + part.row_begin : nullptr;
      const auto scale = static_cast<S>(part.scale);
      parallel_for(rows.count, grain(width), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          auto* row = to + rows[i] * stride + part.row_begin;
          const S* added = from + i * width;
          if (!norm) {
            for (int64_t c = 0; c < width; ++c) store(row[c], load(row[c]) + scale * added[c]);
            continue;
          }
          for (int64_t c = 0; c < width; ++c) {
            const S b = shift ? shift[c] : 0;
            store(row[c], magnitude[c] / norm[c] * (load(row[c]) - b + scale * added[c]) + b);
          }
        }
      });
    });
  });
}

}  // namespace

AdaptedWeight::AdaptedWeight(std::shared_ptr<const Weight> base, std::vector<Parts> adapters)
    : base_(std::move(base)), adapters_(std::move(adapters)) {
  parameters_.assign(base_->parameters().begin(), base_->parameters().end());
  for (const Parts& parts : adapters_) {
    for (const LowRank& part : parts) {
      for (Parameter* parameter : {part.a, part.b, part.magnitude}) {
        if (parameter) parameters_.push_back(parameter);
      }
    }
  }
}

bool AdaptedWeight::is_adapted() const {
  return std::ranges::any_of(adapters_, [](const Parts& parts) { return !parts.empty(); });
}

const AdaptedWeight::Parts& AdaptedWeight::parts_of(int32_t adapter) const {
  static const Parts none;
  const bool known = adapter >= 0 && adapter < static_cast<int32_t>(adapters_.size());
  return known ? adapters_[static_cast<size_t>(adapter)] : none;
}

// B (A x).
Tensor AdaptedWeight::low_rank(Context& context, const LowRank& part, const Tensor& x) const {
  const auto whole = whole_products(context);
  const int64_t m = x.shape().rows();
  Tensor inner = context.temporary(part.b->compute.dtype(), {m, part.rank()});
  DenseWeight(*part.a).product(context, x, inner, nullptr);
  Tensor made = context.temporary(context.statistics_type(), {m, part.rows()});
  DenseWeight(*part.b).product(context, inner, made, nullptr);
  return made;
}

// The norm of each row of W + scale B A: measured once where nothing of it is trained.
Tensor AdaptedWeight::norms(Context& context, const LowRank& part) const {
  if (!part.magnitude) return {};
  if (wants_gradient() || context.rehearsal()) return measure(context, part);
  auto known = std::ranges::find(norms_, part.b, &std::pair<const Parameter*, Tensor>::first);
  if (known != norms_.end()) return known->second;
  const Tensor measured = measure(context, part);
  Tensor kept = Tensor::zeros(measured.dtype(), measured.shape());
  convert(measured.data(), measured.dtype(), kept.data(), kept.dtype(), static_cast<size_t>(kept.elements()));
  norms_.emplace_back(part.b, kept);
  return kept;
}

Tensor AdaptedWeight::measure(Context& context, const LowRank& part) const {
  const DType type = context.statistics_type();
  const int64_t in = in_features(), rank = part.rank();
  Tensor made = context.temporary(type, {part.rows()});
  const Tensor a = as_type(context, part.a->compute, type), b = as_type(context, part.b->compute, type);
  Tensor ids = context.temporary(DType::kI32, {kRowsMeasured});
  for (int64_t first = 0; first < part.rows(); first += kRowsMeasured) {
    const int64_t count = std::min(kRowsMeasured, part.rows() - first);
    Tensor w = context.temporary(type, {count, in}), scaled = context.temporary(type, {count, rank});
    context.step("rows to measure", 0, [&] {
      for (int64_t r = 0; r < count; ++r) ids.as<int32_t>()[r] = static_cast<int32_t>(part.row_begin + first + r);
      in_sums(scaled, [&](auto* to) {
        using S = SumOf<decltype(to)>;
        const S* from = b.as<S>() + first * rank;
        for (int64_t i = 0; i < count * rank; ++i) to[i] = static_cast<S>(part.scale) * from[i];
      });
    });
    base_->gather(context, {.ids = ids.as<int32_t>(), .rows = count}, w);
    context.run("adapted rows", 2.0 * static_cast<double>(w.elements()) * static_cast<double>(rank),
                &kernels::Backend::gemm,
                {.m = count,
                 .n = in,
                 .k = rank,
                 .a = scaled.data(),
                 .a_type = type,
                 .lda = rank,
                 .b = a.data(),
                 .b_type = type,
                 .ldb = in,
                 .c = w.data(),
                 .c_type = type,
                 .ldc = in,
                 .accumulate = true});
    context.step("norms of rows", 0, [&] {
      in_sums(w, [&](const auto* row) {
        auto* norm = made.as<SumOf<decltype(row)>>() + first;
        parallel_for(count, grain(in), [&](int64_t begin, int64_t end) {
          for (int64_t r = begin; r < end; ++r) {
            double sum = 0;
            for (int64_t c = 0; c < in; ++c)
              sum += static_cast<double>(row[r * in + c]) * static_cast<double>(row[r * in + c]);
            norm[r] = static_cast<SumOf<decltype(row)>>(std::sqrt(sum));
          }
        });
      });
    });
  }
  return made;
}

void AdaptedWeight::product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const {
  base_->product(context, x, y, bias);
  if (!is_adapted()) return;
  each_adapter(context, x.shape().rows(), static_cast<int32_t>(adapters_.size()),
               [&](int32_t adapter, const Rows& rows) {
                 const Parts& parts = parts_of(adapter);
                 if (parts.empty()) return;
                 const Tensor own = rows.of(context, x);
                 for (const LowRank& part : parts)
                   add(context, part, low_rank(context, part, own), norms(context, part), rows, bias, y);
               });
}

void AdaptedWeight::gather(Context& context, const RowIds& ids, Tensor& y) const {
  base_->gather(context, ids, y);
  if (!is_adapted()) return;
  const DType type = context.statistics_type();
  each_adapter(context, ids.rows, static_cast<int32_t>(adapters_.size()), [&](int32_t adapter, const Rows& rows) {
    for (const LowRank& part : parts_of(adapter)) {
      const Tensor a = as_type(context, part.a->compute, type), b = as_type(context, part.b->compute, type);
      const Tensor norms = this->norms(context, part);
      const int64_t in = in_features(), rank = part.rank();
      context.step("rows of an adapted table", 2.0 * static_cast<double>(rows.count * rank * in), [&] {
        in_type(y, [&](auto* to) {
          using S = SumOf<decltype(to)>;
          const S *a_values = a.as<S>(), *b_values = b.as<S>();
          parallel_for(rows.count, grain(in * rank), [&](int64_t begin, int64_t end) {
            std::vector<S> sum(static_cast<size_t>(in));
            for (int64_t i = begin; i < end; ++i) {
              const int64_t row = ids.first_row + ids.ids[rows[i]] - part.row_begin;
              if (row < 0 || row >= part.rows()) continue;
              std::ranges::fill(sum, S{0});
              for (int64_t k = 0; k < rank; ++k) {
                const S by = static_cast<S>(part.scale) * b_values[row * rank + k];
                for (int64_t c = 0; c < in; ++c) sum[static_cast<size_t>(c)] += by * a_values[k * in + c];
              }
              const S factor = part.magnitude ? part.magnitude->compute.as<S>()[row] / norms.as<S>()[row] : 1;
              auto* out = to + rows[i] * in;
              for (int64_t c = 0; c < in; ++c) store(out[c], factor * (load(out[c]) + sum[static_cast<size_t>(c)]));
            }
          });
        });
      });
    }
  });
}

size_t AdaptedWeight::bytes() const {
  size_t bytes = base_->bytes();
  for (const Parts& parts : adapters_) {
    for (const LowRank& part : parts) {
      for (const Parameter* parameter : {part.a, part.b, part.magnitude}) {
        if (parameter) bytes += parameter->compute.bytes();
      }
    }
  }
  return bytes;
}

const Weight& without_adapters(const Weight& weight) {
  if (const auto* adapted = dynamic_cast<const AdaptedWeight*>(&weight)) return without_adapters(adapted->base());
  const auto* replaced = dynamic_cast<const ReplacedWeight*>(&weight);
  return replaced ? without_adapters(replaced->base()) : weight;
}

}  // namespace malmoi::autograd
