// Sums of rows of tables by id: words, positions, token types.
#include <array>
#include <cassert>
#include <numeric>
#include <vector>

#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

constexpr size_t kMaxTables = kernels::kMaxEmbeddingTables;

struct EmbeddingAttributes {
  EmbeddingOptions options;
  kernels::Dropout dropout;
  std::array<Lookup, kMaxTables> tables;
};

void embedding_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<EmbeddingAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  for (size_t i = 0; i < record.weights.size(); ++i) {
    const Lookup& t = a.tables[i];
    RowIds rows{t.ids, a.options.rows, t.padding_id, t.first_row};
    if (t.table->wants_gradient()) t.table->accumulate_rows(context, rows, dy, a.options.scale, a.dropout);
  }
}

}  // namespace

extern const Op embedding_op{"embedding", embedding_backward};

Var embedding(Context& context, std::initializer_list<Lookup> tables, const EmbeddingOptions& options,
              Tensor computed) {
  assert(tables.size() <= kMaxTables);
  EmbeddingAttributes a{options, context.next_dropout(options.dropout), {}};
  std::copy(tables.begin(), tables.end(), a.tables.begin());
  Tensor y = context.temporary(context.dtype, {options.rows, tables.begin()->table->in_features()});
  kernels::EmbeddingArgs args{.dtype = context.dtype,
                              .rows = options.rows,
                              .cols = y.shape().columns(),
                              .scale = options.scale,
                              .y = y.data(),
                              .dropout = a.dropout};
  std::vector<Tensor> gathered;
  for (const Lookup& t : tables) {
    if (Tensor rows = t.table->stored_rows()) {
      Tensor from = t.first_row == 0 ? rows : rows.rows(t.first_row, rows.shape().rows() - t.first_row);
      args.tables[args.num_tables++] = {t.ids, from.data(), from.dtype()};
    } else if (!args.base) {  // made into the result, to which the others are added
      t.table->gather(context, {t.ids, options.rows, t.padding_id, t.first_row}, y);
      args.base = y.data();
    } else {  // a table of its own, whose rows are looked up in their order
      Tensor own = context.temporary(context.dtype, y.shape()), order = context.temporary(DType::kI32, {options.rows});
      t.table->gather(context, {t.ids, options.rows, t.padding_id, t.first_row}, own);
      context.step("order of rows", 0, [&] { std::iota(order.as<int32_t>(), order.as<int32_t>() + options.rows, 0); });
      args.tables[args.num_tables++] = {order.as<int32_t>(), own.data(), own.dtype()};
      gathered.push_back(std::move(own));
      gathered.push_back(std::move(order));
    }
  }
  context.run("embedding", 0, &kernels::Backend::embedding, args);
  if (!context.tape) return {std::move(y), -1};
  std::array<const Weight*, kMaxTables> weights{};
  for (size_t i = 0; i < tables.size(); ++i) weights[i] = a.tables[i].table;
  Record& record = context.tape->push(
      embedding_op,
      {.saved = {{std::move(computed)}}, .weights = std::span<const Weight* const>(weights.data(), tables.size())}, a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
