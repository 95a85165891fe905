#include "data/crawl/frontier.h"

#include <algorithm>

#include "base/json.h"

namespace malmoi::data {
namespace {

std::string pack(const Task& task) {
  return dump_json(Json{task.url.str(), task.depth, static_cast<int>(task.purpose), task.attempts, task.etag,
                        task.modified}) +
         "\n";
}

Result<Task> unpack(std::string_view line) {
  MALMOI_ASSIGN(Json fields, parse_json(line, "the tasks that wait"));
  auto url = net::parse_url(fields.at(0).get<std::string>());
  if (!url) return internal_error("a task without a URL", "the tasks that wait");
  return Task{*url,
              fields.at(1).get<int>(),
              static_cast<Purpose>(fields.at(2).get<int>()),
              fields.at(3).get<int>(),
              fields.at(4).get<std::string>(),
              fields.at(5).get<std::string>()};
}

}  // namespace

Status TaskQueue::push(Task task) {
  if (stored_ == 0 && front_.size() < held_) {
    front_.push_back(std::move(task));
    return {};
  }
  if (!file_) {
    MALMOI_ASSIGN(file_, ScratchFile::create(*folder_, name_));
    read_ = 0;
  }
  std::string line = pack(task);
  ++stored_;
  return file_->append(line.data(), line.size());
}

Result<Task> TaskQueue::pop() {
  Task task = std::move(front_.front());
  front_.pop_front();
  if (front_.empty() && stored_ > 0) MALMOI_TRY(refill());
  return task;
}

// Takes the next tasks out of the file; the file goes with its last.
Status TaskQueue::refill() {
  constexpr uint64_t kChunk = 1 << 16;
  MALMOI_TRY(file_->flush());
  std::string bytes;
  size_t at = 0;
  while (stored_ > 0 && front_.size() < held_) {
    size_t end = bytes.find('\n', at);
    if (end == std::string::npos) {
      if (!front_.empty()) break;  // what was read is enough for now
      uint64_t held = bytes.size(), more = std::min(kChunk, file_->size() - read_ - held);
      if (more == 0) return internal_error("fewer tasks wait than were stored", name_);
      bytes.resize(held + more);
      MALMOI_TRY(file_->read(read_ + held, bytes.data() + held, more));
      continue;
    }
    MALMOI_ASSIGN(Task task, unpack(std::string_view(bytes).substr(at, end - at)));
    front_.push_back(std::move(task));
    --stored_;
    at = end + 1;
  }
  read_ += at;
  if (stored_ == 0) file_.reset();
  return {};
}

Result<bool> UrlSet::insert(const std::string& url) {
  Hash128 hash = hash128(url);
  if (fresh_.contains(hash)) return false;
  MALMOI_ASSIGN(bool known, is_sorted_in(hash));
  if (known) return false;
  fresh_.insert(hash);
  if (fresh_.size() >= held_) MALMOI_TRY(merge());
  return true;
}

Result<bool> UrlSet::is_sorted_in(const Hash128& hash) const {
  uint64_t low = 0, high = sorted_;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    Hash128 there;
    MALMOI_TRY(file_->read(middle * sizeof there, &there, sizeof there));
    if (there == hash) return true;
    if (there < hash) low = middle + 1;
    else high = middle;
  }
  return false;
}

Status UrlSet::merge() {
  std::vector<Hash128> fresh(fresh_.begin(), fresh_.end());
  fresh_.clear();
  std::sort(fresh.begin(), fresh.end());
  MALMOI_ASSIGN(ScratchFile merged, ScratchFile::create(*folder_, "urls"));
  std::vector<Hash128> block;
  size_t at = 0;
  constexpr uint64_t kBlock = 1 << 12;
  for (uint64_t done = 0; done < sorted_; done += block.size()) {
    block.resize(std::min(kBlock, sorted_ - done));
    MALMOI_TRY(file_->read(done * sizeof(Hash128), block.data(), block.size() * sizeof(Hash128)));
    for (const Hash128& old : block) {
      for (; at < fresh.size() && fresh[at] < old; ++at) MALMOI_TRY(merged.append(&fresh[at], sizeof(Hash128)));
      MALMOI_TRY(merged.append(&old, sizeof old));
    }
  }
  MALMOI_TRY(merged.append(fresh.data() + at, (fresh.size() - at) * sizeof(Hash128)));
  MALMOI_TRY(merged.flush());
  sorted_ += fresh.size();
  file_ = std::move(merged);
  return {};
}

}  // namespace malmoi::data
