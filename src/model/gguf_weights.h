// The tensors of a GGUF file under their published names: what a loader asks for in the words of the family.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "formats/tensor_source.h"
#include "model/family.h"

namespace malmoi::model {

/// Where a published tensor stands in a GGUF file.
struct GgufPlace {
  std::string tensor;
  int64_t expert = -1;  // the matrix of a tensor [experts, out, in]; -1: the whole tensor
  GgufChange change = GgufChange::kNone;
  GgufShape shape = GgufShape::kPublished;
};
GgufPlace place_of(const GgufDialect& dialect, const std::string& published);

/// The width of a head of attention by a published config; 0 where it says none.
int64_t head_dim_of(const Json& config);

/// How the rows of a source lie in a GGUF file; `head_dim`: of the model's attention.
nn::Layout gguf_rows(const GgufDialect& dialect, const nn::Source& source, int64_t head_dim);

/// What the elements of a GGUF type are, or how they are packed. Errors: a type that holds no weights.
Status set_type(formats::StoredTensor& stored, const formats::GgmlType& type, const std::string& where);

/// A tensor of the file, dimensions slowest first. Errors: a type that holds no weights, bytes beyond the file's end.
Result<formats::StoredTensor> stored_tensor(const formats::Gguf& file, const formats::GgufTensor& tensor);

/// The tensors as the file has them, packed or not, where its bytes can be used; else changed back in memory.
class GgufWeights final : public formats::WeightSource {
 public:
  /// Every source of `parameters` that the file has. Errors: types of no weights; dimensions that an expert's matrix
  /// cannot be cut from; bytes beyond the end of the file.
  static Result<GgufWeights> open(std::shared_ptr<const formats::Gguf> file, const GgufDialect& dialect,
                                  const nn::ParameterSet& parameters);

  const formats::StoredTensor* find(std::string_view name) const override;
  std::span<const formats::StoredTensor> tensors() const override { return tensors_; }
  const Path& path() const override { return file_->path(); }
  Status check_files() const override { return file_->check_files(); }
  /// How the rows of a published tensor lie in this file.
  nn::Layout layout(const std::string& name) const;

 private:
  GgufWeights() = default;
  Status add(const GgufDialect& dialect, const nn::ParameterSpec& spec, const nn::Source& source);
  Status join_keys(const GgufPlace& place, const nn::Source& source);
  Status join_gate(const GgufPlace& place, const nn::Source& source);
  void add_joined(const nn::Source& source, std::vector<float> values, std::vector<int64_t> shape);
  Status add_left_over();

  std::shared_ptr<const formats::Gguf> file_;
  int64_t head_dim_ = 0;
  std::vector<formats::StoredTensor> tensors_;
  std::map<std::string, size_t, std::less<>> index_;
  std::map<std::string, nn::Layout, std::less<>> layouts_;  // those that are not as ours
  std::map<std::string, bool> used_;                        // tensors of the file
  std::deque<std::vector<float>> changed_;                  // bytes of what was changed back
};

}  // namespace malmoi::model
