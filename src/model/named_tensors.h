// The tensors of a file under the names that a model's family publishes.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "formats/tensor_source.h"
#include "model/family.h"

namespace malmoi::model {

/// A file asked for what fills a model: by the published name, or as older and newer files spell it. Both outlive it.
class NamedTensors {
 public:
  NamedTensors(const formats::WeightSource& source, Model& model);

  /// Null if there is none.
  const formats::StoredTensor* find(const std::string& name) const;
  /// What fills a source: under its name, or, of a tied table that is not there, under the head's. Null if nothing does.
  const formats::StoredTensor* find_source(const nn::ParameterSet::Entry& entry, const nn::Source& source) const;
  /// The same, of the shape that the source's layout asks for. Errors: it is missing, or of another shape.
  Result<const formats::StoredTensor*> filling(const nn::ParameterSet::Entry& entry, const nn::Source& source) const;
  /// A head that the file holds though the config ties it to a table of other values.
  struct UntiedHead {
    std::string tensor, table, field;  // of the config, that says so; empty: none
  };
  /// Ties a head that the file leaves out, and unties one as above. Before the model has memory: whether the head is the table of
  /// words is for the file to say.
  std::optional<UntiedHead> settle_head();
  const std::string& where() const { return where_; }

 private:
  const nn::ParameterSet::Entry& words() const;

  const formats::WeightSource& source_;
  Model& model_;
  const Family& family_;
  std::string where_;
};

}  // namespace malmoi::model
