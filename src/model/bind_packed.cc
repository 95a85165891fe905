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

constexpr size_t kHugePage = size_t{2} << 20;

// Addresses for size bytes, and for a huge page more, since what comes need not begin with one.
void* map_room(size_t size) {
  return ::mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

// Whether the blocks of a tensor hold finite values; threads look at some each.
class FiniteBlocks {
 public:
  FiniteBlocks(const formats::StoredTensor& tensor, const BlockFormat& format)
      : tensor_(tensor),
        format_(format),
        count_(static_cast<int64_t>(tensor.bytes.size()) / format.bytes),
        first_wrong_(count_) {}

  void look_at(int64_t begin, int64_t end) {
    const int64_t at = begin + first_not_finite(format_, tensor_.bytes.data() + begin * format_.bytes, end - begin);
    for (int64_t known = first_wrong_; at < end && at < known && !first_wrong_.compare_exchange_weak(known, at);) {
    }
  }
  void look_at_all() {
    constexpr int64_t kGrain = 4096;
    parallel_for(count_, kGrain, [&](int64_t begin, int64_t end) { look_at(begin, end); });
  }
  Status result(const std::string& where) const {
    if (first_wrong_ == count_) return {};
    return invalid_data("tensor '" + tensor_.name + "' holds a value that is not finite (element " +
                            std::to_string(first_wrong_ * format_.elements) + ")",
                        where, "the file is damaged; use another one");
  }

 private:
  const formats::StoredTensor& tensor_;
  const BlockFormat& format_;
  int64_t count_;
  std::atomic<int64_t> first_wrong_;
};

// The rows of one source. Of a type without panels they stay in the file, where they lie as ours.
Result<BlockMatrix> matrix_of(const nn::ParameterSpec& spec, const PackedSource& packed, const BlockFormat& format,
                              PackedMemory& memory, const std::string& where) {
  const int64_t columns = columns_of(spec), rows = packed.source.rows, blocks = columns / format.elements;
  const std::byte* stored = packed.tensor->bytes.data();
  FiniteBlocks finite(*packed.tensor, format);
  if (!kernels::panel_format(format.type) && lies_as_ours(spec, packed.source)) {
    finite.look_at_all();
    MALMOI_TRY(finite.result(where));
    return BlockMatrix{format.type, rows, columns, stored};
  }
  MALMOI_ASSIGN(std::byte * to, memory.take(kernels::block_matrix_bytes(format.type, rows, columns)));
  auto row = [&](int64_t r) {
    const int64_t begin = stored_element(spec, packed.source, r, 0) / format.elements;
    finite.look_at(begin, begin + blocks);  // just before they are read for good
    return stored + begin * format.bytes;
  };
  kernels::write_block_matrix(format.type, rows, columns, row, to);
  MALMOI_TRY(finite.result(where));
  let_go(packed.tensor->bytes);
  return BlockMatrix{format.type, rows, columns, to};
}

}  // namespace

Result<std::byte*> PackedMemory::take(size_t bytes) {
  // Pieces are large because the last page of each is a huge one, most of which is lost; what was never touched takes addresses
  // alone. Where addresses are few (a limit of the shell's), a piece is as large as what is asked for.
  constexpr size_t kPiece = size_t{256} << 20, kLine = 64;
  const size_t wanted = (bytes + kLine - 1) / kLine * kLine;
  if (wanted > left_) {
    const size_t least = (wanted + kHugePage - 1) / kHugePage * kHugePage;
    size_t size = std::max(least, kPiece);
    void* mapped = map_room(size);
    if (mapped == MAP_FAILED) mapped = map_room(size = least);
    if (mapped == MAP_FAILED)
      return Error{ErrorCode::kIo, "no memory for " + std::to_string(size) + " bytes of weights", "",
                   "close other programs, or use a smaller model"};
    model_->keep(std::shared_ptr<void>(mapped, [size](void* memory) { ::munmap(memory, size + kHugePage); }));
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(mapped) + kHugePage - 1) / kHugePage * kHugePage;
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

namespace {

// Binds to each slot what `matrix_of` makes of the sources of its rows.
template <typename MatrixOf>
Status bind_slots(nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources, const MatrixOf& matrix_of) {
  const int64_t slot_rows = entry.spec.shape.rows() / static_cast<int64_t>(entry.slots.size());
  std::vector<PackedSource> sorted(sources.begin(), sources.end());
  std::ranges::sort(sorted, {}, [](const PackedSource& packed) { return packed.source.row_begin; });
  size_t next = 0;
  for (size_t slot = 0; slot < entry.slots.size(); ++slot) {
    std::vector<BlockMatrix> parts;
    for (; next < sorted.size() && sorted[next].source.row_begin / slot_rows == static_cast<int64_t>(slot); ++next) {
      MALMOI_ASSIGN(const BlockMatrix matrix, matrix_of(sorted[next], *format_of(*sorted[next].tensor)));
      parts.push_back(matrix);
    }
    entry.slots[slot]->bind(std::make_unique<autograd::BlockWeight>(std::move(parts)));
  }
  return {};
}

}  // namespace

Status bind_packed(nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources, PackedMemory& memory,
                   const std::string& where) {
  return bind_slots(entry, sources, [&](const PackedSource& packed, const BlockFormat& format) {
    return matrix_of(entry.spec, packed, format, memory, where);
  });
}

void describe_packed(nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources) {
  (void)bind_slots(entry, sources, [&](const PackedSource& packed, const BlockFormat& format) -> Result<BlockMatrix> {
    return BlockMatrix{format.type, packed.source.rows, columns_of(entry.spec), nullptr};
  });
}

}  // namespace malmoi::model
