#include "quantize/gguf_contents.h"

#include <cmath>
#include <optional>

#include "base/parallel.h"
#include "quantize/pack.h"
#include "tensor/block_type.h"
#include "tensor/dtype.h"

namespace malmoi::quantize {
namespace {

using formats::GgmlType;

// The plain types; nothing where a type is packed.
std::optional<DType> plain_type(const GgmlType& type) {
  if (type.name == "F32") return DType::kF32;
  if (type.name == "F16") return DType::kF16;
  if (type.name == "BF16") return DType::kBF16;
  if (type.name == "F64") return DType::kF64;
  return {};
}

std::vector<float> decoded(const GgmlType& type, std::span<const std::byte> bytes) {
  if (auto plain = plain_type(type)) {
    std::vector<float> values(bytes.size() / dtype_size(*plain));
    convert(bytes.data(), *plain, values.data(), DType::kF32, values.size());
    return values;
  }
  const BlockFormat& format = *find_block_format(type.name);
  const auto blocks = static_cast<int64_t>(bytes.size()) / format.bytes;
  std::vector<float> values(static_cast<size_t>(blocks * format.elements));
  constexpr int64_t kGrain = 256;
  parallel_for(blocks, kGrain, [&](int64_t begin, int64_t end) {
    decode_blocks(format, bytes.data() + begin * format.bytes, end - begin, values.data() + begin * format.elements);
  });
  return values;
}

std::vector<std::byte> encoded(const GgmlType& type, const std::vector<float>& values, int64_t columns,
                               std::span<const float> importance) {
  if (auto plain = plain_type(type)) {
    std::vector<std::byte> bytes(values.size() * dtype_size(*plain));
    convert(values.data(), DType::kF32, bytes.data(), *plain, values.size());
    return bytes;
  }
  const BlockFormat& format = *find_block_format(type.name);
  const int64_t rows = static_cast<int64_t>(values.size()) / columns;
  const size_t row_bytes = format.bytes_of(columns);
  std::vector<std::byte> bytes(static_cast<size_t>(rows) * row_bytes);
  parallel_for(rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      pack_row(format.type, values.data() + r * columns, columns, importance,
               reinterpret_cast<uint8_t*>(bytes.data()) + static_cast<size_t>(r) * row_bytes);
  });
  return bytes;
}

double relative_error(const std::vector<float>& wanted, const std::vector<float>& got) {
  double off = 0, all = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double x = static_cast<double>(wanted[i]), y = static_cast<double>(got[i]);
    off += (x - y) * (x - y), all += x * x;
  }
  return all > 0 ? std::sqrt(off / all) : 0;
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
  for (const formats::GgufTensor& tensor : file->tensors()) {
    if (!plain_type(*tensor.type) && !find_block_format(tensor.type->name))
      return unsupported(
          "tensor '" + tensor.name + "' is of type " + std::string(tensor.type->name) + ", which holds no weights",
          file->path().string(), "use a file of another type");
    MALMOI_ASSIGN(std::span<const std::byte> bytes, file->bytes(tensor));
    const GgmlType* type = tensor.type;
    auto values = [type, bytes]() -> Result<std::vector<float>> { return decoded(*type, bytes); };
    contents.tensors.push_back({tensor.name, tensor.dims, type, values, bytes});
  }
  contents.kept.push_back(file);
  return contents;
}

Status write_contents(const Path& path, const GgufContents& contents, const std::vector<const GgmlType*>& types,
                      const std::function<std::span<const float>(const std::string& name)>& importance,
                      const std::function<void(size_t index, double error)>& done) {
  std::vector<formats::GgufTensorSpec> specs;
  for (size_t i = 0; i < contents.tensors.size(); ++i)
    specs.push_back({contents.tensors[i].name, types[i], contents.tensors[i].dims});
  auto write = [&](size_t i, const std::function<Status(std::span<const std::byte>)>& sink) -> Status {
    const GgufSource& tensor = contents.tensors[i];
    if (types[i] == tensor.as_it_is && !tensor.bytes.empty()) {
      if (done) done(i, 0);
      return sink(tensor.bytes);
    }
    MALMOI_ASSIGN(const std::vector<float> values, tensor.values());
    for (float value : values) {
      if (std::isfinite(value)) continue;
      return invalid_data("tensor '" + tensor.name + "' holds a value that is not finite", path.string(),
                          "the model is damaged or its training diverged; use another one");
    }
    const auto columns = static_cast<int64_t>(tensor.dims[0]);
    std::span<const float> counts = importance ? importance(tensor.name) : std::span<const float>();
    if (static_cast<int64_t>(counts.size()) != columns) counts = {};
    const std::vector<std::byte> bytes = encoded(*types[i], values, columns, counts);
    if (done) done(i, relative_error(values, decoded(*types[i], bytes)));
    return sink(bytes);
  };
  return formats::write_gguf(path, contents.metadata, specs, write);
}

}  // namespace malmoi::quantize
