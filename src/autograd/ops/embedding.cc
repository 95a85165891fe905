// Rows of a table by id, plus learned positions.
#include "autograd/ops.h"
#include "autograd/ops/ops_internal.h"

namespace malmoi::autograd {
namespace {

struct Attributes {
  EmbeddingOptions options;
  kernels::Dropout dropout;
};

void table_gradient(Context& context, const Attributes& a, const Tensor& dy, const int32_t* ids, Parameter* table) {
  if (!table || !table->wants_gradient()) return;
  int64_t vocab = table->shape[0], cols = table->shape[1];
  Tensor scratch = context.scratch(kernels::embedding_backward_scratch(a.options.rows, vocab));
  context.run("embedding backward", 0, [&] {
    context.kernels->embedding_backward({.dtype = dy.dtype(),
                                         .rows = a.options.rows,
                                         .cols = cols,
                                         .vocab = vocab,
                                         .ids = ids,
                                         .dy = dy.data(),
                                         .scale = a.options.scale,
                                         .dtable = table->accumulated_grad(),
                                         .scratch = scratch.data(),
                                         .dropout = a.dropout});
  });
}

}  // namespace

Var embedding(Context& context, Parameter& table, Parameter* positions_table, const EmbeddingOptions& options) {
  Attributes a{options, context.next_dropout(options.dropout)};
  int64_t cols = table.shape[1];
  Tensor y = context.temporary(context.dtype, {options.rows, cols});
  context.run("embedding", 0, [&] {
    context.kernels->embedding({.dtype = context.dtype,
                                .table_dtype = table.compute.dtype(),
                                .rows = options.rows,
                                .cols = cols,
                                .ids = options.ids,
                                .table = table.compute.data(),
                                .positions = positions_table ? options.positions : nullptr,
                                .positions_table = positions_table ? positions_table->compute.data() : nullptr,
                                .scale = options.scale,
                                .y = y.data(),
                                .dropout = a.dropout});
  });
  if (!context.tape) return {y, -1};
  Record& record = context.tape->push(OpKind::kEmbedding);
  record.parameters = {&table, positions_table};
  record.set(a);
  return context.tape->output(record, 0, std::move(y));
}

void embedding_backward(Context& context, Tape& tape, Record& record) {
  auto a = record.get<Attributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  table_gradient(context, a, dy, a.options.ids, record.parameters[0]);
  table_gradient(context, a, dy, a.options.positions, record.parameters[1]);
}

}  // namespace malmoi::autograd
