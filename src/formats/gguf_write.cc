// Writing GGUF files.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "formats/gguf.h"

namespace malmoi::formats {
namespace {

template <typename T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_string(std::string& out, std::string_view text) {
  put<uint64_t>(out, text.size());
  out += text;
}

template <typename T>
std::string array_of(GgufType type, std::span<const T> values) {
  std::string out;
  put(out, static_cast<uint32_t>(type));
  put<uint64_t>(out, values.size());
  for (const T& value : values) put(out, value);
  return out;
}

template <typename T>
std::string bytes_of(T value) {
  std::string out;
  put(out, value);
  return out;
}

std::string padding(uint64_t size) {
  return std::string((kGgufAlignment - size % kGgufAlignment) % kGgufAlignment, '\0');
}

Result<uint64_t> tensor_bytes(const GgufTensorSpec& spec) {
  const std::string where = "tensor " + spec.name;
  if (!spec.type) return internal_error("a tensor to be written has no type", where);
  uint64_t elements = 1;
  for (uint64_t dim : spec.dims) {
    if (dim && elements > static_cast<uint64_t>(INT64_MAX) / 8 / dim)
      return invalid_data("the shape is too large", where, "");
    elements *= dim;
  }
  if ((spec.dims.empty() ? 1 : spec.dims[0]) % spec.type->block_elements)
    return invalid_data(fmt::format("rows of {} elements are not whole blocks of {}",
                                    spec.dims.empty() ? 1 : spec.dims[0], spec.type->block_elements),
                        where, fmt::format("keep this tensor in another type than {}", spec.type->name));
  return elements / spec.type->block_elements * spec.type->block_bytes;
}

// Writes one tensor from its source and checks how much came.
Status write_tensor(AtomicFile& file, const std::string& name, uint64_t size, size_t index,
                    const GgufTensorSource& source) {
  uint64_t written = 0;
  MALMOI_TRY(source(index, [&](std::span<const std::byte> bytes) -> Status {
    written += bytes.size();
    if (written > size) return internal_error("more bytes than the shape holds", "tensor " + name);
    return file.write(bytes.data(), bytes.size());
  }));
  if (written != size) return internal_error("fewer bytes than the shape holds", "tensor " + name);
  return file.write(padding(size));
}

}  // namespace

void GgufMetadata::put(std::string_view key, GgufType type, std::string payload) {
  std::string value;
  formats::put(value, static_cast<uint32_t>(type));
  value += payload;
  auto it = std::find_if(pairs_.begin(), pairs_.end(), [&](const auto& pair) { return pair.first == key; });
  if (it == pairs_.end()) {
    pairs_.emplace_back(key, std::move(value));
  } else {
    it->second = std::move(value);
  }
}

void GgufMetadata::set_text(std::string_view key, std::string_view value) {
  std::string payload;
  put_string(payload, value);
  put(key, GgufType::kString, std::move(payload));
}
void GgufMetadata::set_bool(std::string_view key, bool value) {
  put(key, GgufType::kBool, std::string(1, value ? 1 : 0));
}
void GgufMetadata::set_u32(std::string_view key, uint32_t value) { put(key, GgufType::kU32, bytes_of(value)); }
void GgufMetadata::set_i32(std::string_view key, int32_t value) { put(key, GgufType::kI32, bytes_of(value)); }
void GgufMetadata::set_u64(std::string_view key, uint64_t value) { put(key, GgufType::kU64, bytes_of(value)); }
void GgufMetadata::set_f32(std::string_view key, float value) { put(key, GgufType::kF32, bytes_of(value)); }
void GgufMetadata::set_texts(std::string_view key, std::span<const std::string> values) {
  std::string payload;
  formats::put(payload, static_cast<uint32_t>(GgufType::kString));
  formats::put<uint64_t>(payload, values.size());
  for (const std::string& value : values) put_string(payload, value);
  put(key, GgufType::kArray, std::move(payload));
}
void GgufMetadata::set_i32s(std::string_view key, std::span<const int32_t> values) {
  put(key, GgufType::kArray, array_of(GgufType::kI32, values));
}
void GgufMetadata::set_bools(std::string_view key, const std::vector<bool>& values) {
  const std::string bytes(values.begin(), values.end());
  put(key, GgufType::kArray, array_of(GgufType::kBool, std::span<const char>(bytes)));
}
void GgufMetadata::set_f32s(std::string_view key, std::span<const float> values) {
  put(key, GgufType::kArray, array_of(GgufType::kF32, values));
}
void GgufMetadata::set_bytes(std::string_view key, std::string_view values) {
  put(key, GgufType::kArray, array_of(GgufType::kU8, std::span<const char>(values)));
}
void GgufMetadata::set(std::string_view key, const GgufValue& value) {
  std::string payload;
  if (value.type() == GgufType::kArray) {
    formats::put(payload, static_cast<uint32_t>(value.element_type()));
    formats::put<uint64_t>(payload, value.count());
    payload += value.bytes();
  } else if (value.type() == GgufType::kString) {
    put_string(payload, value.bytes());
  } else {
    payload = value.bytes();
  }
  put(key, value.type(), std::move(payload));
}

std::string GgufMetadata::serialized() const {
  std::string out;
  for (const auto& [key, value] : pairs_) {
    put_string(out, key);
    out += value;
  }
  return out;
}

Result<std::string> gguf_header(const GgufMetadata& metadata, std::span<const GgufTensorSpec> specs) {
  std::string header = "GGUF";
  put<uint32_t>(header, 3);
  put<uint64_t>(header, specs.size());
  put<uint64_t>(header, metadata.size());
  header += metadata.serialized();
  uint64_t offset = 0;
  for (const GgufTensorSpec& spec : specs) {
    MALMOI_ASSIGN(uint64_t size, tensor_bytes(spec));
    put_string(header, spec.name);
    put(header, static_cast<uint32_t>(spec.dims.size()));
    for (uint64_t dim : spec.dims) put(header, dim);
    put(header, spec.type->id);
    put(header, offset);
    offset += size + padding(size).size();
  }
  return header + padding(header.size());
}

Status write_gguf(const Path& path, const GgufMetadata& metadata, std::span<const GgufTensorSpec> specs,
                  const GgufTensorSource& source) {
  MALMOI_ASSIGN(const std::string header, gguf_header(metadata, specs));
  MALMOI_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MALMOI_TRY(file.write(header));
  for (size_t i = 0; i < specs.size(); ++i) {
    MALMOI_ASSIGN(uint64_t size, tensor_bytes(specs[i]));
    MALMOI_TRY(write_tensor(file, specs[i].name, size, i, source));
  }
  return file.commit();
}

}  // namespace malmoi::formats
