// Disentangled attention (He et al. 2021): contents and distances attend to each other. A head of a run at a time, as products
// around one kernel; the backward pass makes the probabilities again.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "autograd/attention_probe.h"
#include "autograd/columns.h"

namespace malmoi::autograd {
namespace {

struct DisentangledAttentionAttributes {
  DisentangledOptions options;
  kernels::Dropout dropout;
  int64_t longest;  // run
};

// A matrix as products read it.
struct Operand {
  const void* data = nullptr;
  DType type = DType::kF32;
  int64_t stride = 0;
  bool transposed = false;
};
struct Result {
  void* data = nullptr;
  DType type = DType::kF32;
  int64_t stride = 0;
  bool accumulate = false;
};

void multiply(Context& context, int64_t m, int64_t n, int64_t k, const Operand& a, const Operand& b, const Result& c) {
  context.run("disentangled attention", 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k),
              &kernels::Backend::gemm,
              {.m = m,
               .n = n,
               .k = k,
               .a = a.data,
               .a_type = a.type,
               .lda = a.stride,
               .transpose_a = a.transposed,
               .b = b.data,
               .b_type = b.type,
               .ldb = b.stride,
               .transpose_b = b.transposed,
               .c = c.data,
               .c_type = c.type,
               .ldc = c.stride,
               .accumulate = c.accumulate});
}

// Columns from `column` on of rows from `row` on.
void* rows_from(const Tensor& rows, int64_t row, int64_t column) {
  return element_at(const_cast<void*>(rows.data()), rows.dtype(), row * rows.shape().columns() + column);
}
Operand operand(const Tensor& rows, int64_t row, int64_t column, bool transposed = false) {
  return {rows_from(rows, row, column), rows.dtype(), rows.shape().columns(), transposed};
}
Result result(Tensor& rows, int64_t row, int64_t column, bool accumulate) {
  return {rows_from(rows, row, column), rows.dtype(), rows.shape().columns(), accumulate};
}

// The numbers of one head of one run, in the memory of the longest.
class Pieces {
 public:
  Pieces(Context& context, const DisentangledAttentionAttributes& a, const Tensor& qkv, const Tensor& positions,
         const Tensor& rows)
      : context_(context), a_(a), qkv_(qkv), positions_(positions), rows_(rows) {
    const DType type = context.statistics_type();
    const int64_t table = positions_ ? positions_.shape().rows() : 0;
    scores_ = context.temporary(type, {a.longest, a.longest});
    p_ = context.temporary(type, {a.longest, a.longest});
    if (has_keys()) to_ = context.temporary(type, {a.longest, table});
    if (has_queries()) from_ = context.temporary(type, {a.longest, table});
    if (context.dtype == DType::kBF16)
      narrow_ = context.temporary(context.dtype, {a.longest, std::max(a.longest, table)});
  }

  // Probabilities of a piece; dropout is in `p_`, not in `scores_`.
  void probabilities(const Run& run, int64_t head) {
    const DisentangledOptions& o = a_.options;
    const int64_t length = run.length, q = head * o.head_dim, k = width() + q, n = positions_of(length);
    multiply(context_, length, length, o.head_dim, operand(qkv_, run.begin, q), operand(qkv_, run.begin, k, true),
             square(scores_, length));
    if (has_keys())
      multiply(context_, length, n, o.head_dim, operand(qkv_, run.begin, q),
               operand(positions_, first_of(length), o.position_keys + q, true), part(to_, n));
    if (has_queries())
      multiply(context_, length, n, o.head_dim, operand(qkv_, run.begin, k),
               operand(positions_, first_of(length), o.position_queries + q, true), part(from_, n));
    context_.run("disentangled softmax", 0, &kernels::Backend::disentangled, args(run, head));
    if (context_.probe && !context_.rehearsal()) context_.probe->see(args(run, head), head, o.heads);
  }

  void attend(const Run& run, int64_t head, Tensor& out) {
    const int64_t length = run.length, q = head * a_.options.head_dim;
    multiply(context_, length, a_.options.head_dim, length, as_operand(p_, length, length, false),
             operand(qkv_, run.begin, 2 * width() + q), result(out, run.begin, q, false));
  }

