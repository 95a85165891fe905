#include "nn/disentangled_attention.h"

#include <cmath>

namespace malmoi::nn {

DisentangledAttention::DisentangledAttention(const Declare& declare, const DisentangledSpec& spec) : spec_(spec) {
  const int64_t width = spec.width;
  qkv_ = linear(declare / "qkv_proj",
                {.in = width,
                 .bias = true,
                 .parts = {{"self.query_proj", width}, {"self.key_proj", width}, {"self.value_proj", width}}});
  if (spec.relative && !spec.shared) {
    LinearSpec positions{.in = width, .bias = true};
    if (spec.from_position) positions.parts.push_back({"self.pos_query_proj", width});
    if (spec.to_position) positions.parts.push_back({"self.pos_key_proj", width});
    if (!positions.parts.empty()) positions_ = linear(declare / "position_proj", positions);
  }
  out_ = linear(declare / "output.dense", {.in = width, .out = width, .bias = true});
}

// [positions, queries and keys side by side]; nothing where scores have no part of positions.
Var DisentangledAttention::project(Context& context, Var table) const {
  if (!spec_.relative || !(spec_.to_position || spec_.from_position)) return {};
  table = autograd::dropout(context, std::move(table), spec_.position_dropout);
  return (spec_.shared ? qkv_ : positions_)(context, std::move(table));
}

Var DisentangledAttention::operator()(Context& context, Var x, const Batch& batch, Var table) const {
  const DisentangledSpec& s = spec_;
  const int64_t head_dim = s.width / s.heads, parts = 1 + s.to_position + s.from_position;
  Var positions = project(context, std::move(table));
  const int64_t keys = s.shared || s.from_position ? s.width : 0;  // behind the queries, where there are any
  autograd::DisentangledOptions options{
      .heads = s.heads,
      .head_dim = head_dim,
      .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head_dim * parts))),
      .dropout = static_cast<float>(s.dropout),
      .runs = batch.runs,
      .key_mask = batch.key_mask,
      .relative = s.positions,
      .first_row = positions ? s.positions.row(1 - batch.longest_run) : 0,
      .position_queries = positions && s.from_position ? 0 : -1,
      .position_keys = positions && s.to_position ? keys : -1};
  Var qkv = qkv_(context, std::move(x));  // [rows, 3 width]
  return out_(context, autograd::disentangled_attention(context, std::move(qkv), std::move(positions), options));
}

}  // namespace malmoi::nn
