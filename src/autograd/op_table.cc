// The table of ops, made from ops/table.inc.
#include <array>

#include "autograd/tape.h"

namespace malmoi::autograd {

#define OP(name) extern const Op name##_op;
#include "autograd/ops/table.inc"
#undef OP

std::span<const Op* const> op_table() {
  static constexpr const Op* kTable[] = {
#define OP(name) &name##_op,
#include "autograd/ops/table.inc"
#undef OP
  };
  return kTable;
}

}  // namespace malmoi::autograd
