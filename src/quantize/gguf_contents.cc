#include "quantize/gguf_contents.h"

#include <cmath>

#include "base/parallel.h"
#include "model/gguf_weights.h"
#include "model/stored_values.h"
#include "quantize/pack.h"
#include "tensor/block_type.h"

namespace malmoi::quantize {
namespace {

using formats::GgmlType;
using formats::StoredTensor;

struct Rows {
  const std::vector<float>& values;
  int64_t columns;
  int64_t count() const { return static_cast<int64_t>(values.size()) / columns; }
};

// How much errors count in the columns of row r: of stacked experts each has its own.
std::span<const float> importance_of_row(std::span<const float> all, const Rows& rows, int64_t r) {
  if (all.empty()) return {};
  const int64_t experts = static_cast<int64_t>(all.size()) / rows.columns, rows_each = rows.count() / experts;
  return all.subspan(static_cast<size_t>(r / rows_each * rows.columns), static_cast<size_t>(rows.columns));
}

bool fits(uint64_t columns, const GgufSource& tensor) {
  const uint64_t experts = columns / tensor.columns(), rows = tensor.elements() / tensor.columns();
  return experts > 0 && experts * tensor.columns() == columns && rows % experts == 0;
}

Status check_importance(const Importance& importance, const GgufContents& contents,
                        const std::vector<const GgmlType*>& types) {
  constexpr const char* kRemedy = "give a text, or a file that was made for this model";
  bool of_this_model = importance.empty();
  for (size_t i = 0; i < contents.tensors.size(); ++i) {
    const GgufSource& tensor = contents.tensors[i];
    auto found = importance.find(tensor.name);
    if (found == importance.end()) continue;
    of_this_model = true;
    if (find_block_format(types[i]->name) && !fits(found->second.size(), tensor))
      return usage_error("the importance of '" + tensor.name + "' has " + std::to_string(found->second.size()) +
                             " columns, the tensor " + std::to_string(tensor.columns()),
                         "--calibrate", kRemedy);
  }
  if (!of_this_model) return usage_error("no tensor of the model has an importance", "--calibrate", kRemedy);
  return {};
}

// A row as it is stored, and what became of it: squares of what is off, and of all.
struct Loss {
  double off = 0, all = 0;
};

Loss loss_of(const float* wanted, std::span<const float> got) {
  Loss loss;
  for (size_t i = 0; i < got.size(); ++i) {
    const double x = static_cast<double>(wanted[i]), y = static_cast<double>(got[i]);
    loss.off += (x - y) * (x - y), loss.all += x * x;
  }
  return loss;
}

double relative_error(const std::vector<Loss>& rows) {
  Loss sum;
  for (const Loss& row : rows) sum.off += row.off, sum.all += row.all;
  return sum.all > 0 ? std::sqrt(sum.off / sum.all) : 0;
}

struct Encoded {
  std::vector<std::byte> bytes;
  double error = 0;  // of all rows
};

// `to` says of which type. Rows are packed, and unpacked again to be compared, side by side.
Encoded encoded(const StoredTensor& to, const Rows& rows, std::span<const float> importance) {
  const BlockFormat* format = model::format_of(to);
  const DType plain = format ? DType::kF32 : *model::element_dtype(to, "");
  const auto columns = static_cast<size_t>(rows.columns);
  const size_t row_bytes = format ? format->bytes_of(rows.columns) : columns * dtype_size(plain);
  Encoded out{.bytes = std::vector<std::byte>(static_cast<size_t>(rows.count()) * row_bytes)};
  std::vector<Loss> losses(static_cast<size_t>(rows.count()));
  parallel_for(rows.count(), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> back(columns);
    for (int64_t r = begin; r < end; ++r) {
      const float* row = rows.values.data() + r * rows.columns;
      std::byte* bytes = out.bytes.data() + static_cast<size_t>(r) * row_bytes;
      if (format) {
        pack_row(format->type, row, rows.columns, importance_of_row(importance, rows, r),
                 reinterpret_cast<uint8_t*>(bytes));
        decode_blocks(*format, bytes, rows.columns / format->elements, back.data());
      } else {
        convert(row, DType::kF32, bytes, plain, columns);
        convert(bytes, plain, back.data(), DType::kF32, columns);
      }
      losses[static_cast<size_t>(r)] = loss_of(row, back);
    }
  });
  out.error = relative_error(losses);
  return out;
}

Status check_finite(const GgufSource& tensor, const std::vector<float>& values, const Path& path) {
  auto wrong = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (wrong == values.end()) return {};
  return invalid_data("tensor '" + tensor.name + "' holds a value that is not finite", path.string(),
                      "the model is damaged or its training diverged; use another one");
}

// A scale in f16 that is infinite makes an error that is.
Status check_range(const GgufSource& tensor, const GgmlType& type, double error, const Path& path) {
  if (std::isfinite(error)) return {};
  return invalid_data("tensor '" + tensor.name + "' holds values too large for " + std::string(type.name),
                      path.string(), "choose a wider type: --tensor '" + tensor.name + "=bf16'");
}

}  // namespace

