// What llama.cpp's converter does to tensors beside giving them other names: each change with its way back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/gguf_dialect.h"

namespace malmoi::model {

/// Whether a file holds other numbers than the published tensor, element by element.
bool changes_values(GgufChange change);
/// Published values to those of a file, and back.
void change_to_gguf(std::span<float> values, GgufChange change);
void change_from_gguf(std::span<float> values, GgufChange change);

/// The dimensions that a file has, slowest first. `groups`: for kGroups.
std::vector<int64_t> gguf_shape(GgufShape shape, const std::vector<int64_t>& published, int64_t groups);

/// The names of what holds q, k and v, and of what holds z, by the name of the whole (kGateApart).
std::pair<std::string, std::string> gate_apart_names(const std::string& whole);

/// The projection of latent attention to keys and values of all heads: published as [heads (key + value), in].
struct LatentKeys {
  int64_t heads = 0, key = 0, value = 0, in = 0;

  /// Of the two tensors [heads, in, key] and [heads, value, in] that stand for it, by the name of the whole one.
  static std::pair<std::string, std::string> names(const std::string& whole);
  std::vector<float> keys(std::span<const float> whole) const;
  std::vector<float> values(std::span<const float> whole) const;
  std::vector<float> joined(std::span<const float> keys, std::span<const float> values) const;
};

}  // namespace malmoi::model
