// The parameters of an adapter, as its file lays them out, for the published matrices of a model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/adapted_place.h"
#include "model/trained_adapter.h"

namespace malmoi::model {

/// A published tensor that an adapter may name.
struct AdaptedTensor {
  std::string name;   // ...q_proj.weight
  std::string saved;  // the name under which the model is saved (spellings.h)
  AdaptedPlace place;
  bool table = false;      // rows are looked up
  bool tied_head = false;  // over the table of words, which has another name
  bool of_layers = false;  // a product of the layers, not of the head, nor of an expert

  /// Whether it may be trained whole: a matrix by itself that is a table, or a head.
  bool is_table_or_head() const;
  /// The module's name, as PEFT knows it: what stands before `.weight` where the model is saved.
  std::string module() const;
};
/// All whose names end with `.weight`, in the model's order; a tied head comes last.
std::vector<AdaptedTensor> adapted_tensors(Model& model);

/// As autograd::LowRank has them, by the names of PEFT's file, with what they start from.
struct AdapterParameters {
  nn::ParameterSpec a, b;
  std::optional<nn::ParameterSpec> magnitude;
};
AdapterParameters adapter_parameters(const AdaptedModule& module, const AdaptedTensor& tensor, bool magnitudes);
/// A matrix in the place of the model's, by the name of PEFT's file.
nn::ParameterSpec whole_parameter(const WholeModule& module, const AdaptedTensor& tensor);

}  // namespace malmoi::model
