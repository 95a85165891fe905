// The mean of a text's rows; 0 of a text all of whose rows are masked.
#include <algorithm>
#include <cstring>
#include <vector>

#include "autograd/ops.h"
#include "base/parallel.h"

namespace malmoi::autograd {
namespace {

struct MeanRowsAttributes {
  std::span<const Run> runs;
  std::span<const uint8_t> mask;
  int64_t source_rows;
};

bool counts(const MeanRowsAttributes& a, int64_t row) {
  return a.mask.empty() || a.mask[static_cast<size_t>(row)] != 0;
}

// 1 / the number of rows that count.
double share_of_each(const MeanRowsAttributes& a, const Run& run) {
  int64_t n = 0;
  for (int64_t r = run.begin; r < run.begin + run.length; ++r) n += counts(a, r);
  return 1 / static_cast<double>(std::max<int64_t>(n, 1));
}

// Row `row` in f64, and back.
void read_row(const Tensor& rows, int64_t row, std::vector<double>& values) {
  size_t width = values.size(), bytes = width * dtype_size(rows.dtype());
  convert(static_cast<const std::byte*>(rows.data()) + static_cast<size_t>(row) * bytes, rows.dtype(), values.data(),
          DType::kF64, width);
}
void write_row(const std::vector<double>& values, Tensor& rows, int64_t row) {
  size_t width = values.size(), bytes = width * dtype_size(rows.dtype());
  convert(values.data(), DType::kF64, static_cast<std::byte*>(rows.data()) + static_cast<size_t>(row) * bytes,
          rows.dtype(), width);
}

void each_run(const MeanRowsAttributes& a, int64_t width, const auto& visit) {
  parallel_for(static_cast<int64_t>(a.runs.size()), 1, [&](int64_t begin, int64_t end) {
    std::vector<double> row(static_cast<size_t>(width)), of_run(row.size());
    for (int64_t i = begin; i < end; ++i) visit(i, a.runs[static_cast<size_t>(i)], row, of_run);
  });
}

void mean_rows_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<MeanRowsAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  int64_t width = dy.shape().columns();
  Tensor dx = context.temporary(dy.dtype(), {a.source_rows, width});
  context.step("mean rows backward", 0, [&] {
    std::memset(dx.data(), 0, dx.bytes());  // rows of no text
    each_run(a, width, [&](int64_t i, const Run& run, std::vector<double>& zeros, std::vector<double>& share) {
      read_row(dy, i, share);
      const double each = share_of_each(a, run);
      for (double& value : share) value *= each;
      for (int64_t r = run.begin; r < run.begin + run.length; ++r) write_row(counts(a, r) ? share : zeros, dx, r);
    });
  });
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op mean_rows_op{"mean_rows", mean_rows_backward};

Var mean_rows(Context& context, Var x, std::span<const Run> runs, std::span<const uint8_t> mask) {
  MeanRowsAttributes a{runs, mask, x.value.shape().rows()};
  int64_t width = x.value.shape().columns();
  Tensor y = context.temporary(x.value.dtype(), {static_cast<int64_t>(runs.size()), width});
  context.step("mean rows", 0, [&] {
    each_run(a, width, [&](int64_t i, const Run& run, std::vector<double>& row, std::vector<double>& sum) {
      std::fill(sum.begin(), sum.end(), 0.0);
      for (int64_t r = run.begin; r < run.begin + run.length; ++r) {
        if (!counts(a, r)) continue;
        read_row(x.value, r, row);
        for (size_t c = 0; c < sum.size(); ++c) sum[c] += row[c];
      }
      const double each = share_of_each(a, run);
      for (double& value : sum) value *= each;
      write_row(sum, y, i);
    });
  });
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(mean_rows_op, {.inputs = {x.id}}, a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
