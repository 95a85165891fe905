#include "train/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "base/hash.h"
#include "formats/safetensors.h"

namespace malmoi::train {
namespace {

constexpr const char* kTensors = "tensors.safetensors";
constexpr const char* kState = "state.json";
constexpr const char* kTensorsChecksum = "checksum";
constexpr const char* kStateChecksum = "state_checksum";

void sync_folder(const Path& folder) {
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

Status write_tensors(const Path& file, const std::vector<CheckpointTensor>& tensors) {
  std::vector<formats::TensorSpec> specs;
  for (const CheckpointTensor& t : tensors)
    specs.push_back({t.name, formats::ElementType::kF32, {t.values.elements()}});
  return formats::write_safetensors(file, specs, [&](size_t i, const formats::TensorSink& sink) {
    return sink({static_cast<const std::byte*>(tensors[i].values.data()), tensors[i].values.bytes()});
  });
}

// The hash of the hashes of its blocks: read piece by piece, so that a checkpoint's size never stands in memory twice.
Result<std::string> checksum(const Path& file) {
  constexpr size_t kBlock = 4 << 20;
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("cannot open", file.string(), errno);
  std::string block(kBlock, '\0'), hashes;
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(kBlock));
    if (in.gcount() > 0) hashes += to_hex(hash128({block.data(), static_cast<size_t>(in.gcount())}));
  }
  if (in.bad()) return io_error("cannot read", file.string(), errno);
  return to_hex(hash128(hashes));
}

// Of all that a state holds but this: it is written and read back to the same text.
std::string checksum_of(Json state) {
  state.erase(kStateChecksum);
  return to_hex(hash128(dump_json(state)));
}

// The state, if the files are whole.
Result<Json> verify(const Path& folder) {
  MALMOI_ASSIGN(Json state, read_json((folder / kState).string(), 64 << 20));
  if (!state.is_object() || json_string(state, kStateChecksum) != checksum_of(state))
    return invalid_data("the checksum does not hold", (folder / kState).string());
  MALMOI_ASSIGN(std::string sum, checksum(folder / kTensors));
  if (json_string(state, kTensorsChecksum) != sum)
    return invalid_data("the checksum does not hold", (folder / kTensors).string());
  return state;
}

Status restore(const Path& file, const std::vector<CheckpointTensor>& tensors) {
  MALMOI_ASSIGN(formats::Safetensors opened, formats::Safetensors::open(file));
  for (const CheckpointTensor& t : tensors) {
    const formats::TensorView* found = opened.find(t.name);
    if (!found || found->bytes.size() != t.values.bytes())
      return invalid_data("tensor '" + t.name + "' is " + (found ? "of another size" : "missing"), file.string(),
                          "the checkpoint is of another model or optimiser; use another out folder");
    std::memcpy(const_cast<void*>(t.values.data()), found->bytes.data(), found->bytes.size());
  }
  return {};
}

}  // namespace

Path CheckpointStore::path_of(int64_t step) const { return folder_ / fmt::format("step-{:08}", step); }

std::vector<int64_t> CheckpointStore::steps() const {
  std::vector<int64_t> list;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    std::string name = entry.path().filename().string();
    int64_t step = 0;
    if (!name.starts_with("step-")) continue;
    auto [end, failed] = std::from_chars(name.data() + 5, name.data() + name.size(), step);
    if (failed == std::errc() && end == name.data() + name.size()) list.push_back(step);
  }
  std::sort(list.begin(), list.end());
  return list;
}

Status CheckpointStore::save(int64_t step, const std::vector<CheckpointTensor>& tensors, Json state, int64_t keep) {
  namespace fs = std::filesystem;
  Path temporary = folder_ / ".writing", final = path_of(step);
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  auto write = [&]() -> Status {
    MALMOI_TRY(make_folder(temporary));
    MALMOI_TRY(write_tensors(temporary / kTensors, tensors));
    MALMOI_ASSIGN(state[kTensorsChecksum], checksum(temporary / kTensors));
    state[kStateChecksum] = checksum_of(state);
    return write_file(temporary / kState, dump_json(state, 2) + "\n");
  };
  if (Status written = write(); !written.ok()) {
    fs::remove_all(temporary, ignored);
    return written;
  }
  fs::remove_all(final, ignored);  // a bad one of the same step
  if (::rename(temporary.c_str(), final.c_str()) != 0)
    return io_error("cannot rename into place", final.string(), errno);
  sync_folder(folder_);
  std::vector<int64_t> all = steps();
  for (size_t i = 0; i + static_cast<size_t>(keep) < all.size(); ++i) fs::remove_all(path_of(all[i]), ignored);
  return {};
}

std::optional<int64_t> CheckpointStore::put_aside_from(int64_t step) const {
  const std::vector<int64_t> all = steps();
  const auto first = std::lower_bound(all.begin(), all.end(), step);
  if (first == all.begin()) return {};
  std::error_code ignored;
  for (auto it = first; it != all.end(); ++it) {
    const Path from = path_of(*it), to = folder_ / ("aside-" + from.filename().string());
    std::filesystem::remove_all(to, ignored);  // of an earlier attempt
    std::filesystem::rename(from, to, ignored);
  }
  sync_folder(folder_);
  return *std::prev(first);
}

Result<std::optional<Checkpoint>> CheckpointStore::load_newest(
    const std::vector<CheckpointTensor>& tensors, const std::string& fingerprint,
    const std::function<void(const std::string&)>& warn, const std::function<Status(const Json& state)>& check) const {
  std::vector<int64_t> all = steps();
  std::string damage;
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    if (!damage.empty()) warn(damage + "; the checkpoint before it is used");
    Path folder = path_of(*it);
    auto state = verify(folder);
    if (!state.ok()) {
      damage = state.error().to_string();
      continue;
    }
    if (json_string(*state, "model") != fingerprint)
      return invalid_data("is a checkpoint of another model", folder.string(),
                          "use the configuration it was made with, or another out folder");
    if (check) MALMOI_TRY(check(*state));
    MALMOI_TRY(restore(folder / kTensors, tensors));
    return std::optional<Checkpoint>({*std::move(state), (folder / kState).string()});
  }
  if (damage.empty()) return std::optional<Checkpoint>();
  // To begin again would write over the metrics and the best model of what was learned: only who removes the folder asks so.
  return invalid_data(fmt::format("none of the {} checkpoints can be used; {}", all.size(), damage), folder_.string(),
                      "bring one back from a copy, or remove this folder to begin again");
}

}  // namespace malmoi::train
