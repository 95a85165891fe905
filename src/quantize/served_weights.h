// The matrices of a model that serves, or that an adapter is trained around, packed in memory when it is loaded.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/bind_packed.h"
#include "model/model.h"
#include "quantize/skipped_modules.h"
#include "tensor/block_type.h"

namespace malmoi::quantize {

struct ServedWeights {
  int64_t matrices = 0;          // that were packed
  size_t before = 0, after = 0;  // their bytes
};

/// Binds blocks of `type` (`q8_0` and the other types of 32 weights that are written, or `nf4`) in place of each dense matrix that
/// products or look-ups read, and lets go of the dense one. Small matrices and rows that do not fill blocks stay as they
/// are. Before adapters are put around them. Errors: an unknown type, values too large for it, no memory.
Result<ServedWeights> pack_served_weights(model::Model& model, const std::string& type);

/// Which matrices are packed, and how.
struct PackOptions {
  std::string type;               // any that quantize/pack.h writes: q8_0, q4_k, nf4 ...
  std::vector<std::string> skip;  // modules that stay as they are: whole names, or what they end with
};

/// Packs the matrices of a model that is frozen, small ones too. Rows that do not fill blocks stay as they are.
class FrozenPacker {
 public:
  /// `model` has its parameters, with memory or without, and outlives the packer. Errors: an unknown type; a name in `skip` that
  /// fits no module, or only a part of what is one matrix here. `where` names the settings ("model.quantize").
  static Result<FrozenPacker> make(model::Model& model, const PackOptions& options, const std::string& where);

  /// Binds blocks of the parameter's values, which are let go of; nothing where it is not packed. Errors: values too large, no memory.
  Status pack(nn::ParameterSet::Entry& entry);
  /// Binds blocks without memory to all that will be packed, of a model that has none, for whoever plans.
  void describe();
  const ServedWeights& done() const { return done_; }

 private:
  FrozenPacker(model::Model& model, const BlockFormat& format, SkippedModules skipped)
      : model_(&model), format_(&format), memory_(model), skipped_(std::move(skipped)) {}
  bool packs(const nn::ParameterSet::Entry& entry) const;

  model::Model* model_;
  const BlockFormat* format_;
  model::PackedMemory memory_;
  SkippedModules skipped_;
  ServedWeights done_;
};

}  // namespace malmoi::quantize