  // The piece's gradients, where its probabilities stand. `dpositions`: f32 (or f64), added to.
  void backward(const Run& run, int64_t head, const Tensor& dout, Tensor& dqkv, Tensor& dpositions) {
    const DisentangledOptions& o = a_.options;
    const int64_t length = run.length, d = o.head_dim, q = head * d, k = width() + q, v = k + width();
    const int64_t n = positions_of(length), first = first_of(length);
    multiply(context_, length, d, length, as_operand(p_, length, length, true), operand(dout, run.begin, q),
             result(dqkv, run.begin, v, false));
    multiply(context_, length, length, d, operand(dout, run.begin, q), operand(qkv_, run.begin, v, true),
             square(p_, length));
    context_.run("disentangled softmax backward", 0, &kernels::Backend::disentangled_backward,
                 {.forward = args(run, head), .dp = p_.data()});
    multiply(context_, length, d, length, as_operand(scores_, length, length, false), operand(qkv_, run.begin, k),
             result(dqkv, run.begin, q, false));
    multiply(context_, length, d, length, as_operand(scores_, length, length, true), operand(qkv_, run.begin, q),
             result(dqkv, run.begin, k, false));
    auto give = [&](const Tensor& part, int64_t content, int64_t position) {
      multiply(context_, length, d, n, as_operand(part, length, n, false), operand(positions_, first, position),
               result(dqkv, run.begin, content, true));
      multiply(context_, n, d, length, as_operand(part, length, n, true), operand(qkv_, run.begin, content),
               result(dpositions, first, position, true));
    };
    if (has_keys()) give(to_, q, o.position_keys + q);
    if (has_queries()) give(from_, k, o.position_queries + q);
  }

 private:
  int64_t width() const { return a_.options.heads * a_.options.head_dim; }
  bool has_keys() const { return a_.options.position_keys >= 0; }
  bool has_queries() const { return a_.options.position_queries >= 0; }
  // Rows of `positions_` that a run of this length asks for.
  int64_t first_of(int64_t length) const { return a_.options.relative.row(1 - length) - a_.options.first_row; }
  int64_t positions_of(int64_t length) const {
    const RelativePositions& relative = a_.options.relative;
    return relative.row(length - 1) - relative.row(1 - length) + 1;
  }
  static Result square(Tensor& rows, int64_t length) { return {rows.data(), rows.dtype(), length}; }
  static Result part(Tensor& rows, int64_t n) { return {rows.data(), rows.dtype(), n}; }
  // [rows, columns] of the piece in the type of the other operand.
  Operand as_operand(const Tensor& values, int64_t rows, int64_t columns, bool transposed) {
    if (!narrow_) return {values.data(), values.dtype(), columns, transposed};
    context_.run("round", 0, &kernels::Backend::to_bf16, {rows * columns, values.as<float>(), narrow_.as<BF16>()});
    return {narrow_.data(), narrow_.dtype(), columns, transposed};
  }

  kernels::DisentangledArgs args(const Run& run, int64_t head) {
    const DisentangledOptions& o = a_.options;
    const int64_t rows = qkv_.shape().rows();
    return {.dtype = context_.statistics_type(),
            .length = run.length,
            .positions = positions_of(run.length),
            .rows = rows_.as<int32_t>() + (a_.longest - run.length),
            .first_row = static_cast<int32_t>(first_of(run.length)),
            .key_mask = o.key_mask.empty() ? nullptr : o.key_mask.data() + run.begin,
            .scale = o.scale,
            .scores = scores_.data(),
            .to_position = to_.data(),
            .from_position = from_.data(),
            .p = p_.data(),
            .dropout = a_.dropout,
            .first_element = static_cast<uint64_t>(head * rows + run.begin)};
  }

