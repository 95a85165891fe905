// Attention of queries over keys and values that are columns of any tensors, or stand in a cache.
#include <cassert>
#include <cstring>
#include <vector>

#include "autograd/attention_probe.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct Place {  // columns of a saved tensor
  int64_t tensor = 0, first = 0;
};

struct AttentionAttributes {
  AttentionOptions options;
  kernels::Dropout dropout;
  Place q, k, v;
  bool has_bias;
};

// What a call of the kernel points into.
struct AttentionOperands {
  const Tensor *q = nullptr, *k = nullptr, *v = nullptr, *bias = nullptr;
  int64_t q_first = 0, k_first = 0, v_first = 0;
};

// Segments live beside the tape in a buffer that is reused from call to call.
std::vector<kernels::AttentionSegment>& segment_buffer() {
  static thread_local std::vector<kernels::AttentionSegment> buffer;
  return buffer;
}

int64_t value_dim(const AttentionOptions& o) { return o.value_dim > 0 ? o.value_dim : o.head_dim; }

void make_segments(const AttentionOptions& o, const AttentionOperands& in) {
  auto& segments = segment_buffer();
  segments.clear();
  assert(o.cached.empty() || o.key_mask.empty());
  for (size_t i = 0; i < o.runs.size(); ++i) {
    kernels::AttentionSegment s{.q_begin = o.runs[i].begin, .q_length = o.runs[i].length, .path = o.runs[i].path};
    if (!o.prefixes.empty()) s.prefix = o.prefixes[i];
    if (o.cached.empty()) {
      const Run& keys = o.key_runs.empty() ? o.runs[i] : o.key_runs[i];
      s.k = element_at(in.k->data(), in.k->dtype(), keys.begin * in.k->shape().columns() + in.k_first);
      s.v = element_at(in.v->data(), in.v->dtype(), keys.begin * in.v->shape().columns() + in.v_first);
      s.k_length = keys.length;
      if (!o.key_mask.empty()) s.key_mask = o.key_mask.data() + keys.begin;
    } else {
      const CachedKeys& c = o.cached[i];
      s.k = c.k, s.v = c.v, s.k_pages = c.k_pages, s.v_pages = c.v_pages;
      s.k_length = c.length, s.k_begin = c.begin;
    }
    segments.push_back(s);
  }
}

kernels::AttentionArgs attention_args(const AttentionOptions& o, const kernels::Dropout& dropout,
                                      const AttentionOperands& in, Tensor& out, Tensor& lse) {
  make_segments(o, in);
  bool cached = !o.cached.empty();
  return {.dtype = in.q->dtype(),
          .heads = o.heads,
          .kv_heads = o.kv_heads,
          .head_dim = o.head_dim,
          .value_dim = value_dim(o),
          .q_stride = in.q->shape().columns(),
          .k_stride = cached ? o.cached_k_stride : in.k->shape().columns(),
          .v_stride = cached ? o.cached_v_stride : in.v->shape().columns(),
          .out_stride = o.heads * value_dim(o),
          .page_rows = o.page_rows,
          .byte_rows = o.cached_in_bytes,
          .scale = o.scale,
          .softcap = o.softcap,
          .mask = o.mask,
          .bias = in.bias ? in.bias->data() : nullptr,
          .bias_left = o.bias_left,
          .bias_right = o.bias_right,
          .bias_by_key = o.bias_by_key,
          .sinks = o.sinks ? o.sinks->compute.data() : nullptr,
          .segments = segment_buffer().data(),
          .num_segments = static_cast<int64_t>(segment_buffer().size()),
          .total_rows = in.q->shape().rows(),
          .q = element_at(in.q->data(), in.q->dtype(), in.q_first),
          .out = out.data(),
          .lse = lse.data(),
          .dropout = dropout};
}

double attention_cost(const AttentionOptions& o) {
  double flops = 0;
  for (size_t i = 0; i < o.runs.size(); ++i) {
    int64_t keys = !o.cached.empty()    ? o.cached[i].length
                   : o.key_runs.empty() ? o.runs[i].length
                                        : o.key_runs[i].length;
    double seen = static_cast<double>(keys) / (o.mask.causal && o.cached.empty() ? 2 : 1);
    if (o.mask.window > 0) seen = std::min(seen, static_cast<double>(o.mask.window));
    flops += 2.0 * static_cast<double>(o.runs[i].length * o.heads * (o.head_dim + value_dim(o))) * seen;
  }
  return flops;
}

// A gradient of a saved tensor: of its own columns, zero where attention does not read.
Tensor new_gradient(Context& context, const Tensor& like, int64_t columns_read) {
  Tensor grad = context.temporary(like.dtype(), like.shape());
  if (columns_read != like.shape().columns())
    context.step("clear gradient", 0, [&] { std::memset(grad.data(), 0, grad.bytes()); });
  return grad;
}

