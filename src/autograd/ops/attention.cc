// Self-attention over fused rows [q | k | v], or over queries and a cache.
#include <vector>

#include "autograd/ops.h"
#include "autograd/ops/ops_internal.h"

namespace malmoi::autograd {
namespace {

struct Attributes {
  AttentionOptions options;
  kernels::Dropout dropout;
};
static_assert(sizeof(Attributes) <= Record::kAttributeBytes);

// Segments live beside the tape in a buffer that is reused from call to call.
std::vector<kernels::AttentionSegment>& segment_buffer() {
  static thread_local std::vector<kernels::AttentionSegment> buffer;
  return buffer;
}

void* at(void* base, DType type, int64_t element) {
  return static_cast<std::byte*>(base) + static_cast<size_t>(element) * dtype_size(type);
}

const void* at(const void* base, DType type, int64_t element) {
  return static_cast<const std::byte*>(base) + static_cast<size_t>(element) * dtype_size(type);
}

kernels::AttentionArgs make_args(const Attributes& a, const Tensor& qkv, Tensor& out, Tensor& lse) {
  const AttentionOptions& o = a.options;
  int64_t width = qkv.shape().columns();
  int64_t k_offset = o.heads * o.head_dim, v_offset = k_offset + o.kv_heads * o.head_dim;
  auto& segments = segment_buffer();
  segments.clear();
  for (size_t i = 0; i < o.runs.size(); ++i) {
    const Run& run = o.runs[i];
    kernels::AttentionSegment segment{.q_begin = run.begin, .q_length = run.length};
    if (o.cached.empty()) {
      segment.k = at(qkv.data(), qkv.dtype(), run.begin * width + k_offset);
      segment.v = at(qkv.data(), qkv.dtype(), run.begin * width + v_offset);
      segment.k_length = run.length;
    } else {
      segment.k = o.cached[i].k;
      segment.v = o.cached[i].v;
      segment.k_length = o.cached[i].length;
    }
    segments.push_back(segment);
  }
  return {.dtype = qkv.dtype(),
          .heads = o.heads,
          .kv_heads = o.kv_heads,
          .head_dim = o.head_dim,
          .q_stride = width,
          .kv_stride = o.cached.empty() ? width : o.cached[0].stride,
          .out_stride = o.heads * o.head_dim,
          .scale = o.scale,
          .softcap = o.softcap,
          .causal = o.causal,
          .window = o.window,
          .segments = segments.data(),
          .num_segments = static_cast<int64_t>(segments.size()),
          .total_rows = qkv.shape().rows(),
          .q = qkv.data(),
          .out = out.data(),
          .lse = lse.data(),
          .dropout = a.dropout};
}

double attention_flops(const AttentionOptions& o) {
  double flops = 0;
  for (const Run& run : o.runs) {
    double keys = static_cast<double>(run.length) / (o.causal ? 2 : 1);
    flops += 4.0 * static_cast<double>(run.length) * keys * static_cast<double>(o.heads * o.head_dim);
  }
  return flops;
}

}  // namespace

Var attention(Context& context, const Var& qkv, const AttentionOptions& options) {
  Attributes a{options, context.next_dropout(options.dropout)};
  int64_t rows = qkv.value.shape().rows();
  Tensor out = context.temporary(context.dtype, {rows, options.heads * options.head_dim});
  Tensor lse = context.tape ? context.temporary(context.statistics_type(), {options.heads, rows}) : Tensor();
  kernels::AttentionArgs args = make_args(a, qkv.value, out, lse);
  Tensor scratch = context.scratch(kernels::attention_scratch(args));
  args.scratch = scratch.data();
  context.run("attention", attention_flops(options), [&] { context.kernels->attention(args); });
  if (!context.tape) return {out, -1};
  Record& record = context.tape->push(OpKind::kAttention);
  record.inputs[0] = qkv.id;
  record.saved[0].value = qkv.value;
  record.saved[1].value = out;
  record.saved[2].value = lse;
  record.set(a);
  return context.tape->output(record, 0, std::move(out));
}

void attention_backward(Context& context, Tape& tape, Record& record) {
  auto a = record.get<Attributes>();
  Tensor dout = tape.take_grad(record.outputs[0]);
  Tensor &qkv = record.saved[0].value, &out = record.saved[1].value, &lse = record.saved[2].value;
  Tensor dqkv = context.temporary(qkv.dtype(), qkv.shape());
  kernels::AttentionArgs args = make_args(a, qkv, out, lse);
  int64_t width = qkv.shape().columns();
  int64_t k_offset = a.options.heads * a.options.head_dim,
          v_offset = k_offset + a.options.kv_heads * a.options.head_dim;
  for (kernels::AttentionSegment& segment : segment_buffer()) {
    segment.dk = at(dqkv.data(), dqkv.dtype(), segment.q_begin * width + k_offset);
    segment.dv = at(dqkv.data(), dqkv.dtype(), segment.q_begin * width + v_offset);
  }
  Tensor scratch = context.scratch(kernels::attention_backward_scratch(args));
  context.run("attention backward", 2.5 * attention_flops(a.options), [&] {
    context.kernels->attention_backward(
        {.forward = args, .dout = dout.data(), .dq = dqkv.data(), .scratch = scratch.data()});
  });
  tape.give_grad(context, record.inputs[0], std::move(dqkv));
}

}  // namespace malmoi::autograd
