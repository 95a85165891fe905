// PyTorch's checkpoint files (`pytorch_model.bin`, `*.pt`): reading tensors over a memory map, without running anything.
//
// A file is a zip archive of torch.save (PyTorch 1.6 or newer) with the members NAME/data.pkl, a pickle of the state dict;
// NAME/data/0, NAME/data/1 ..., the storages; and NAME/byteorder. In the pickle a tensor is a call of _rebuild_tensor_v2
// with a storage (its type, member and elements), an offset, a shape and strides, both counted in elements. Names other
// than those of tensors and storages are refused, so nothing that a pickle asks for is imported or called.
// Source: torch/serialization.py, torch/_utils.py.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/tensor_list.h"
#include "formats/tensor_source.h"

namespace malmoi::formats {

/// A tensor as the file describes it: a view of a storage, checked to lie within it.
struct TorchTensor {
  std::string name;
  ElementType type = ElementType::kF32;
  std::vector<int64_t> shape, strides;  // in elements, not negative
  std::string_view bytes;               // from its first element to its farthest; empty if it has none

  /// Whether `bytes` are the elements in C order.
  bool is_contiguous() const;
};

/// The tensors of a whole file, in its order. The state dict is the value itself, or stands under `state_dict`,
/// `model_state_dict` or `model` in it; its entries that are no tensors are passed over. Errors name the tensor or the byte:
/// the format before PyTorch 1.6, other bytes, big-endian, any name in the pickle that is not of tensors, types that have no
/// ElementType, views that reach beyond their storage, views that show an element twice, and no tensor at all.
Result<std::vector<TorchTensor>> parse_torch_checkpoint(std::string_view file, const std::string& where);

/// Copies the elements of a tensor in C order; `to` has room for all of them.
void copy_contiguous(const TorchTensor& tensor, std::byte* to);

/// The tensors of a model: one file or the shards of a folder, mapped. A tensor that is not contiguous (a transposed one) is
/// copied when it is opened, the same view once; copies of a file take at most as many bytes as it has.
class TorchCheckpoint final : public WeightSource {
 public:
  static constexpr std::string_view kFileName = "pytorch_model.bin";

  /// One file of any name.
  static Result<TorchCheckpoint> open(const Path& file);
  /// A folder with `pytorch_model.bin`, or `pytorch_model.bin.index.json` and the shards it names.
  static Result<TorchCheckpoint> open_folder(const Path& folder);

  const StoredTensor* find(std::string_view name) const override { return tensors_.find(name); }
  std::span<const StoredTensor> tensors() const override { return tensors_.all(); }
  const Path& path() const override { return path_; }
  Status check_files() const override { return check_all(files_); }

 private:
  TorchCheckpoint() = default;
  Status add(const Path& file);

  std::vector<MappedFile> files_;
  std::vector<std::unique_ptr<std::byte[]>> copies_;
  TensorList tensors_;
  Path path_;
};

}  // namespace malmoi::formats
