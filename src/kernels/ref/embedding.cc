// Oracle of the embedding lookup and its gradient.
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

double element(const void* table, DType type, int64_t i) {
  switch (type) {
    case DType::kF64: return as<double>(table)[i];
    case DType::kBF16: return get(as<BF16>(table)[i]);
    case DType::kF16: return static_cast<double>(half_to_float(as<uint16_t>(table)[i]));
    default: return get(as<float>(table)[i]);
  }
}

}  // namespace

void embedding(Stream&, const EmbeddingArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) {
      for (int64_t c = 0; c < a.cols; ++c) {
        int64_t i = r * a.cols + c;
        double x = a.base ? get(as<T>(a.base)[i]) : 0;
        for (int k = 0; k < a.num_tables; ++k) {
          x += element(a.tables[k].rows, a.tables[k].dtype, int64_t{a.tables[k].ids[r]} * a.cols + c);
        }
        x *= static_cast<double>(a.scale);
        put(as<T>(a.y)[i], x * dropout_factor(a.dropout, static_cast<uint64_t>(i)));
      }
    }
  });
}

void embedding_backward(Stream&, const EmbeddingBackwardArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    using P = Param<T>;
    for (int64_t r = 0; r < a.rows; ++r) {
      if (a.ids[r] == a.padding_id) continue;
      P* to = as<P>(a.dtable) + int64_t{a.ids[r]} * a.cols;
      for (int64_t c = 0; c < a.cols; ++c) {
        int64_t i = r * a.cols + c;
        double factor = dropout_factor(a.dropout, static_cast<uint64_t>(i));
        put(to[c], get(to[c]) + static_cast<double>(a.scale) * factor * get(as<T>(a.dy)[i]));
      }
    }
  });
}

}  // namespace malmoi::kernels::ref
