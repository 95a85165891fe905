#include "formats/tensor_list.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "base/json.h"

namespace malmoi::formats {
namespace {

constexpr uint64_t kMaxIndex = 100'000'000;  // bytes; the largest published models need a few million

using OpenFile = std::function<Status(const Path& file)>;
using Shards = std::map<std::string, std::vector<std::string>>;  // file: its tensors

Result<Shards> read_index(const Path& path) {
  std::string where = path.string();
  MALMOI_ASSIGN(Json index, read_json(where, kMaxIndex));
  auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (!index.is_object() || map == index.end() || !map->is_object() || map->empty())
    return invalid_data("no weight_map of tensors to files", where);
  Shards shards;
  for (const auto& [name, file] : map->items()) {
    if (!file.is_string()) return invalid_data("weight_map of '" + name + "' is no file name", where);
    shards[file.get<std::string>()].push_back(name);
  }
  return shards;
}

Status open_shards(const Path& index, const TensorList& tensors, const OpenFile& open) {
  MALMOI_ASSIGN(Shards shards, read_index(index));
  for (const auto& [file, names] : shards) {
    // A shard stands beside its index; a path would let an index open any file.
    if (file.empty() || file.find('/') != std::string::npos || file == "..")
      return invalid_data("weight_map names '" + file + "', which is no file of the folder", index.string());
    size_t first = tensors.all().size();
    MALMOI_TRY(open(index.parent_path() / file));
    std::unordered_set<std::string_view> present;
    for (const StoredTensor& tensor : tensors.all().subspan(first)) present.insert(tensor.name);
    for (const std::string& name : names) {
      if (!present.contains(name))
        return invalid_data("tensor '" + name + "' is not in " + file + ", where the index puts it", index.string());
    }
  }
  return {};
}

}  // namespace

Status TensorList::sort(const Path& path) {
  std::sort(tensors_.begin(), tensors_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  auto twice = std::adjacent_find(tensors_.begin(), tensors_.end(),
                                  [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != tensors_.end()) return invalid_data("tensor '" + twice->name + "' stands twice", path.string());
  return {};
}

const StoredTensor* TensorList::find(std::string_view name) const {
  auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                             [](const StoredTensor& tensor, std::string_view wanted) { return tensor.name < wanted; });
  return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

Result<WeightFiles> find_weight_files(const Path& folder, std::string_view name) {
  std::error_code ignored;
  Path file = folder / name, index = folder / (std::string(name) + ".index.json");
  if (std::filesystem::exists(file, ignored)) return WeightFiles{file, false};
  if (std::filesystem::exists(index, ignored)) return WeightFiles{index, true};
  return not_found("no " + file.filename().string() + " and no " + index.filename().string(), folder.string(),
                   "give the folder of a model");
}

Result<Path> open_weight_files(const Path& folder, std::string_view name, TensorList& tensors, const OpenFile& open) {
  MALMOI_ASSIGN(WeightFiles files, find_weight_files(folder, name));
  MALMOI_TRY(files.is_index ? open_shards(files.path, tensors, open) : open(files.path));
  MALMOI_TRY(tensors.sort(files.path));
  return files.path;
}

}  // namespace malmoi::formats
