// Layers in the names of tensors and in configs: for work that takes layers out, or puts them together anew.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "model/model.h"

namespace malmoi::model {

/// `model.layers.` `3` `.mlp.up_proj.weight`: the first number that stands between two dots is the layer's.
struct LayerName {
  std::string_view stack;  // with the dot behind it
  int64_t layer = 0;
  std::string_view rest;  // with the dot before it
  std::string with_layer(int64_t other) const;
};
/// Nothing where a name belongs to no layer. The parts lie in `name`.
std::optional<LayerName> layer_of(std::string_view name);

/// A layer of a model, as a config speaks of it.
struct LayerChoice {
  const Json* config = nullptr;  // of the model that it comes from
  int64_t layer = 0;
};
/// Makes `config`, that of a model with `layers_before` layers, one of a model with these: their number, and what lists say of each
/// layer. Errors: a config whose number of layers stands under no name that is known.
Status set_layers(Json& config, int64_t layers_before, std::span<const LayerChoice> layers);

}  // namespace malmoi::model