// saved: out, lse, bias, then the tensors that hold queries, keys and values (one, two or three). inputs: bias, then those.
void attention_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<AttentionAttributes>();
  const AttentionOptions& o = a.options;
  Tensor dout = tape.take_grad(record.outputs[0]);
  Tensor &out = record.saved[0].value, &lse = record.saved[1].value, &bias = record.saved[2].value;
  std::span<Saved> held = record.saved.subspan(3);
  auto tensor = [&](const Place& p) { return &held[static_cast<size_t>(p.tensor)].value; };
  AttentionOperands in{tensor(a.q), tensor(a.k), tensor(a.v), a.has_bias ? &bias : nullptr,
                       a.q.first,   a.k.first,   a.v.first};

  std::vector<int64_t> read(held.size(), 0);
  read[static_cast<size_t>(a.q.tensor)] += o.heads * o.head_dim;
  read[static_cast<size_t>(a.k.tensor)] += o.kv_heads * o.head_dim;
  read[static_cast<size_t>(a.v.tensor)] += o.kv_heads * value_dim(o);
  // Rows outside every run, and keys of other runs than these, get nothing: their gradients must not be left over memory.
  std::vector<Tensor> grads;
  int64_t rows_read = 0;
  for (const Run& run : o.runs) rows_read += run.length;
  for (size_t i = 0; i < held.size(); ++i) {
    bool whole = o.key_runs.empty() && rows_read == held[i].value.shape().rows();
    grads.push_back(new_gradient(context, held[i].value, whole ? read[i] : -1));
  }
  auto grad = [&](const Place& p) { return &grads[static_cast<size_t>(p.tensor)]; };

  kernels::AttentionArgs args = attention_args(o, a.dropout, in, out, lse);
  Tensor *dq = grad(a.q), *dk = grad(a.k), *dv = grad(a.v);
  for (size_t i = 0; i < segment_buffer().size(); ++i) {
    const Run& keys = o.key_runs.empty() ? o.runs[i] : o.key_runs[i];
    kernels::AttentionSegment& s = segment_buffer()[i];
    s.dk = element_at(dk->data(), dk->dtype(), keys.begin * dk->shape().columns() + a.k.first);
    s.dv = element_at(dv->data(), dv->dtype(), keys.begin * dv->shape().columns() + a.v.first);
  }
  Tensor dbias;
  if (a.has_bias && record.inputs[0] >= 0) {
    dbias = context.temporary(bias.dtype(), bias.shape());
    context.step("clear gradient", 0, [&] { std::memset(dbias.data(), 0, dbias.bytes()); });
  }
  Tensor scratch = context.scratch(kernels::attention_backward_scratch(args));
  context.run("attention backward", 2.5 * attention_cost(o), &kernels::Backend::attention_backward,
              {.forward = args,
               .dout = dout.data(),
               .dq = element_at(dq->data(), dq->dtype(), a.q.first),
               .dbias = dbias.data(),
               .dsinks = o.sinks ? o.sinks->accumulated_grad() : nullptr,
               .scratch = scratch.data()});
  scratch = Tensor();
  if (dbias) tape.give_grad(context, record.inputs[0], std::move(dbias));
  for (size_t i = 0; i < grads.size(); ++i) tape.give_grad(context, record.inputs[i + 1], std::move(grads[i]));
}

}  // namespace

extern const Op attention_op{"attention", attention_backward};

Var attention(Context& context, Columns q, Columns k, Columns v, const AttentionOptions& options, Var bias) {
  AttentionAttributes a{options, context.next_dropout(options.dropout), {}, {}, {}, static_cast<bool>(bias)};
  int64_t rows = q.rows.value.shape().rows();
  Tensor out = context.temporary(context.dtype, {rows, options.heads * value_dim(options)});
  Tensor lse = context.tape ? context.temporary(context.statistics_type(), {options.heads, rows}) : Tensor();
  AttentionOperands in{&q.rows.value, &k.rows.value, &v.rows.value, bias ? &bias.value : nullptr,
                       q.first,       k.first,       v.first};
  kernels::AttentionArgs args = attention_args(options, a.dropout, in, out, lse);
  Tensor scratch = context.scratch(kernels::attention_scratch(args));
  args.scratch = scratch.data();
  context.run("attention", attention_cost(options), &kernels::Backend::attention, args);
  if (context.probe && !context.rehearsal()) context.probe->see(args, !options.key_runs.empty());
  scratch = Tensor();
  if (!context.tape) return {std::move(out), -1};

  std::vector<Saved> saved{{out}, {lse}, {bias.value}};
  std::vector<int32_t> inputs{bias.id};
  auto place = [&](const Columns& c) -> Place {
    for (size_t i = 1; i < inputs.size(); ++i) {
      if (c.rows.on_tape() && inputs[i] == c.rows.id) return {static_cast<int64_t>(i - 1), c.first};
    }
    inputs.push_back(c.rows.id);
    saved.push_back({c.rows.value});
    return {static_cast<int64_t>(inputs.size()) - 2, c.first};
  };
  a.q = place(q), a.k = place(k), a.v = place(v);
  Record& record = context.tape->push(attention_op,
                                      {.inputs = std::span<const int32_t>(inputs),
                                       .saved = std::span<const Saved>(saved),
                                       .parameters = {options.sinks}},
                                      a);
  return context.tape->output(record, 0, std::move(out));
}

}  // namespace malmoi::autograd
