// Fuzzes PyTorch checkpoints: the elements of every tensor that is accepted lie within the file, and can be copied.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "formats/torch_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::formats;
  std::string_view file{reinterpret_cast<const char*>(data), size};
  auto tensors = parse_torch_checkpoint(file, "fuzz");
  if (!tensors.ok()) return 0;
  std::vector<std::byte> copy(size);
  for (const TorchTensor& tensor : *tensors) {
    uint64_t bytes = *byte_count(tensor.type, tensor.shape);
    if (bytes > tensor.bytes.size()) std::abort();
    if (tensor.is_contiguous() && bytes != tensor.bytes.size()) std::abort();
    if (bytes == 0) continue;
    if (tensor.bytes.data() < file.data() || tensor.bytes.data() + tensor.bytes.size() > file.data() + size)
      std::abort();
    copy_contiguous(tensor, copy.data());
  }
  return 0;
}
