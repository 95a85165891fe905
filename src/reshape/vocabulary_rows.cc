#include "reshape/vocabulary_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/safetensors.h"
#include "model/stored_values.h"
#include "tensor/dtype.h"

namespace malmoi::reshape {
namespace {

constexpr size_t kRowBytesAtOnce = 1 << 20;

Status check_tables(const model::FolderTensors& folder, const RowOrigins& origins) {
  const int64_t rows = folder.model->vocab_size();
  for (const auto& tensor : folder.tensors) {
    if (!tensor.by_token || tensor.stored->shape[0] == rows) continue;
    return unsupported("table '" + tensor.name + "' has " + std::to_string(tensor.stored->shape[0]) +
                           " rows, the vocabulary " + std::to_string(rows),
                       folder.folder.string(), "use a model with one vocabulary");
  }
  for (const RowOrigin& from : origins) {
    for (int32_t id : from.ids) {
      if (id < 0 || id >= rows)
        return invalid_data(
            "the tokenizer has id " + std::to_string(id) + ", the model " + std::to_string(rows) + " rows",
            folder.folder.string(), "tokenizer and weights do not belong together");
    }
    if (from.ids.empty()) return internal_error("a row that is made of nothing", folder.folder.string());
  }
  return {};
}

// Rows of one table, made anew one by one.
class RowWriter {
 public:
  static Result<RowWriter> create(const formats::StoredTensor& tensor, const std::string& where) {
    MALMOI_ASSIGN(const DType type, model::element_dtype(tensor, where));
    return RowWriter(tensor, type);
  }

  void append(const RowOrigin& from, std::vector<std::byte>& to) {
    if (from.ids.size() == 1 && from.shares.empty()) {
      const std::byte* row = row_of(from.ids[0]);
      to.insert(to.end(), row, row + row_bytes_);
      return;
    }
    const size_t width = row_bytes_ / dtype_size(type_);
    std::vector<double> sum(width);
    std::vector<float> row(width);
    for (size_t i = 0; i < from.ids.size(); ++i) {
      const double share =
          from.shares.empty() ? 1 / static_cast<double>(from.ids.size()) : static_cast<double>(from.shares[i]);
      convert(row_of(from.ids[i]), type_, row.data(), DType::kF32, width);
      for (size_t c = 0; c < width; ++c) sum[c] += share * static_cast<double>(row[c]);
    }
    for (size_t c = 0; c < width; ++c) row[c] = static_cast<float>(sum[c]);
    const size_t at = to.size();
    to.resize(at + row_bytes_);
    convert(row.data(), DType::kF32, to.data() + at, type_, width);
  }

 private:
  RowWriter(const formats::StoredTensor& tensor, DType type)
      : tensor_(&tensor), type_(type), row_bytes_(tensor.bytes.size() / static_cast<size_t>(tensor.shape[0])) {}
  const std::byte* row_of(int32_t id) const { return tensor_->bytes.data() + static_cast<size_t>(id) * row_bytes_; }

  const formats::StoredTensor* tensor_;
  DType type_;
  size_t row_bytes_;
};

Status write_rows_of(const formats::StoredTensor& tensor, const RowOrigins& origins, const std::string& where,
                     const formats::TensorSink& sink) {
  MALMOI_ASSIGN(RowWriter writer, RowWriter::create(tensor, where));
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < origins.size(); ++i) {
    writer.append(origins[i], bytes);
    if (bytes.size() < kRowBytesAtOnce && i + 1 < origins.size()) continue;
    MALMOI_TRY(sink(bytes));
    bytes.clear();
  }
  return {};
}

}  // namespace

Status write_vocabulary(const model::FolderTensors& folder, const RowOrigins& origins, Json config, const Path& out,
                        const Job& job) {
  MALMOI_TRY(check_tables(folder, origins));
  std::vector<formats::TensorSpec> specs;
  for (const auto& tensor : folder.tensors) {
    specs.push_back({tensor.name, tensor.stored->type, tensor.stored->shape});
    if (tensor.by_token) specs.back().shape[0] = static_cast<int64_t>(origins.size());
  }
  size_t done = 0;
  const std::string where = folder.folder.string();
  MALMOI_TRY(formats::write_safetensors_folder(out, specs, [&](size_t i, const formats::TensorSink& sink) -> Status {
    MALMOI_TRY(job.stop.check());
    if (job.progress.due()) job.progress(fmt::format("{} of {} tensors", done, specs.size()));
    ++done;
    const auto& tensor = folder.tensors[i];
    return tensor.by_token ? write_rows_of(*tensor.stored, origins, where, sink) : sink(tensor.stored->bytes);
  }));
  MALMOI_TRY(folder.weights->check_files());
  config["vocab_size"] = origins.size();
  model::set_stored_type(config, folder.tensors.front().stored->type);
  return write_file(out / "config.json", dump_json(config, 2) + "\n");
}

}  // namespace malmoi::reshape