  Context& context_;
  const DisentangledAttentionAttributes& a_;
  const Tensor &qkv_, &positions_, &rows_;
  Tensor scores_, p_, to_, from_, narrow_;
};

// Of every distance that the longest run has, the row of `positions`.
Tensor rows_of_distances(Context& context, const DisentangledAttentionAttributes& a) {
  Tensor rows = context.temporary(DType::kI32, {2 * a.longest - 1});
  context.step("distances", 0, [&] {
    for (int64_t d = 1 - a.longest; d < a.longest; ++d)
      rows.as<int32_t>()[d + a.longest - 1] = static_cast<int32_t>(a.options.relative.row(d) - a.options.first_row);
  });
  return rows;
}

Tensor zeros(Context& context, DType type, const Shape& shape) {
  Tensor made = context.temporary(type, shape);
  context.step("clear gradient", 0, [&] { std::memset(made.data(), 0, made.bytes()); });
  return made;
}

// saved: qkv, positions, rows of distances. inputs: qkv, positions.
void disentangled_attention_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<DisentangledAttentionAttributes>();
  Tensor dout = tape.take_grad(record.outputs[0]);
  const Tensor &qkv = record.saved[0].value, &positions = record.saved[1].value;
  bool whole = rows_of(a.options.runs) == qkv.shape().rows();
  Tensor dqkv = whole ? context.temporary(qkv.dtype(), qkv.shape()) : zeros(context, qkv.dtype(), qkv.shape());
  Tensor dpositions = positions ? zeros(context, context.statistics_type(), positions.shape()) : Tensor();
  {
    Pieces pieces(context, a, qkv, positions, record.saved[2].value);
    for (const Run& run : a.options.runs) {
      for (int64_t head = 0; head < a.options.heads; ++head) {
        pieces.probabilities(run, head);
        pieces.backward(run, head, dout, dqkv, dpositions);
      }
    }
  }
  tape.give_grad(context, record.inputs[0], std::move(dqkv));
  if (!positions || record.inputs[1] < 0) return;
  if (dpositions.dtype() != positions.dtype()) {
    Tensor narrow = context.temporary(positions.dtype(), positions.shape());
    context.run("round", 0, &kernels::Backend::to_bf16,
                {dpositions.elements(), dpositions.as<float>(), narrow.as<BF16>()});
    dpositions = std::move(narrow);
  }
  tape.give_grad(context, record.inputs[1], std::move(dpositions));
}

}  // namespace

extern const Op disentangled_attention_op{"disentangled_attention", disentangled_attention_backward};

// In f32 as the reference rounds.
int64_t RelativePositions::row(int64_t distance) const {
  int64_t bucket = distance;
  const int64_t middle = buckets / 2, far = std::abs(distance);
  if (buckets > 0 && far > middle) {
    float logarithm = std::log(static_cast<float>(far) / static_cast<float>(middle)) /
                      std::log(static_cast<float>(static_cast<double>(max_distance - 1) / static_cast<double>(middle)));
    float steps = std::ceil(logarithm * static_cast<float>(middle - 1));
    bucket = middle + (steps > 0 ? static_cast<int64_t>(std::min(steps, static_cast<float>(span))) : 0);
    if (distance < 0) bucket = -bucket;
  }
  return std::clamp<int64_t>(bucket + span, 0, 2 * span - 1);
}

Var disentangled_attention(Context& context, Var qkv, Var positions, const DisentangledOptions& options) {
  DisentangledAttentionAttributes a{options, context.next_dropout(options.dropout), 1};
  for (const Run& run : options.runs) a.longest = std::max(a.longest, run.length);
  Tensor rows = rows_of_distances(context, a);
  Tensor out = rows_of_runs(context, qkv.value, options.heads * options.head_dim, options.runs);
  {
    Pieces pieces(context, a, qkv.value, positions.value, rows);
    for (const Run& run : options.runs) {
      for (int64_t head = 0; head < options.heads; ++head) {
        pieces.probabilities(run, head);
        pieces.attend(run, head, out);
      }
    }
  }
  if (!context.tape) return {std::move(out), -1};
  Record& record = context.tape->push(
      disentangled_attention_op,
      {.inputs = {qkv.id, positions.id}, .saved = {{qkv.value}, {positions.value}, {std::move(rows)}}}, a);
  return context.tape->output(record, 0, std::move(out));
}

}  // namespace malmoi::autograd
