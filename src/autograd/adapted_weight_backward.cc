// Gradients through weights with adapters: to inputs, to the matrices of low rank, and to magnitudes.
#include <cassert>

#include "autograd/adapted_values.h"
#include "autograd/adapted_weight.h"
#include "base/parallel.h"

namespace malmoi::autograd {
namespace {

using namespace adapted;

// The columns of the part, times its scale, in the type of its matrices.
Tensor scaled_columns(Context& context, const LowRank& part, const Tensor& dy) {
  const int64_t width = part.rows(), stride = dy.shape().columns(), m = dy.shape().rows();
  Tensor columns = context.temporary(context.statistics_type(), {m, width});
  context.step("columns of an adapter", 0, [&] {
    in_type(dy, [&](const auto* from) {
      using S = SumOf<decltype(from)>;
      S* to = columns.as<S>();
      parallel_for(m, grain(width), [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
          for (int64_t c = 0; c < width; ++c)
            to[r * width + c] = static_cast<S>(part.scale) * load(from[r * stride + part.row_begin + c]);
        }
      });
    });
  });
  return as_type(context, columns, part.b->compute.dtype());
}

// dx += t, of statistics' type.
void add_to(Context& context, const Tensor& t, Tensor& dx) {
  context.step("add", 0, [&] {
    in_type(dx, [&](auto* to) {
      const auto* from = t.as<SumOf<decltype(to)>>();
      parallel_for(t.elements(), kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) store(to[i], load(to[i]) + from[i]);
      });
    });
  });
}

}  // namespace

// Of the one adapter that all rows go through.
const AdaptedWeight::Parts& AdaptedWeight::parts_of_all(const Context& context) const {
  assert(context.row_adapters.size() < 2);
  return parts_of(adapter_of(context.row_adapters, 0));
}

// dy, its columns of DoRA times m / norm.
Tensor AdaptedWeight::factored(Context& context, const Parts& parts, const Tensor& dy) const {
  if (std::ranges::none_of(parts, [](const LowRank& part) { return part.magnitude != nullptr; })) return dy;
  Tensor made = context.temporary(dy.dtype(), dy.shape());
  context.step("copy", 0,
               [&] { convert(dy.data(), dy.dtype(), made.data(), made.dtype(), static_cast<size_t>(dy.elements())); });
  for (const LowRank& part : parts) {
    if (!part.magnitude) continue;
    const Tensor norms = this->norms(context, part);
    context.step("columns by magnitude", 0, [&] {
      const int64_t stride = made.shape().columns();
      in_type(made, [&](auto* to) {
        using S = SumOf<decltype(to)>;
        const S *norm = norms.as<S>(), *magnitude = part.magnitude->compute.as<S>();
        parallel_for(made.shape().rows(), grain(part.rows()), [&](int64_t begin, int64_t end) {
          for (int64_t r = begin; r < end; ++r) {
            auto* row = to + r * stride + part.row_begin;
            for (int64_t c = 0; c < part.rows(); ++c) store(row[c], load(row[c]) * magnitude[c] / norm[c]);
          }
        });
      });
    });
  }
  return made;
}

void AdaptedWeight::product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const {
  const Parts& parts = parts_of_all(context);
  const Tensor at_rows = factored(context, parts, dy);
  base_->product_transposed(context, at_rows, dx, accumulate);
  const auto whole = whole_products(context);
  for (const LowRank& part : parts) {
    const Tensor columns = scaled_columns(context, part, at_rows);
    Tensor inner = context.temporary(columns.dtype(), {dy.shape().rows(), part.rank()});
    DenseWeight(*part.b).product_transposed(context, columns, inner, false);
    const bool same = inner.dtype() == dx.dtype();
    Tensor through = same ? dx : context.temporary(inner.dtype(), dx.shape());  // f32 beside activations of bf16
    DenseWeight(*part.a).product_transposed(context, inner, through, same);
    if (!same) add_to(context, through, dx);
  }
}

