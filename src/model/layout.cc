#include "model/layout.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>

namespace malmoi::model {
namespace {

using nn::Layout;
using nn::ParameterSpec;
using nn::Source;

// The row of the file that is row `r` of the source's rows.
int64_t stored_row(const Source& source, int64_t r) {
  const Layout& l = source.layout;
  if (l.kind == Layout::kHeadsInterleaved) {
    assert(source.rows % (3 * l.heads) == 0);
    int64_t part_rows = source.rows / 3, head_dim = part_rows / l.heads;
    int64_t part = r / part_rows, head = r % part_rows / head_dim;
    return (head * 3 + part) * head_dim + r % head_dim;
  }
  if (l.kind == Layout::kPartsInterleaved) {
    int64_t together = std::accumulate(l.parts.begin(), l.parts.end(), int64_t{0}), before = 0;  // rows of one head
    assert(source.rows == l.heads * together);
    for (int64_t part : l.parts) {
      if (r < l.heads * part) return r / part * together + before + r % part;
      r -= l.heads * part;
      before += part;
    }
  }
  if (l.kind == Layout::kRotaryPermuted) {
    assert(source.rows % (2 * l.heads) == 0);
    int64_t head_dim = source.rows / l.heads, half = head_dim / 2, inside = r % head_dim;
    return r - inside + 2 * (inside % half) + inside / half;
  }
  return r;
}

// Rows of what is transposed as a whole: the source, or each matrix of a stack in it.
int64_t matrix_rows(const ParameterSpec& spec, const Source& source) {
  return spec.shape.rank() > 2 ? std::min(source.rows, spec.shape[spec.shape.rank() - 2]) : source.rows;
}

bool is_transposed(const ParameterSpec& spec, const Source& source) {
  return source.layout.kind == Layout::kTransposed && spec.shape.rank() > 1;
}

}  // namespace

int64_t columns_of(const ParameterSpec& spec) { return spec.shape.rank() == 1 ? 1 : spec.shape.columns(); }

int64_t stored_element(const ParameterSpec& spec, const Source& source, int64_t r, int64_t c) {
  int64_t cols = columns_of(spec);
  if (!is_transposed(spec, source)) return stored_row(source, r) * cols + c;
  int64_t rows = matrix_rows(spec, source);
  return (r / rows * cols + c) * rows + r % rows;
}

std::vector<int64_t> stored_shape(const ParameterSpec& spec, const Source& source) {
  if (spec.shape.rank() == 1) return {source.rows};
  int64_t cols = columns_of(spec);
  if (is_transposed(spec, source)) {
    int64_t rows = matrix_rows(spec, source);
    if (spec.role == nn::Role::kBlocks) return {source.rows / rows, cols, rows};
    return {cols, source.rows};
  }
  if (spec.shape.rank() == 2 || spec.role == nn::Role::kExperts) return {source.rows, cols};  // a matrix an expert
  std::vector<int64_t> shape;
  for (int i = 0; i < spec.shape.rank(); ++i) shape.push_back(spec.shape[i]);
  return shape;
}

bool lies_as_ours(const ParameterSpec& spec, const Source& source) {
  return source.layout.kind == Layout::kAsIs || (source.layout.kind == Layout::kTransposed && spec.shape.rank() == 1);
}

void copy_in(std::span<const std::byte> stored, DType type, const ParameterSpec& spec, const Source& source,
             Tensor& to) {
  int64_t cols = columns_of(spec);
  size_t element = dtype_size(to.dtype()), from_element = dtype_size(type);
  auto* target = static_cast<std::byte*>(to.data()) + static_cast<size_t>(source.row_begin * cols) * element;
  if (lies_as_ours(spec, source)) {
    convert(stored.data(), type, target, to.dtype(), static_cast<size_t>(source.rows * cols));
    return;
  }
  if (!is_transposed(spec, source)) {
    size_t row = static_cast<size_t>(cols);
    for (int64_t r = 0; r < source.rows; ++r)
      convert(stored.data() + static_cast<size_t>(stored_row(source, r)) * row * from_element, type,
              target + static_cast<size_t>(r) * row * element, to.dtype(), row);
    return;
  }
  int64_t rows = matrix_rows(spec, source);
  std::vector<std::byte> line(static_cast<size_t>(rows) * element);
  for (int64_t i = 0; i < source.rows / rows * cols; ++i) {  // a line of the file is a column of ours
    convert(stored.data() + static_cast<size_t>(i * rows) * from_element, type, line.data(), to.dtype(),
            static_cast<size_t>(rows));
    int64_t first_row = i / cols * rows, column = i % cols;
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(target + static_cast<size_t>((first_row + r) * cols + column) * element,
                  line.data() + static_cast<size_t>(r) * element, element);
  }
}

std::vector<float> copy_out(const Tensor& from, const ParameterSpec& spec, const Source& source) {
  int64_t cols = columns_of(spec);
  std::vector<float> ours(static_cast<size_t>(source.rows * cols));
  convert(static_cast<const std::byte*>(from.data()) +
              static_cast<size_t>(source.row_begin * cols) * dtype_size(from.dtype()),
          from.dtype(), ours.data(), DType::kF32, ours.size());
  if (lies_as_ours(spec, source)) return ours;
  std::vector<float> stored(ours.size());
  for (int64_t r = 0; r < source.rows; ++r) {
    for (int64_t c = 0; c < cols; ++c)
      stored[static_cast<size_t>(stored_element(spec, source, r, c))] = ours[static_cast<size_t>(r * cols + c)];
  }
  return stored;
}

std::vector<PublishedTensor> publish(const ParameterSpec& spec, const Tensor& values) {
  std::vector<PublishedTensor> list;
  for (const Source& source : spec.sources)
    list.push_back({source.name, stored_shape(spec, source), copy_out(values, spec, source)});
  return list;
}

}  // namespace malmoi::model
