#include "autograd/parameter.h"

#include <cstring>

namespace malmoi::autograd {

void* Parameter::accumulated_grad() {
  if (!wants_gradient()) return nullptr;
  if (!grad_ready) std::memset(grad.data(), 0, grad.bytes());
  grad_ready = true;
  return grad.data();
}

}  // namespace malmoi::autograd
