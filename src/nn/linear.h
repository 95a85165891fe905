// Linear layers, plain and fused, and tables of embeddings.
#pragma once

#include <string>
#include <vector>

#include "autograd/ops.h"
#include "nn/declare.h"

namespace malmoi::nn {

using autograd::Context;
using autograd::Var;

/// y = x W^T + b.
struct Linear {
  WeightSlot* weight = nullptr;
  Parameter* bias = nullptr;
  Var operator()(Context& context, Var x) const { return autograd::linear(context, std::move(x), **weight, bias); }
};

/// A part of a fused layer, under its published name beside the fused one.
struct LinearPart {
  std::string name;
  int64_t out = 0;
  double std = -1;     // negative: the layer's
  Layout layout = {};  // where it is not the layer's
};

struct LinearSpec {
  int64_t in = 0, out = 0;
  bool bias = false;
  double std = -1;                     // negative: the declaration's
  std::vector<LinearPart> parts = {};  // products that read the same rows are one product: q, k and v; gate and up
  Layout layout = {};
  Role role = Role::kMatrix;
  decltype(Init::fill) fill = {}, fill_bias = {};  // where weight or bias start otherwise than normal, or zero
};

/// Declares `<path>.weight` [out, in] and `<path>.bias`; of a fused layer under the names of its parts.
Linear linear(const Declare& declare, const LinearSpec& spec);

/// A table of rows by id, which an output projection may be tied to.
struct EmbeddingSpec {
  int64_t rows = 0, width = 0;
  Role role = Role::kEmbedding;
  double std = -1;
};
WeightSlot* embedding(const Declare& declare, const EmbeddingSpec& spec);

}  // namespace malmoi::nn