uint64_t GgufSource::elements() const {
  uint64_t count = 1;
  for (uint64_t size : dims) count *= size;
  return count;
}

Result<GgufContents> contents_of(std::shared_ptr<const formats::Gguf> file) {
  MALMOI_TRY(file->check_data());
  GgufContents contents;
  for (const auto& [key, value] : file->pairs())
    if (!key.starts_with("split.")) contents.metadata.set(key, value);  // what is written is one file
  MALMOI_ASSIGN(std::string_view architecture, file->text("general.architecture"));
  contents.architecture = architecture;
  contents.layers = file->integer_or(contents.architecture + ".block_count", 0);
  const std::string where = file->path().string();
  for (const formats::GgufTensor& tensor : file->tensors()) {
    if (tensor.elements() == 0)
      return invalid_data("tensor '" + tensor.name + "' holds nothing", where, "the file is damaged; use another one");
    MALMOI_ASSIGN(const StoredTensor stored, model::stored_tensor(*file, tensor));
    auto values = [stored, where] { return model::stored_values(stored, where); };
    contents.tensors.push_back({tensor.name, tensor.dims, tensor.type, values, stored.bytes});
  }
  contents.kept.push_back(file);
  return contents;
}

Status write_contents(const Path& path, const GgufContents& contents, const std::vector<const GgmlType*>& types,
                      const Importance& importance, const TensorWritten& written, const StopToken& stop) {
  MALMOI_TRY(check_importance(importance, contents, types));
  std::vector<formats::GgufTensorSpec> specs;
  for (size_t i = 0; i < contents.tensors.size(); ++i)
    specs.push_back({contents.tensors[i].name, types[i], contents.tensors[i].dims});
  auto write = [&](size_t i, const std::function<Status(std::span<const std::byte>)>& sink) -> Status {
    const GgufSource& tensor = contents.tensors[i];
    MALMOI_TRY(stop.check(path.string()));
    if (types[i] == tensor.as_it_is && !tensor.bytes.empty()) {
      if (written) written(i, 0);
      return sink(tensor.bytes);
    }
    MALMOI_ASSIGN(const std::vector<float> values, tensor.values());
    MALMOI_TRY(check_finite(tensor, values, path));
    StoredTensor stored{.name = tensor.name};
    MALMOI_TRY(model::set_type(stored, *types[i], path.string()));
    auto counts = importance.find(tensor.name);
    const Encoded made =
        encoded(stored, {values, static_cast<int64_t>(tensor.columns())},
                counts == importance.end() ? std::span<const float>() : std::span<const float>(counts->second));
    MALMOI_TRY(check_range(tensor, *types[i], made.error, path));
    if (written) written(i, made.error);
    return sink(made.bytes);
  };
  return formats::write_gguf(path, contents.metadata, specs, write);
}

}  // namespace malmoi::quantize
