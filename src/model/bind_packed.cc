#include "model/bind_packed.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "autograd/block_weight.h"
#include "base/parallel.h"
#include "kernels/panels.h"
#include "model/layout.h"
#include "model/stored_values.h"

namespace malmoi::model {
namespace {

using kernels::BlockMatrix;

Status check_finite(const formats::StoredTensor& tensor, const BlockFormat& format, const std::string& where) {
  const auto blocks = static_cast<int64_t>(tensor.bytes.size()) / format.bytes;
  std::atomic<int64_t> wrong = blocks;
  constexpr int64_t kGrain = 4096;
  parallel_for(blocks, kGrain, [&](int64_t begin, int64_t end) {
    const int64_t at = begin + first_not_finite(format, tensor.bytes.data() + begin * format.bytes, end - begin);
    for (int64_t known = wrong; at < end && at < known && !wrong.compare_exchange_weak(known, at);) {
    }
  });
  if (wrong == blocks) return {};
  return invalid_data("tensor '" + tensor.name + "' holds a value that is not finite (element " +
                          std::to_string(wrong * format.elements) + ")",
                      where, "the file is damaged; use another one");
}

// The rows of one source. Of a type without panels they stay in the file, where they lie as ours.
BlockMatrix matrix_of(const nn::ParameterSpec& spec, const PackedSource& packed, const BlockFormat& format,
                      PackedMemory& from, std::vector<Tensor>& memory) {
  const int64_t columns = columns_of(spec), rows = packed.source.rows;
  const size_t row_bytes = format.bytes_of(columns);
  const std::byte* stored = packed.tensor->bytes.data();
  if (!kernels::panel_format(format.type) && lies_as_ours(spec, packed.source))
    return {format.type, rows, columns, stored};
  const size_t bytes = kernels::block_matrix_bytes(format.type, rows, columns);
  Tensor to = from.take(bytes);
  auto row = [&](int64_t r) {
    return stored + static_cast<size_t>(stored_element(spec, packed.source, r, 0) / columns) * row_bytes;
  };
  kernels::write_block_matrix(format.type, rows, columns, row, static_cast<std::byte*>(to.data()));
  memory.push_back(to);
  return {format.type, rows, columns, static_cast<const std::byte*>(to.data())};
}

}  // namespace

Tensor PackedMemory::take(size_t bytes) {
  constexpr int64_t kPiece = int64_t{8} << 20, kLine = 64;  // what is left of a piece is lost
  const int64_t size = (static_cast<int64_t>(bytes) + kLine - 1) / kLine * kLine;
  if (size > kPiece / 2) return Tensor::zeros(DType::kU8, {size});
  if (!piece_ || used_ + size > kPiece) piece_ = Tensor::zeros(DType::kU8, {kPiece}), used_ = 0;
  used_ += size;
  return piece_.rows(used_ - size, size);
}

bool can_bind_packed(const nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources) {
  if (entry.slots.empty() || sources.empty()) return false;
  const int64_t slot_rows = entry.spec.shape.rows() / static_cast<int64_t>(entry.slots.size());
  return std::all_of(sources.begin(), sources.end(), [&](const PackedSource& packed) {
    const nn::Source& s = packed.source;
    const BlockFormat* format = format_of(*packed.tensor);
    return format && s.layout.kind != nn::Layout::kTransposed && s.layout.kind != nn::Layout::kTaps &&
           columns_of(entry.spec) % format->elements == 0 &&
           s.row_begin / slot_rows == (s.row_begin + s.rows - 1) / slot_rows;  // within one slot
  });
}

Status bind_packed(nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources, PackedMemory& memory_from,
                   const std::string& where) {
  const int64_t slot_rows = entry.spec.shape.rows() / static_cast<int64_t>(entry.slots.size());
  std::vector<PackedSource> sorted(sources.begin(), sources.end());
  std::ranges::sort(sorted, {}, [](const PackedSource& packed) { return packed.source.row_begin; });
  size_t next = 0;
  for (size_t slot = 0; slot < entry.slots.size(); ++slot) {
    std::vector<BlockMatrix> parts;
    std::vector<Tensor> memory;
    for (; next < sorted.size() && sorted[next].source.row_begin / slot_rows == static_cast<int64_t>(slot); ++next) {
      const BlockFormat& format = *format_of(*sorted[next].tensor);
      MALMOI_TRY(check_finite(*sorted[next].tensor, format, where));
      parts.push_back(matrix_of(entry.spec, sorted[next], format, memory_from, memory));
    }
    entry.slots[slot]->bind(std::make_unique<autograd::BlockWeight>(std::move(parts), std::move(memory)));
  }
  return {};
}

}  // namespace malmoi::model
