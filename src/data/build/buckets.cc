#include "data/build/buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace malmoi::data {

Path Buckets::path(uint64_t shard) const { return folder_ / fmt::format("bucket-{:05}", shard); }

Status Buckets::add(uint64_t shard, uint64_t position, std::string_view line) {
  uint64_t head[2] = {position, line.size()};
  buffers_[shard].append(reinterpret_cast<const char*>(head), sizeof head).append(line);
  held_ += sizeof head + line.size();
  return held_ > memory_ ? flush() : Status{};
}

Status Buckets::flush() {
  for (size_t i = 0; i < buffers_.size(); ++i) {
    if (buffers_[i].empty()) continue;
    std::FILE* file = std::fopen(path(i).c_str(), written_ > 0 && malmoi::exists(path(i)) ? "ab" : "wb");
    if (!file) return io_error("cannot create", path(i).string(), errno);
    bool whole = std::fwrite(buffers_[i].data(), 1, buffers_[i].size(), file) == buffers_[i].size();
    whole = std::fclose(file) == 0 && whole;
    if (!whole) return io_error("cannot write", path(i).string(), errno);
    std::string().swap(buffers_[i]);
  }
  held_ = 0;
  ++written_;
  return {};
}

Result<std::vector<std::string_view>> Buckets::load(uint64_t shard, std::string& bytes) const {
  bytes.clear();
  if (malmoi::exists(path(shard))) {
    MALMOI_ASSIGN(bytes, read_file(path(shard)));
  }
  std::vector<std::pair<uint64_t, std::string_view>> entries;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t head[2];
    if (bytes.size() - at < sizeof head) return internal_error("a torn bucket", path(shard).string());
    std::memcpy(head, bytes.data() + at, sizeof head);
    at += sizeof head;
    if (bytes.size() - at < head[1]) return internal_error("a torn bucket", path(shard).string());
    entries.emplace_back(head[0], std::string_view(bytes).substr(at, head[1]));
    at += head[1];
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string_view> lines;
  for (const auto& [position, line] : entries) lines.push_back(line);
  return lines;
}

void Buckets::remove(uint64_t shard) const {
  std::error_code ignored;
  std::filesystem::remove(path(shard), ignored);
}

}  // namespace malmoi::data
