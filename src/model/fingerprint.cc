#include "model/fingerprint.h"

#include <algorithm>

#include "base/hash.h"
#include "formats/element_type.h"

namespace malmoi::model {
namespace {

// Of each of so many places in a tensor, so many bytes are looked at.
constexpr size_t kPlaces = 4, kBytes = 256;

void add_values(std::span<const std::byte> bytes, std::string& text) {
  const size_t piece = std::min(bytes.size(), kBytes);
  for (size_t i = 0; i < kPlaces; ++i) {
    const size_t begin = (bytes.size() - piece) / (kPlaces - 1) * i;
    text.append(reinterpret_cast<const char*>(bytes.data()) + begin, piece);
  }
}

}  // namespace

std::string weights_fingerprint(const Model& model) {
  std::string text;
  for (const auto& files : model.files()) {
    for (const formats::StoredTensor& tensor : files->tensors()) {
      text += tensor.name + formats::shape_text(tensor.shape) + std::to_string(static_cast<int>(tensor.type));
      text += tensor.packed;
      add_values(tensor.bytes, text);
    }
  }
  return to_hex(hash128(text));
}

}  // namespace malmoi::model
