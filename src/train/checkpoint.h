// Checkpoints: everything a run needs to go on to the bit, each written whole or not at all, each with checksums.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "tensor/tensor.h"

namespace malmoi::train {

/// A named f32 array to save or restore.
struct CheckpointTensor {
  std::string name;
  Tensor values;
};

/// What was loaded, and from which file.
struct Checkpoint {
  Json state;
  std::string file;
};

/// OUT/checkpoints/step-00000500/{tensors.safetensors, state.json}; state.json holds the checksum of the other file and its
/// own.
class CheckpointStore {
 public:
  explicit CheckpointStore(Path folder) : folder_(std::move(folder)) {}

  /// Writes under a temporary name, syncs, renames, then removes all but the newest `keep`. A failure leaves the older
  /// ones as they were.
  Status save(int64_t step, const std::vector<CheckpointTensor>& tensors, Json state, int64_t keep);
  /// Loads the newest whose checksums hold into the tensors, if `check` accepts its state; each bad one is told through `warn`
  /// and passed over. Gives none where there is none. Errors: all that there are are damaged; one of another model (a tensor
  /// missing or of another size); that of `check`.
  Result<std::optional<Checkpoint>> load_newest(const std::vector<CheckpointTensor>& tensors,
                                                const std::string& fingerprint,
                                                const std::function<void(const std::string&)>& warn,
                                                const std::function<Status(const Json& state)>& check = {}) const;
  /// Renames those from `step` on to aside-step-..., which nothing reads, if one before them is left. Gives that one's step,
  /// or none where nothing was before them.
  std::optional<int64_t> put_aside_from(int64_t step) const;
  /// Steps of the checkpoints that stand there, ascending.
  std::vector<int64_t> steps() const;
  Path path_of(int64_t step) const;

 private:
  Path folder_;
};

}  // namespace malmoi::train
