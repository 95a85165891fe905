// Named tensors of published models, whichever format they are stored in: what loading a model stands on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/element_type.h"

namespace malmoi::formats {

/// One tensor of a file. `bytes` lie in the file's map, or in memory of its source where the file holds them in another
/// order: little-endian, C order, maybe not aligned to the element. Two tensors may share bytes (tied weights).
struct StoredTensor {
  std::string name;
  ElementType type = ElementType::kF32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
  std::string_view packed =
      {};  // the type of weights that stand in blocks (ggml's names: Q4_K ...); empty: `type`'s elements
};

/// The tensors of a model, one file or many. Immutable after opening; safe from many threads. Tensors and their bytes live
/// as long as the source, and stay where they are if it is moved.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  /// Null if there is none.
  virtual const StoredTensor* find(std::string_view name) const = 0;
  /// By name.
  virtual std::span<const StoredTensor> tensors() const = 0;
  /// What was opened, for messages: the file, or the index of the folder.
  virtual const Path& path() const = 0;
  /// Whether its files are as they were when they were opened. Errors: as MappedFile::check().
  virtual Status check_files() const = 0;

 protected:
  WeightSource() = default;
  WeightSource(WeightSource&&) = default;
  WeightSource& operator=(WeightSource&&) = default;
};

/// The weights of a folder, the first of these that is there: `model.safetensors`, `model.safetensors.index.json`,
/// `pytorch_model.bin`, `pytorch_model.bin.index.json`. Errors: none of them; what the format's reader refuses.
Result<std::unique_ptr<WeightSource>> open_weights(const Path& folder);

}  // namespace malmoi::formats
