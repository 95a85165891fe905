#include "app/use/model_memory.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <numeric>
#include <regex>

#include "model/gguf_config.h"
#include "model/load.h"
#include "tensor/block_type.h"

namespace malmoi::app {
namespace {

std::string size_text(uint64_t bytes) {
  constexpr double kMiB = 1 << 20, kGiB = 1 << 30;
  const auto size = static_cast<double>(bytes);
  return size < kGiB ? fmt::format("{:.0f} MiB", size / kMiB) : fmt::format("{:.1f} GiB", size / kGiB);
}

uint64_t file_bytes(const Path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// Weights of a GGUF file stay as they are.
uint64_t gguf_bytes(const Path& path) {
  const std::vector<Path> files = gguf_files(path);
  return std::transform_reduce(files.begin(), files.end(), uint64_t{0}, std::plus<>(), file_bytes);
}

double bytes_per_weight(const LoadChoice& choice) {
  const BlockFormat* format = find_block_format(choice.packed);
  return format ? static_cast<double>(format->bytes) / format->elements : static_cast<double>(dtype_size(choice.dtype));
}

uint64_t dense_bytes(const model::Model& model, const LoadChoice& choice) {
  double bytes = 0;
  for (const auto& entry : model.parameters.entries()) {
    const bool is_matrix = entry->spec.shape.rank() > 1;
    bytes += static_cast<double>(entry->spec.shape.elements()) * (is_matrix ? bytes_per_weight(choice) : sizeof(float));
  }
  return static_cast<uint64_t>(bytes);
}

// The least rounding of those that fit.
std::string what_fits(const model::Model& model, uint64_t free_bytes) {
  for (const char* type : {"q8_0", "q5_1", "q4_0"}) {
    const uint64_t bytes = dense_bytes(model, {.packed = type});
    if (bytes <= free_bytes) return fmt::format("with --quantize-at-load {} it takes {}", type, size_text(bytes));
  }
  return "use a smaller model, or a larger machine";
}

Error does_not_fit(uint64_t bytes, uint64_t free_bytes, const Path& path, std::string remedy) {
  return out_of_memory(
      fmt::format("the weights take {}, of memory {} are free", size_text(bytes), size_text(free_bytes)), path.string(),
      std::move(remedy));
}

}  // namespace

std::vector<Path> gguf_files(const Path& path) {
  static const std::regex kFirst(R"((.*)-00001-of-(\d{5})\.gguf)");
  const std::string name = path.filename().string();
  std::smatch parts;
  if (!std::regex_match(name, parts, kFirst)) return {path};
  std::vector<Path> files;
  const int count = std::stoi(parts[2]);
  for (int i = 1; i <= count; ++i)
    files.push_back(path.parent_path() / fmt::format("{}-{:05}-of-{}.gguf", parts[1].str(), i, parts[2].str()));
  return files;
}

Result<uint64_t> weight_bytes(const Path& path, const LoadChoice& choice) {
  if (model::is_gguf(path)) return gguf_bytes(path);
  MALMOI_ASSIGN(const auto model, model::load_config(path));
  return dense_bytes(*model, choice);
}

Status check_fits(const Path& path, const LoadChoice& choice, uint64_t free_bytes) {
  if (model::is_gguf(path)) {
    const uint64_t bytes = gguf_bytes(path);
    if (bytes <= free_bytes) return {};
    return does_not_fit(bytes, free_bytes, path, "use a file of fewer bits, a smaller model, or a larger machine");
  }
  MALMOI_ASSIGN(const auto model, model::load_config(path));
  const uint64_t bytes = dense_bytes(*model, choice);
  if (bytes <= free_bytes) return {};
  return does_not_fit(bytes, free_bytes, path, what_fits(*model, free_bytes));
}

}  // namespace malmoi::app
