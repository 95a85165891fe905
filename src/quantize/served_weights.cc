#include "quantize/served_weights.h"

#include <algorithm>

#include "autograd/block_weight.h"
#include "base/parallel.h"
#include "kernels/panels.h"
#include "quantize/pack.h"
#include "quantize/pack_entry.h"

namespace malmoi::quantize {
namespace {

using Entry = nn::ParameterSet::Entry;

// Routers and other matrices that are too small to save anything.
constexpr int64_t kLeastElements = int64_t{1} << 16;
constexpr std::pair<std::string_view, BlockType> kTypes[] = {{"q8_0", BlockType::Q8_0}, {"q5_1", BlockType::Q5_1},
                                                             {"q5_0", BlockType::Q5_0}, {"q4_1", BlockType::Q4_1},
                                                             {"q4_0", BlockType::Q4_0}, {"nf4", BlockType::NF4}};

Result<const BlockFormat*> format_named(const std::string& name) {
  for (const auto& [known, type] : kTypes) {
    if (known == name) return &block_format(type);
  }
  return usage_error("'" + name + "' is not a type that a model is packed in when it is loaded", "--quantize-at-load",
                     "use q8_0, q5_1, q5_0, q4_1, q4_0 or nf4");
}

bool can_pack(const Entry& entry, const BlockFormat& format) {
  const Tensor& dense = entry.parameter.compute;
  return !entry.slots.empty() && dense && !entry.parameter.master && dense.shape().rank() >= 2 &&
         dense.shape().columns() % format.elements == 0 &&
         dense.elements() / static_cast<int64_t>(entry.slots.size()) >= kLeastElements;
}

// Rows [first, first + count) as blocks, one row after another.
std::vector<std::byte> packed_rows(const Tensor& dense, int64_t first, int64_t count, const BlockFormat& format) {
  const int64_t columns = dense.shape().columns();
  const size_t row_bytes = format.bytes_of(columns);
  const size_t dense_row = static_cast<size_t>(columns) * dtype_size(dense.dtype());
  std::vector<std::byte> blocks(static_cast<size_t>(count) * row_bytes);
  parallel_for(count, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> row(static_cast<size_t>(columns));
    for (int64_t r = begin; r < end; ++r) {
      convert(static_cast<const std::byte*>(dense.data()) + static_cast<size_t>(first + r) * dense_row, dense.dtype(),
              row.data(), DType::kF32, row.size());
      pack_row(format.type, row.data(), columns, {},
               reinterpret_cast<uint8_t*>(blocks.data()) + static_cast<size_t>(r) * row_bytes);
    }
  });
  return blocks;
}

Status check_scales(const Entry& entry, const BlockFormat& format, const std::vector<std::byte>& blocks) {
  const auto count = static_cast<int64_t>(blocks.size()) / format.bytes;
  if (first_not_finite(format, blocks.data(), count) == count) return {};
  return invalid_data("holds values too large for the scales of " + std::string(format.name), entry.spec.name,
                      "choose another type, or leave the model as it is");
}

}  // namespace

Status pack_entry(Entry& entry, const BlockFormat& format, model::PackedMemory& memory, ServedWeights& done) {
  Tensor& dense = entry.parameter.compute;
  const int64_t columns = dense.shape().columns();
  const int64_t rows = dense.shape().rows() / static_cast<int64_t>(entry.slots.size());
  const size_t row_bytes = format.bytes_of(columns), bytes = kernels::block_matrix_bytes(format.type, rows, columns);
  for (size_t slot = 0; slot < entry.slots.size(); ++slot) {
    const std::vector<std::byte> blocks = packed_rows(dense, static_cast<int64_t>(slot) * rows, rows, format);
    MALMOI_TRY(check_scales(entry, format, blocks));
    MALMOI_ASSIGN(std::byte * to, memory.take(bytes));
    auto row = [&](int64_t r) { return blocks.data() + static_cast<size_t>(r) * row_bytes; };
    kernels::write_block_matrix(format.type, rows, columns, row, to);
    entry.slots[slot]->bind(
        std::make_unique<autograd::BlockWeight>(std::vector<kernels::BlockMatrix>{{format.type, rows, columns, to}}));
    done.after += bytes;
    ++done.matrices;
  }
  done.before += dense.bytes();
  const bool is_mapped = !dense.unique();  // nobody else holds the memory of a parameter that is being loaded
  if (is_mapped) model::let_go({static_cast<const std::byte*>(dense.data()), dense.bytes()});
  dense = Tensor();
  entry.originals.clear();
  return {};
}

Result<ServedWeights> pack_served_weights(model::Model& model, const std::string& type) {
  MALMOI_ASSIGN(const BlockFormat* format, format_named(type));
  ServedWeights done;
  model::PackedMemory memory(model);
  for (auto& entry : model.parameters.entries()) {
    if (can_pack(*entry, *format)) MALMOI_TRY(pack_entry(*entry, *format, memory, done));
  }
  return done;
}

}  // namespace malmoi::quantize
