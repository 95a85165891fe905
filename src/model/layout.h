// Published tensors to rows of ours, and back.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "formats/element_type.h"
#include "nn/parameter_set.h"

namespace malmoi::model {

/// The shape that a source has in a file.
std::vector<int64_t> stored_shape(const nn::ParameterSpec& spec, const nn::Source& source);
/// Whether the source's bytes are the parameter's as they lie.
bool lies_as_ours(const nn::ParameterSpec& spec, const nn::Source& source);
/// The element of the file's tensor that stands in row `r` of the source's rows, column `c` of ours.
int64_t stored_element(const nn::ParameterSpec& spec, const nn::Source& source, int64_t r, int64_t c);
/// Columns of the parameter, seen as rows of its last dimension; a vector has one.
int64_t columns_of(const nn::ParameterSpec& spec);

/// Copies a stored tensor into its rows of `to` (the whole parameter), converting and reordering.
void copy_in(std::span<const std::byte> stored, DType type, const nn::ParameterSpec& spec, const nn::Source& source,
             Tensor& to);
/// The source's values as the file has them, in f32, from the whole parameter's array.
std::vector<float> copy_out(const Tensor& from, const nn::ParameterSpec& spec, const nn::Source& source);

/// The published tensors of one array of a parameter (its value, gradient or a moment), each as f32 in published shape.
struct PublishedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};
std::vector<PublishedTensor> publish(const nn::ParameterSpec& spec, const Tensor& values);

}  // namespace malmoi::model
