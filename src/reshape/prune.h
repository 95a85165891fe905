// Structured pruning: whole layers, and of all layers the same number of channels, taken out of a model's folder by what a calibration
// text said of them (Muralidharan et al. 2024, "Minitron").
//
// Importance, from forward passes alone: of a channel the mean over samples of the L2 norm over a sample's tokens of what stands in it
// (inner channels where down_proj reads them, heads where o_proj reads them, channels of the stream where the products behind norms
// read them, summed over all of these); of a layer its block influence, the mean over tokens of 1 - cos(before, after) (Men et al. 2024).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "model/folder_tensors.h"

namespace malmoi::reshape {

/// What may become smaller.
struct PruneSizes {
  int64_t layers = 0, intermediate = 0, heads = 0, hidden = 0;
  bool operator==(const PruneSizes&) const = default;
};

/// Of a model's config. Errors: a family that is not among those whose sizes all stand in the config and whose layers are one like
/// another.
Result<PruneSizes> prunable_sizes(const model::Model& model);
/// Names of these families, for messages.
std::string prunable_families();

struct PruneImportance {
  std::vector<double> layers;                     // block influence
  std::vector<double> hidden;                     // of each channel of the stream
  std::vector<std::vector<double>> intermediate;  // of each layer, of each inner channel
  std::vector<std::vector<double>> heads;         // of each layer, of each head of queries
};

/// What stays, each in the order of the model.
struct PruneChoice {
  std::vector<int64_t> layers;
  std::vector<int64_t> hidden;
  std::vector<std::vector<int64_t>> intermediate, heads;  // of each layer of the model, also of those that go
};

/// The most important of each; of heads as many in each group that shares keys and values. `dropped`: layers that go in place of those
/// of the least influence. Errors: sizes of 0, or above the model's; heads that the groups cannot share; a dropped layer
/// that is none.
Result<PruneChoice> choose_kept(const model::Model& model, const PruneImportance& importance, const PruneSizes& wanted,
                                const std::vector<int64_t>& dropped);

/// Writes config.json and the weights, whose numbers stay as they are: so many parameters. Errors: a tensor whose place in a layer is
/// not known.
Result<uint64_t> write_pruned(const model::FolderTensors& folder, const PruneChoice& choice, const Path& out,
                              const Job& job);

}  // namespace malmoi::reshape
