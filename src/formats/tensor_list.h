// What the readers of weight files share: tensors by name, and folders whose index says which file holds which tensor.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/tensor_source.h"

namespace malmoi::formats {

/// Tensors of one file or several, by name once they are sorted.
class TensorList {
 public:
  void add(StoredTensor tensor) { tensors_.push_back(std::move(tensor)); }
  /// After the last one. Error: a name that stands twice.
  Status sort(const Path& path);

  std::span<const StoredTensor> all() const { return tensors_; }
  /// Of a sorted list; null if there is none.
  const StoredTensor* find(std::string_view name) const;

 private:
  std::vector<StoredTensor> tensors_;
};

/// The file `name` of a folder, or its index `name.index.json`. Error: neither is there.
struct WeightFiles {
  Path path;
  bool is_index = false;
};
Result<WeightFiles> find_weight_files(const Path& folder, std::string_view name);

/// Has `open` add the tensors of the file `name` of a folder, or of each file that its index names, in the order of their
/// names; sorts them, and gives what was opened. Errors: neither is there, an index without `weight_map`, a file that is
/// not in the folder, a tensor that is not where the index puts it, a name that stands twice.
Result<Path> open_weight_files(const Path& folder, std::string_view name, TensorList& tensors,
                               const std::function<Status(const Path& file)>& open);

}  // namespace malmoi::formats
