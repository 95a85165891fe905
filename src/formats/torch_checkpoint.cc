#include "formats/torch_checkpoint.h"

#include <cstring>
#include <map>
#include <tuple>

namespace malmoi::formats {
namespace {

// Which view of which bytes a copy is of: tied weights that are transposed are copied once.
using View = std::tuple<const char*, size_t, size_t, std::vector<int64_t>, std::vector<int64_t>>;

View view_of(const TorchTensor& tensor) {
  return {tensor.bytes.data(), tensor.bytes.size(), element_size(tensor.type), tensor.shape, tensor.strides};
}

// Copies rows of the last dimension, walking the others like an odometer.
template <size_t Width>
void copy_elements(const TorchTensor& tensor, std::byte* to) {
  size_t outer = tensor.shape.size() - 1;
  std::vector<int64_t> index(outer, 0);
  int64_t from = 0;  // the element at which the row begins
  while (true) {
    const char* element = tensor.bytes.data() + from * static_cast<int64_t>(Width);
    int64_t step = tensor.strides[outer] * static_cast<int64_t>(Width);
    for (int64_t column = 0; column < tensor.shape[outer]; ++column) {
      std::memcpy(to, element + column * step, Width);
      to += Width;
    }
    size_t dimension = outer;
    for (; dimension > 0; --dimension) {
      size_t d = dimension - 1;
      from += tensor.strides[d];
      if (++index[d] < tensor.shape[d]) break;
      from -= index[d] * tensor.strides[d];
      index[d] = 0;
    }
    if (dimension == 0) return;
  }
}

}  // namespace

bool TorchTensor::is_contiguous() const {
  if (bytes.empty()) return true;
  int64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] > 1 && strides[i] != expected) return false;  // the stride of a dimension of one is never used
    expected *= shape[i];
  }
  return true;
}

void copy_contiguous(const TorchTensor& tensor, std::byte* to) {
  if (tensor.is_contiguous()) {
    if (!tensor.bytes.empty()) std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
    return;
  }
  switch (element_size(tensor.type)) {
    case 1: return copy_elements<1>(tensor, to);
    case 2: return copy_elements<2>(tensor, to);
    case 4: return copy_elements<4>(tensor, to);
    default: return copy_elements<8>(tensor, to);
  }
}

Status TorchCheckpoint::add(const Path& file) {
  MALMOI_ASSIGN(MappedFile mapped, MappedFile::open(file));
  MALMOI_ASSIGN(std::vector<TorchTensor> parsed, parse_torch_checkpoint(mapped.text(), file.string()));
  std::map<View, std::span<const std::byte>> copied;
  uint64_t copied_bytes = 0;
  for (TorchTensor& tensor : parsed) {
    auto bytes = std::as_bytes(std::span(tensor.bytes));
    if (!tensor.is_contiguous()) {
      std::span<const std::byte>& copy = copied[view_of(tensor)];
      if (copy.empty()) {
        uint64_t size = *byte_count(tensor.type, tensor.shape);
        copied_bytes += size;
        // Many different views of one storage could ask for any amount of memory.
        if (copied_bytes > mapped.size())
          return unsupported("tensor '" + tensor.name.substr(0, 200) +
                                 "' is not contiguous, and copies up to it need " + std::to_string(copied_bytes) +
                                 " bytes, more than the file has",
                             file.string(), "save it with contiguous tensors");
        copies_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
        copy_contiguous(tensor, copies_.back().get());
        copy = {copies_.back().get(), size};
      }
      bytes = copy;
    }
    tensors_.add({std::move(tensor.name), tensor.type, std::move(tensor.shape), bytes});
  }
  files_.push_back(std::move(mapped));
  return {};
}

Result<TorchCheckpoint> TorchCheckpoint::open(const Path& file) {
  TorchCheckpoint opened;
  opened.path_ = file;
  MALMOI_TRY(opened.add(file));
  MALMOI_TRY(opened.tensors_.sort(file));
  return opened;
}

Result<TorchCheckpoint> TorchCheckpoint::open_folder(const Path& folder) {
  TorchCheckpoint opened;
  auto open = [&](const Path& file) { return opened.add(file); };
  MALMOI_ASSIGN(opened.path_, open_weight_files(folder, kFileName, opened.tensors_, open));
  return opened;
}

}  // namespace malmoi::formats
