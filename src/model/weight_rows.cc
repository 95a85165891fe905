#include "model/weight_rows.h"

namespace malmoi::model {

void write_rows(const autograd::Weight& weight, Tensor to) {
  Arena arena;
  StoragePool pool;
  Stream stream;
  autograd::Context context{
      .arena = &arena, .pool = &pool, .stream = &stream, .backend = &kernels::cpu_backend(), .dtype = to.dtype()};
  const Tensor rows = weight.rows(context);
  convert(rows.data(), rows.dtype(), to.data(), to.dtype(), static_cast<size_t>(to.elements()));
}

}  // namespace malmoi::model
