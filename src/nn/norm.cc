#include "nn/norm.h"

namespace malmoi::nn {

Norm norm(const Declare& declare, const NormSpec& spec) {
  Norm n;
  n.weight = declare.set().add(
      {.name = declare.tensor(spec.weight_name), .shape = {spec.width}, .init = {.constant = 1 - spec.weight_offset}});
  if (spec.bias) n.bias = declare.set().add({.name = declare.tensor(spec.bias_name), .shape = {spec.width}});
  n.options = {.layer = spec.layer,
               .eps = static_cast<float>(spec.eps),
               .weight_offset = spec.weight_offset,
               .dropout = static_cast<float>(spec.dropout),
               .delta_scale = static_cast<float>(spec.delta_scale)};
  return n;
}

}  // namespace malmoi::nn
