// Writing safetensors: one file, or shards with an index.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/json.h"
#include "formats/safetensors.h"

namespace malmoi::formats {
namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

Result<std::vector<uint64_t>> sizes_of(std::span<const TensorSpec> specs, const std::string& where) {
  std::vector<uint64_t> sizes;
  std::set<std::string_view> names;
  for (const TensorSpec& spec : specs) {
    std::optional<uint64_t> bytes = byte_count(spec.type, spec.shape);
    if (!bytes)
      return invalid_data("tensor '" + spec.name + "': shape " + shape_text(spec.shape) + " is too large", where);
    if (spec.name == "__metadata__" || !names.insert(spec.name).second)
      return invalid_data("tensor name '" + spec.name + "' cannot be used or stands twice", where);
    sizes.push_back(*bytes);
  }
  return sizes;
}

// The header, written by hand as a line: a tree of a large model's names costs quadratic time in an ordered object.
std::string header_text(std::span<const TensorSpec> specs, std::span<const size_t> order,
                        std::span<const uint64_t> sizes, const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  if (!metadata.empty()) text += "\"__metadata__\":" + dump_json(Json(metadata));
  uint64_t at = 0;
  for (size_t i : order) {
    if (text.size() > 1) text += ",";
    text +=
        fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", dump_json(Json(specs[i].name)),
                    element_name(specs[i].type), fmt::join(specs[i].shape, ","), at, at + sizes[i]);
    at += sizes[i];
  }
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

Status write_file_of(const Path& path, std::span<const TensorSpec> specs, std::span<const uint64_t> sizes,
                     std::vector<size_t> chosen, const TensorSource& source, const SafetensorsOptions& options) {
  std::stable_sort(chosen.begin(), chosen.end(),
                   [&](size_t a, size_t b) { return element_size(specs[a].type) > element_size(specs[b].type); });
  std::string header = header_text(specs, chosen, sizes, options.metadata);
  uint64_t length = header.size();
  MALMOI_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MALMOI_TRY(file.write(&length, 8));
  MALMOI_TRY(file.write(header));
  for (size_t i : chosen) {
    uint64_t left = sizes[i];
    MALMOI_TRY(source(i, [&](std::span<const std::byte> bytes) -> Status {
      if (bytes.size() > left) return internal_error("tensor '" + specs[i].name + "' has more bytes than its shape");
      left -= bytes.size();
      return file.write(bytes.data(), bytes.size());
    }));
    if (left != 0)
      return internal_error("tensor '" + specs[i].name + "' has fewer bytes than its shape", path.string());
  }
  return file.commit();
}

// Weight files in the folder that are not of the model just written.
void remove_stale(const Path& folder, const std::set<std::string>& kept) {
  std::error_code error;
  std::vector<Path> stale;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    bool shard = name.starts_with("model-") && name.ends_with(".safetensors");
    if ((shard || name == kSingle || name == kIndex) && !kept.contains(name)) stale.push_back(it->path());
  }
  for (const Path& path : stale) std::filesystem::remove(path, error);
}

}  // namespace

Status write_safetensors(const Path& file, std::span<const TensorSpec> specs, const TensorSource& source,
                         const SafetensorsOptions& options) {
  MALMOI_ASSIGN(std::vector<uint64_t> sizes, sizes_of(specs, file.string()));
  std::vector<size_t> all(specs.size());
  std::iota(all.begin(), all.end(), size_t{0});
  return write_file_of(file, specs, sizes, std::move(all), source, options);
}

Status write_safetensors_folder(const Path& folder, std::span<const TensorSpec> specs, const TensorSource& source,
                                const SafetensorsOptions& options) {
  MALMOI_TRY(make_folder(folder));
  MALMOI_ASSIGN(std::vector<uint64_t> sizes, sizes_of(specs, folder.string()));
  std::vector<std::vector<size_t>> shards(1);
  uint64_t used = 0, total = 0;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (!shards.back().empty() && used + sizes[i] > options.max_shard_bytes) {
      shards.emplace_back();
      used = 0;
    }
    shards.back().push_back(i);
    used += sizes[i];
    total += sizes[i];
  }
  if (shards.size() == 1) {
    MALMOI_TRY(write_file_of(folder / kSingle, specs, sizes, shards[0], source, options));
    remove_stale(folder, {kSingle});
    return {};
  }
  std::set<std::string> kept = {kIndex};
  std::map<std::string, std::string> weight_map;
  for (size_t s = 0; s < shards.size(); ++s) {
    std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, shards.size());
    for (size_t i : shards[s]) weight_map[specs[i].name] = name;
    MALMOI_TRY(write_file_of(folder / name, specs, sizes, shards[s], source, options));
    kept.insert(name);
  }
  nlohmann::json index = {{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
  MALMOI_TRY(write_file(folder / kIndex, index.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
  remove_stale(folder, kept);
  return {};
}

}  // namespace malmoi::formats
