#include "model/stored_values.h"

#include <algorithm>

#include "base/parallel.h"

namespace malmoi::model {

using formats::ElementType;
using formats::StoredTensor;

Result<DType> element_dtype(const StoredTensor& tensor, const std::string& where) {
  if (tensor.packed.empty()) {
    switch (tensor.type) {
      case ElementType::kF32: return DType::kF32;
      case ElementType::kBF16: return DType::kBF16;
      case ElementType::kF16: return DType::kF16;
      case ElementType::kF64: return DType::kF64;
      default: break;
    }
  }
  return unsupported("tensor '" + tensor.name + "' has a type that is not floating", where,
                     "use f32, bf16 or f16 weights");
}

const BlockFormat* format_of(const StoredTensor& tensor) { return find_block_format(tensor.packed); }

Result<std::vector<float>> stored_values(const StoredTensor& tensor, const std::string& where) {
  if (const BlockFormat* format = format_of(tensor)) {
    const auto blocks = static_cast<int64_t>(tensor.bytes.size()) / format->bytes;
    std::vector<float> values(static_cast<size_t>(blocks * format->elements));
    constexpr int64_t kGrain = 1024;
    parallel_for(blocks, kGrain, [&](int64_t begin, int64_t end) {
      decode_blocks(*format, tensor.bytes.data() + begin * format->bytes, end - begin,
                    values.data() + begin * format->elements);
    });
    return values;
  }
  MALMOI_ASSIGN(const DType type, element_dtype(tensor, where));
  std::vector<float> values(tensor.bytes.size() / dtype_size(type));
  constexpr int64_t kGrain = 1 << 16;
  parallel_for(static_cast<int64_t>(values.size()), kGrain, [&](int64_t begin, int64_t end) {
    convert(tensor.bytes.data() + static_cast<size_t>(begin) * dtype_size(type), type, values.data() + begin,
            DType::kF32, static_cast<size_t>(end - begin));
  });
  return values;
}

bool same_values(const StoredTensor& a, const StoredTensor& b) {
  if (a.shape != b.shape) return false;
  if (a.type == b.type && a.packed == b.packed)
    return a.bytes.data() == b.bytes.data() || std::ranges::equal(a.bytes, b.bytes);
  auto a_values = stored_values(a, ""), b_values = stored_values(b, "");
  return a_values.ok() && b_values.ok() && *a_values == *b_values;
}

}  // namespace malmoi::model
