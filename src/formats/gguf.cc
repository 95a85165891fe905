#include "formats/gguf.h"

#include <fmt/format.h>

#include <algorithm>

namespace malmoi::formats {

uint64_t GgufTensor::elements() const {
  uint64_t product = 1;
  for (uint64_t dim : dims) product *= dim;
  return product;
}

Result<Gguf> Gguf::open(const Path& path) {
  MALMOI_ASSIGN(Gguf gguf, open_alone(path));
  MALMOI_TRY(gguf.open_parts());
  return gguf;
}

Result<Gguf> Gguf::open_alone(const Path& path) {
  Gguf gguf;
  gguf.path_ = path;
  MALMOI_ASSIGN(gguf.file_, MappedFile::open(path));
  MALMOI_TRY(gguf.read_header(gguf.file_.text()));
  return gguf;
}

Result<Gguf> Gguf::from_bytes(std::string bytes, const Path& name) {
  Gguf gguf;
  gguf.path_ = name;
  gguf.owned_ = std::make_unique<std::string>(std::move(bytes));
  MALMOI_TRY(gguf.read_header(*gguf.owned_));
  if (gguf.integer_or("split.count", 1) > 1)
    return invalid_data("is one part of several", name.string(), "open them as files");
  return gguf;
}

Status Gguf::read_header(std::string_view content) {
  content_ = std::as_bytes(std::span(content));
  MALMOI_ASSIGN(header_, parse_gguf(content, path_.string()));
  for (size_t i = 0; i < header_.pairs.size(); ++i) key_index_.emplace(header_.pairs[i].first, i);
  for (size_t i = 0; i < header_.tensors.size(); ++i) tensor_index_.emplace(header_.tensors[i].name, i);
  return {};
}

namespace {

constexpr int64_t kMostParts = 1000;

// "-00002-of-00003.gguf"
std::string part_ending(int64_t number, int64_t count) { return fmt::format("-{:05}-of-{:05}.gguf", number, count); }

}  // namespace

Status Gguf::open_parts() {
  const int64_t count = integer_or("split.count", 1), number = integer_or("split.no", 0) + 1;
  if (count <= 1) return {};
  const std::string what = fmt::format("is part {} of {}", number, count), name = path_.string();
  if (count > kMostParts) return invalid_data(what, name, "the file is damaged; get it again");
  const std::string ending = part_ending(number, count);
  if (!name.ends_with(ending))
    return invalid_data(what + ", and its name does not say where the others are", name,
                        "name them as they were, for example model" + part_ending(1, count));
  const std::string stem = name.substr(0, name.size() - ending.size());
  if (number != 1) return invalid_data(what, name, "give the first, " + stem + part_ending(1, count));
  for (int64_t i = 2; i <= count; ++i) {
    const Path path = stem + part_ending(i, count);
    if (!malmoi::exists(path))
      return not_found(fmt::format("part {} of {} is missing", i, count), path.string(), "put all parts in one folder");
    MALMOI_ASSIGN(Gguf part, open_alone(path));
    if (part.integer_or("split.no", -1) != i - 1 || part.integer_or("split.count", -1) != count)
      return invalid_data(fmt::format("is not part {} of {}", i, count), path.string(), "get it again");
    MALMOI_TRY(add_part(std::move(part)));
  }
  return {};
}

Status Gguf::add_part(Gguf part) {
  const auto number = static_cast<uint32_t>(parts_.size() + 1);
  for (GgufTensor& tensor : part.header_.tensors) {
    header_.tensors.push_back(std::move(tensor));
    header_.tensors.back().part = number;
  }
  tensor_index_.clear();  // its names point into the list, which has moved
  for (size_t i = 0; i < header_.tensors.size(); ++i) {
    const std::string& name = header_.tensors[i].name;
    if (!tensor_index_.emplace(name, i).second)
      return invalid_data("tensor \"" + name + "\" stands in two parts", part.path_.string(), "get them again");
  }
  parts_.push_back(std::move(part));
  return {};
}

const GgufValue* Gguf::find(std::string_view key) const {
  auto it = key_index_.find(key);
  return it == key_index_.end() ? nullptr : &header_.pairs[it->second].second;
}

const GgufTensor* Gguf::tensor(std::string_view name) const {
  auto it = tensor_index_.find(name);
  return it == tensor_index_.end() ? nullptr : &header_.tensors[it->second];
}

namespace {

template <typename T>
Result<T> required(const Path& path, std::string_view key, const GgufValue* value,
                   std::optional<T> (GgufValue::*get)() const, const char* kind) {
  const std::string where = path.string() + ": " + std::string(key);
  if (!value) return invalid_data("the key is missing", where, "use a file that has it");
  std::optional<T> result = (value->*get)();
  if (!result) return invalid_data(std::string("the value is no ") + kind, where, "the file is damaged; get it again");
  return *std::move(result);
}

}  // namespace

Result<std::string_view> Gguf::text(std::string_view key) const {
  return required(path_, key, find(key), &GgufValue::text, "text");
}
Result<int64_t> Gguf::integer(std::string_view key) const {
  return required(path_, key, find(key), &GgufValue::integer, "integer");
}
Result<double> Gguf::number(std::string_view key) const {
  return required(path_, key, find(key), &GgufValue::number, "number");
}
Result<std::vector<std::string_view>> Gguf::texts(std::string_view key) const {
  return required(path_, key, find(key), &GgufValue::texts, "array of texts");
}
std::string_view Gguf::text_or(std::string_view key, std::string_view fallback) const {
  const GgufValue* value = find(key);
  return value ? value->text().value_or(fallback) : fallback;
}
int64_t Gguf::integer_or(std::string_view key, int64_t fallback) const {
  const GgufValue* value = find(key);
  return value ? value->integer().value_or(fallback) : fallback;
}
bool Gguf::boolean_or(std::string_view key, bool fallback) const {
  const GgufValue* value = find(key);
  return value ? value->boolean().value_or(fallback) : fallback;
}

Result<std::span<const std::byte>> Gguf::bytes(const GgufTensor& tensor) const {
  const Gguf& part = tensor.part == 0 ? *this : parts_[tensor.part - 1];
  const std::span<const std::byte> file = part.content_;
  const uint64_t begin = part.header_.data_begin + tensor.offset;
  if (begin > file.size() || tensor.size > file.size() - begin)
    return invalid_data(fmt::format("the file ends before the bytes of tensor \"{}\"", tensor.name),
                        fmt::format("{}: byte {}", part.path_.string(), begin), "the file is cut short; get it again");
  return file.subspan(begin, tensor.size);
}

Status Gguf::check_files() const {
  MALMOI_TRY(file_.check());
  for (const Gguf& part : parts_) MALMOI_TRY(part.check_files());
  return {};
}

Status Gguf::check_data() const {
  std::vector<const GgufTensor*> order;
  for (const GgufTensor& tensor : header_.tensors) {
    if (auto data = bytes(tensor); !data.ok()) return data.error();
    order.push_back(&tensor);
  }
  auto place = [](const GgufTensor* tensor) { return std::pair(tensor->part, tensor->offset); };
  std::ranges::sort(order, {}, place);
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->part == order[i]->part && order[i - 1]->offset + order[i - 1]->size > order[i]->offset)
      return invalid_data(fmt::format("the tensors \"{}\" and \"{}\" overlap", order[i - 1]->name, order[i]->name),
                          path_.string(), "the file is damaged; get it again");
  return {};
}

}  // namespace malmoi::formats
