#include "model/bind_packed.h"

#include <sys/mman.h>
#include <unistd.h>

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
Result<BlockMatrix> matrix_of(const nn::ParameterSpec& spec, const PackedSource& packed, const BlockFormat& format,
                              PackedMemory& memory) {
  const int64_t columns = columns_of(spec), rows = packed.source.rows;
  const size_t row_bytes = format.bytes_of(columns);
  const std::byte* stored = packed.tensor->bytes.data();
  if (!kernels::panel_format(format.type) && lies_as_ours(spec, packed.source))
    return BlockMatrix{format.type, rows, columns, stored};
  MALMOI_ASSIGN(std::byte * to, memory.take(kernels::block_matrix_bytes(format.type, rows, columns)));
  auto row = [&](int64_t r) {
    return stored + static_cast<size_t>(stored_element(spec, packed.source, r, 0) / columns) * row_bytes;
  };
  kernels::write_block_matrix(format.type, rows, columns, row, to);
  let_go(packed.tensor->bytes);
  return BlockMatrix{format.type, rows, columns, to};
}

}  // namespace

Result<std::byte*> PackedMemory::take(size_t bytes) {
  constexpr size_t kPiece = size_t{8} << 20, kHuge = size_t{2} << 20, kLine = 64;
  const size_t wanted = (bytes + kLine - 1) / kLine * kLine;
  if (wanted > left_) {  // what is left of a piece is lost, and was never touched
    const size_t size = (std::max(wanted, kPiece) + kHuge - 1) / kHuge * kHuge;
    void* mapped =
        ::mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED)
      return Error{ErrorCode::kIo, "no memory for " + std::to_string(size) + " bytes of weights", "",
                   "close other programs, or use a smaller model"};
    model_->keep(std::shared_ptr<void>(mapped, [size](void* memory) { ::munmap(memory, size + kHuge); }));
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(mapped) + kHuge - 1) / kHuge * kHuge;
    piece_ = reinterpret_cast<std::byte*>(begin), left_ = size;
    ::madvise(piece_, size, MADV_HUGEPAGE);
  }
  std::byte* taken = piece_;
  piece_ += wanted, left_ -= wanted;
  return taken;
}

void let_go(std::span<const std::byte> bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
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

Status bind_packed(nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources, PackedMemory& memory,
                   const std::string& where) {
  const int64_t slot_rows = entry.spec.shape.rows() / static_cast<int64_t>(entry.slots.size());
  std::vector<PackedSource> sorted(sources.begin(), sources.end());
  std::ranges::sort(sorted, {}, [](const PackedSource& packed) { return packed.source.row_begin; });
  size_t next = 0;
  for (size_t slot = 0; slot < entry.slots.size(); ++slot) {
    std::vector<BlockMatrix> parts;
    for (; next < sorted.size() && sorted[next].source.row_begin / slot_rows == static_cast<int64_t>(slot); ++next) {
      const BlockFormat& format = *format_of(*sorted[next].tensor);
      MALMOI_TRY(check_finite(*sorted[next].tensor, format, where));
      MALMOI_ASSIGN(const BlockMatrix matrix, matrix_of(entry.spec, sorted[next], format, memory));
      parts.push_back(matrix);
    }
    entry.slots[slot]->bind(std::make_unique<autograd::BlockWeight>(std::move(parts)));
  }
  return {};
}

}  // namespace malmoi::model
