#include "quantize/trained_rounding.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "model/gguf_weights.h"
#include "quantize/gguf_settings.h"
#include "quantize/pack.h"
#include "quantize/type_choice.h"

namespace malmoi::quantize {
namespace {

using TrainedEntry = nn::ParameterSet::Entry;

// Rows [begin, end) of a parameter and what they are packed in.
struct RoundedRows {
  int64_t begin, end;
  BlockType type;
};

Result<std::string> trained_type(const std::string& name, const std::string& where) {
  if (name == "q8_0" || name == "q4_0") return name;
  return usage_error("'" + name + "' is not a type that training rounds to", where + ".type", "use q8_0 or q4_0");
}

// The tensors of a file of the model, in the order of its sources, without what makes their values. None where a family is not
// written to GGUF.
std::optional<GgufContents> tensors_of_file(const model::Model& model) {
  const model::GgufDialect* dialect = dialect_of(model.model_type());
  if (!dialect || dialect->task != model.task()) return {};
  GgufContents contents;
  contents.layers = model.num_layers();
  for (const auto& entry : model.parameters.entries()) {
    const Shape& shape = entry->spec.shape;
    for (const nn::Source& source : entry->spec.sources) {
      std::string name = model::place_of(*dialect, source.name).tensor;
      if (name == source.name) return {};
      std::vector<uint64_t> dims{static_cast<uint64_t>(shape.rank() < 2 ? source.rows : shape.columns())};
      if (shape.rank() >= 2) dims.push_back(static_cast<uint64_t>(source.rows));
      contents.tensors.push_back({std::move(name), std::move(dims), formats::ggml_type("F32"), {}});
    }
  }
  return contents;
}

// Keys of latent attention stand in a file with rows and columns exchanged.
bool lies_turned(const model::Model& model, const nn::Source& source) {
  const model::GgufDialect* dialect = dialect_of(model.model_type());
  return dialect && model::place_of(*dialect, source.name).change == model::GgufChange::kKeysApart;
}

// Of each source, in order, the type of its blocks.
Result<std::vector<std::optional<BlockType>>> types_of_sources(const model::Model& model, const std::string& type) {
  std::vector<std::optional<BlockType>> types;
  const std::optional<GgufContents> file = tensors_of_file(model);
  if (file) {
    MALMOI_ASSIGN(const TypeChoice choice, choose_types(*file, type, {}));
    for (const formats::GgmlType* chosen : choice.types) {
      const BlockFormat* format = find_block_format(chosen->name);
      types.push_back(format ? std::optional(format->type) : std::nullopt);
    }
    return types;
  }
  for (const auto& entry : model.parameters.entries())
    types.insert(types.end(), entry->spec.sources.size(), find_block_format(type)->type);
  return types;
}

// Rows of no block stay as they are.
nn::RoundRow rounding_of(std::vector<RoundedRows> parts) {
  return [parts = std::move(parts)](int64_t row, std::span<const float> values, std::span<float> rounded) {
    const auto part = std::ranges::find_if(parts, [&](const RoundedRows& p) { return row >= p.begin && row < p.end; });
    if (part == parts.end()) {
      std::ranges::copy(values, rounded.begin());
      return;
    }
    const BlockFormat& format = block_format(part->type);
    const auto columns = static_cast<int64_t>(values.size());
    std::vector<uint8_t> blocks(format.bytes_of(columns));
    pack_row(part->type, values.data(), columns, {}, blocks.data());
    decode_blocks(format, blocks.data(), columns / format.elements, rounded.data());
  };
}

}  // namespace

Result<int64_t> round_trained(model::Model& model, const PackOptions& options, const std::string& where) {
  MALMOI_ASSIGN(const std::string type, trained_type(options.type, where));
  MALMOI_ASSIGN(const SkippedModules skipped, SkippedModules::make(model, options.skip, where));
  MALMOI_ASSIGN(const auto types, types_of_sources(model, type));
  int64_t matrices = 0;
  size_t index = 0;
  for (const auto& entry : model.parameters.entries()) {
    std::vector<RoundedRows> parts;
    for (const nn::Source& source : entry->spec.sources) {
      const std::optional<BlockType> chosen = types[index++];
      const bool wanted = may_be_packed(*entry) && entry->parameter.trainable && !skipped.contains(*entry);
      if (!wanted || !chosen || lies_turned(model, source)) continue;
      if (entry->spec.shape.columns() % block_format(*chosen).elements != 0) continue;
      parts.push_back({source.row_begin, source.row_begin + source.rows, *chosen});
    }
    if (parts.empty()) continue;
    matrices += static_cast<int64_t>(entry->slots.size());
    entry->round = rounding_of(std::move(parts));
  }
  return matrices;
}

}  // namespace malmoi::quantize
