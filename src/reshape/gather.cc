#include "reshape/gather.h"

#include <cstring>

namespace malmoi::reshape {
namespace {

constexpr size_t kBytesAtOnce = 1 << 20;

}  // namespace

std::vector<int64_t> gathered_shape(const formats::StoredTensor& tensor, Kept rows, Kept columns) {
  std::vector<int64_t> shape = tensor.shape;
  if (rows) shape[0] = static_cast<int64_t>(rows->size());
  if (columns) shape[1] = static_cast<int64_t>(columns->size());
  return shape;
}

Status gather(const formats::StoredTensor& tensor, Kept rows, Kept columns, const formats::TensorSink& sink) {
  if (!rows && !columns) return sink(tensor.bytes);
  const auto count = static_cast<size_t>(tensor.shape[0]);
  if (count == 0) return {};
  const size_t row_bytes = tensor.bytes.size() / count;
  const size_t element = columns ? row_bytes / static_cast<size_t>(tensor.shape[1]) : row_bytes;
  std::vector<std::byte> taken;
  const size_t kept = rows ? rows->size() : count;
  for (size_t r = 0; r < kept; ++r) {
    const std::byte* row = tensor.bytes.data() + (rows ? static_cast<size_t>((*rows)[r]) : r) * row_bytes;
    if (!columns) taken.insert(taken.end(), row, row + row_bytes);
    else
      for (int64_t c : *columns) {
        const std::byte* from = row + static_cast<size_t>(c) * element;
        taken.insert(taken.end(), from, from + element);
      }
    if (taken.size() < kBytesAtOnce && r + 1 < kept) continue;
    MALMOI_TRY(sink(taken));
    taken.clear();
  }
  return {};
}

}  // namespace malmoi::reshape
