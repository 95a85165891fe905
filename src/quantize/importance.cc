#include "quantize/importance.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "formats/gguf.h"

namespace malmoi::quantize {
namespace {

constexpr uint64_t kLargest = uint64_t{1} << 30;
constexpr std::string_view kSums = ".in_sum2", kCounts = ".counts";

Error damaged(const Path& path, const std::string& what) {
  return invalid_data(what, path.string(), "make it again with llama-imatrix, or give a text");
}

// -- the older form -------------------------------------------------------------------------------------------------------

class Reader {
 public:
  Reader(std::string_view bytes, const Path& path) : bytes_(bytes), path_(path) {}

  Result<int32_t> count() {
    int32_t number = 0;
    if (bytes_.size() - at_ < sizeof number) return damaged(path_, "ends in the middle of a number");
    std::memcpy(&number, bytes_.data() + at_, sizeof number);
    at_ += sizeof number;
    if (number < 0) return damaged(path_, "holds a count below zero (byte " + std::to_string(at_ - 4) + ")");
    return number;
  }
  Result<std::string_view> take(uint64_t size) {
    if (size > bytes_.size() - at_) return damaged(path_, "is cut short (byte " + std::to_string(at_) + ")");
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

 private:
  std::string_view bytes_;
  const Path& path_;
  size_t at_ = 0;
};

Result<std::vector<float>> importance_of_stored(std::span<const float> sums, double rows, const std::string& name,
                                                const Path& path) {
  for (float sum : sums)
    if (!std::isfinite(sum) || sum < 0) return damaged(path, "'" + name + "' holds a sum of squares that is none");
  return importance_of(std::vector<double>(sums.begin(), sums.end()), rows);
}

Result<Importance> read_older(std::string_view bytes, const Path& path) {
  Importance all;
  Reader reader(bytes, path);
  MALMOI_ASSIGN(const int32_t entries, reader.count());
  for (int32_t e = 0; e < entries; ++e) {
    MALMOI_ASSIGN(const int32_t length, reader.count());
    MALMOI_ASSIGN(const std::string_view taken, reader.take(static_cast<uint64_t>(length)));
    const std::string name(taken);
    MALMOI_ASSIGN(const int32_t calls, reader.count());
    MALMOI_ASSIGN(const int32_t numbers, reader.count());
    if (numbers == 0) return damaged(path, "'" + name + "' has no sums");
    MALMOI_ASSIGN(const std::string_view stored, reader.take(static_cast<uint64_t>(numbers) * sizeof(float)));
    std::vector<float> sums(static_cast<size_t>(numbers));
    std::memcpy(sums.data(), stored.data(), stored.size());
    MALMOI_ASSIGN(all[name], importance_of_stored(sums, std::max(calls, 1), name, path));
  }
  return all;
}

// -- GGUF -----------------------------------------------------------------------------------------------------------------

Result<std::vector<float>> floats_of(const formats::Gguf& file, const formats::GgufTensor& tensor) {
  if (tensor.type->name != "F32") return damaged(file.path(), "tensor '" + tensor.name + "' is not F32");
  MALMOI_ASSIGN(const std::span<const std::byte> bytes, file.bytes(tensor));
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Result<Importance> read_gguf(const formats::Gguf& file) {
  if (file.text_or("general.type", "") != "imatrix")
    return damaged(file.path(), "is a GGUF file that holds no importance");
  Importance all;
  for (const formats::GgufTensor& tensor : file.tensors()) {
    if (!tensor.name.ends_with(kSums)) continue;
    const std::string name = tensor.name.substr(0, tensor.name.size() - kSums.size());
    const formats::GgufTensor* counted = file.tensor(name + std::string(kCounts));
    if (!counted) return damaged(file.path(), "'" + name + "' has sums without counts");
    MALMOI_ASSIGN(const std::vector<float> sums, floats_of(file, tensor));
    MALMOI_ASSIGN(const std::vector<float> counts, floats_of(file, *counted));
    if (counts.empty() || sums.size() % counts.size() != 0)
      return damaged(file.path(), "'" + name + "' has other counts than sums");
    const size_t each = sums.size() / counts.size();  // columns, of each expert
    std::vector<float> joined;
    for (size_t e = 0; e < counts.size(); ++e) {
      const std::span<const float> of_expert = std::span(sums).subspan(e * each, each);
      MALMOI_ASSIGN(const std::vector<float> one,
                    importance_of_stored(of_expert, static_cast<double>(counts[e]), name, file.path()));
      joined.insert(joined.end(), one.begin(), one.end());
    }
    all[name] = std::move(joined);
  }
  return all;
}

}  // namespace

std::vector<float> importance_of(std::span<const double> sums, double rows) {
  constexpr double kLeastShare = 1e-4;  // of the mean
  constexpr double kMost = 1e30;        // that errors times it are numbers
  double mean = 0;
  for (double sum : sums) mean += sum / static_cast<double>(sums.size());
  if (!(rows >= 1) || !(mean > 0)) return std::vector<float>(sums.size(), 1.0f);
  std::vector<float> importance;
  importance.reserve(sums.size());
  for (double sum : sums) importance.push_back(static_cast<float>(std::min((sum + kLeastShare * mean) / rows, kMost)));
  return importance;
}

Result<Importance> parse_importance(std::string bytes, const Path& name) {
  Result<Importance> all = Importance();
  if (bytes.starts_with("GGUF")) {
    MALMOI_ASSIGN(const formats::Gguf file, formats::Gguf::from_bytes(std::move(bytes), name));
    all = read_gguf(file);
  } else {
    all = read_older(bytes, name);
  }
  if (all.ok() && all->empty()) return damaged(name, "holds no importance");
  return all;
}

Result<Importance> read_importance(const Path& path) {
  MALMOI_ASSIGN(std::string bytes, read_file(path, kLargest));
  return parse_importance(std::move(bytes), path);
}

}  // namespace malmoi::quantize
