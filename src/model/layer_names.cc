#include "model/layer_names.h"

#include <algorithm>
#include <charconv>

#include "base/json_read.h"

namespace malmoi::model {
namespace {

// Fields for the number of layers, and lists with an element a layer.
constexpr std::string_view kLayerCounts[] = {"num_hidden_layers", "n_layer", "n_layers", "num_layers"};
constexpr std::string_view kLayerLists[] = {"layer_types", "mlp_layer_types", "no_rope_layers", "layers_block_type",
                                            "is_moe_layer"};

// A field that another one with an element a layer says better; kept, it may count beyond the last layer.
constexpr std::string_view kLayerHints[] = {"max_window_layers"};

}  // namespace

std::string LayerName::with_layer(int64_t other) const {
  return std::string(stack) + std::to_string(other) + std::string(rest);
}

std::optional<LayerName> layer_of(std::string_view name) {
  for (size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    const size_t end = name.find('.', dot + 1);
    if (end == std::string_view::npos) return {};
    const std::string_view part = name.substr(dot + 1, end - dot - 1);
    int64_t layer = 0;
    const auto [last, error] = std::from_chars(part.data(), part.data() + part.size(), layer);
    if (error == std::errc() && last == part.data() + part.size() && layer >= 0)
      return LayerName{name.substr(0, dot + 1), layer, name.substr(end)};
  }
  return {};
}

Status set_layers(Json& config, int64_t layers_before, std::span<const LayerChoice> layers) {
  const auto* field = std::ranges::find_if(
      kLayerCounts, [&](std::string_view name) { return json_count(config, name) == layers_before; });
  if (field == std::end(kLayerCounts))
    return unsupported("says the number of layers under no name that is known", "config.json",
                       "use a model with num_hidden_layers");
  config[std::string(*field)] = layers.size();
  for (std::string_view name : kLayerLists) {
    if (static_cast<int64_t>(json_list(config, name).size()) != layers_before) continue;
    Json list = Json::array();
    for (const LayerChoice& choice : layers) {
      const Json& own = json_list(*choice.config, name);
      const auto at = static_cast<size_t>(choice.layer);
      list.push_back(at < own.size() ? own[at] : config[std::string(name)].back());
    }
    config[std::string(name)] = std::move(list);
  }
  for (std::string_view name : kLayerHints) {
    if (json_count(config, name))
      config[std::string(name)] = std::min<int64_t>(*json_count(config, name), layers.size());
  }
  return {};
}

}  // namespace malmoi::model
