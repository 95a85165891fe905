#include "nn/linear.h"

namespace malmoi::nn {
namespace {

std::string sibling(const Declare& declare, const std::string& name, const char* suffix) {
  size_t dot = declare.path().rfind('.');
  return (dot == std::string::npos ? "" : declare.path().substr(0, dot + 1)) + name + suffix;
}

std::vector<Source> sources_of(const Declare& declare, const LinearSpec& spec, const char* suffix, bool matrix) {
  std::vector<Source> sources;
  auto of = [&](const Layout& layout) {
    return matrix || layout.kind != Layout::kTransposed ? layout : Layout{};  // a vector is as it is
  };
  if (spec.parts.empty()) return {{declare.path() + suffix, 0, spec.out, of(spec.layout)}};
  int64_t row = 0;
  for (const LinearPart& part : spec.parts) {
    const Layout& layout = part.layout.kind == Layout::kAsIs ? spec.layout : part.layout;
    sources.push_back({sibling(declare, part.name, suffix), row, part.out, of(layout), matrix ? part.std : -1});
    row += part.out;
  }
  return sources;
}

}  // namespace

Linear linear(const Declare& declare, const LinearSpec& spec) {
  int64_t out = spec.out;
  for (const LinearPart& part : spec.parts) out += part.out;
  LinearSpec whole = spec;
  whole.out = out;
  Linear layer;
  layer.weight = declare.set().add_weight({.name = declare.tensor("weight"),
                                           .shape = {out, spec.in},
                                           .role = spec.role,
                                           .init = {.std = spec.std < 0 ? declare.std() : spec.std, .fill = spec.fill},
                                           .sources = sources_of(declare, whole, ".weight", true)});
  if (spec.bias)
    layer.bias = declare.set().add({.name = declare.tensor("bias"),
                                    .shape = {out},
                                    .init = {.fill = spec.fill_bias},
                                    .sources = sources_of(declare, whole, ".bias", false)});
  return layer;
}

WeightSlot* embedding(const Declare& declare, const EmbeddingSpec& spec) {
  return declare.set().add_weight({.name = declare.tensor("weight"),
                                   .shape = {spec.rows, spec.width},
                                   .role = spec.role,
                                   .init = {.std = spec.std < 0 ? declare.std() : spec.std}});
}

}  // namespace malmoi::nn