void AdaptedWeight::accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const {
  const Parts& parts = parts_of_all(context);
  const Tensor at_rows = factored(context, parts, dy);
  base_->accumulate_gradient(context, at_rows, x);
  const auto whole = whole_products(context);
  Tensor of_base;  // W x, which the magnitudes of all parts need
  for (const LowRank& part : parts) {
    if (part.magnitude && part.magnitude->wants_gradient()) {
      if (!of_base) {
        of_base = context.temporary(dy.dtype(), dy.shape());
        base_->product(context, x, of_base, nullptr);
      }
      accumulate_magnitude(context, part, dy, x, of_base);
    }
    if (!part.a->wants_gradient() && !part.b->wants_gradient()) continue;
    const int64_t m = dy.shape().rows();
    const Tensor columns = scaled_columns(context, part, at_rows);
    Tensor inner = context.temporary(columns.dtype(), {m, part.rank()});
    DenseWeight(*part.a).product(context, x, inner, nullptr);
    DenseWeight(*part.b).accumulate_gradient(context, columns, inner);
    DenseWeight(*part.b).product_transposed(context, columns, inner, false);
    DenseWeight(*part.a).accumulate_gradient(context, inner, x);
  }
}

// dm[c] += sum over rows of dy (W x + scale B A x) / norm.
void AdaptedWeight::accumulate_magnitude(Context& context, const LowRank& part, const Tensor& dy, const Tensor& x,
                                         const Tensor& of_base) const {
  const Tensor added = low_rank(context, part, x), norms = this->norms(context, part);
  void* gradient = part.magnitude->accumulated_grad();
  context.step("gradient of magnitudes", 0, [&] {
    const int64_t stride = dy.shape().columns(), width = part.rows();
    in_type(dy, [&](const auto* down) {
      using S = SumOf<decltype(down)>;
      const auto* base = of_base.as<std::remove_cvref_t<decltype(*down)>>();
      const S *low = added.as<S>(), *norm = norms.as<S>();
      S* dm = static_cast<S*>(gradient);
      parallel_for(width, grain(dy.shape().rows()), [&](int64_t begin, int64_t end) {
        std::vector<S> sums(static_cast<size_t>(end - begin), S{0});
        for (int64_t r = 0; r < dy.shape().rows(); ++r) {
          for (int64_t c = begin; c < end; ++c) {
            const int64_t at = r * stride + part.row_begin + c;
            sums[static_cast<size_t>(c - begin)] +=
                load(down[at]) * (load(base[at]) + static_cast<S>(part.scale) * low[r * width + c]);
          }
        }
        for (int64_t c = begin; c < end; ++c) dm[c] += sums[static_cast<size_t>(c - begin)] / norm[c];
      });
    });
  });
}

// Rows of a table: dB[id] += g A^T and dA += B[id]^T g, where g is the gradient behind the dropout, times both scales.
void AdaptedWeight::accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                                    const kernels::Dropout& dropout) const {
  base_->accumulate_rows(context, ids, dy, scale, dropout);
  for (const LowRank& part : parts_of_all(context)) {
    if (!part.a->wants_gradient() && !part.b->wants_gradient()) continue;
    assert(part.row_begin == 0 && part.rows() == out_features() && !part.magnitude);  // tables are not fused
    Tensor g = context.temporary(dy.dtype(), dy.shape());
    context.run("gradient of rows", 0, &kernels::Backend::embedding,
                {.dtype = dy.dtype(),
                 .rows = ids.rows,
                 .cols = in_features(),
                 .base = dy.data(),
                 .scale = scale * static_cast<float>(part.scale),
                 .y = g.data(),
                 .dropout = dropout});
    Tensor inner = context.temporary(g.dtype(), {ids.rows, part.rank()});
    DenseWeight(*part.a).product(context, g, inner, nullptr);
    DenseWeight(*part.b).accumulate_rows(context, ids, inner, 1, {});
    DenseWeight(*part.b).gather(context, ids, inner);
    DenseWeight(*part.a).accumulate_gradient(context, inner, g);
  }
}

}  // namespace malmoi::autograd
