#include "train/token_data.h"

#include <algorithm>

#include "base/rng.h"

namespace malmoi::train {

Result<TokenData> TokenData::open(std::vector<data::TokenFile> files, const std::vector<Path>& masks,
                                  const TokenDataOptions& options) {
  TokenData data;
  data.files_ = std::move(files);
  data.options_ = options;
  for (const data::TokenFile& file : data.files_) {
    data.starts_.push_back(data.total_);
    data.total_ += file.size();
  }
  data.starts_.push_back(data.total_);
  for (size_t i = 0; i < masks.size(); ++i) {
    MALMOI_ASSIGN(MappedFile mask, MappedFile::open(masks[i]));
    uint64_t ids = data.files_[i].size();
    if (mask.size() != ids && mask.size() + 1 != ids)
      return invalid_data("has " + std::to_string(mask.size()) + " bytes for " + std::to_string(ids) + " ids",
                          masks[i].string(), "write one u8 for each position");
    data.masks_.push_back(std::move(mask));
  }
  auto counts = [](const MappedFile& mask) {
    return std::any_of(mask.bytes().begin(), mask.bytes().end(), [](std::byte b) { return b != std::byte{0}; });
  };
  if (!masks.empty() && std::none_of(data.masks_.begin(), data.masks_.end(), counts))
    return invalid_data("none of its positions counts", masks[0].string(), "write 1 where the next token is learned");
  auto length = static_cast<uint64_t>(options.sequence_length);
  if (data.total_ < 2)
    return invalid_data("the training data has fewer than two tokens", "data.train", "add documents");
  if (data.total_ - 1 < length && !options.to_the_end)
    return invalid_data("the training data has " + std::to_string(data.total_) + " tokens, less than one sequence of " +
                            std::to_string(length),
                        "data.sequence_length", "add documents or shorten the sequence");
  if (options.streams > 0) {
    const auto streams = static_cast<uint64_t>(options.streams);
    data.windows_ = (data.total_ - 1) / (streams * length) * streams;
    if (data.windows_ == 0)
      return invalid_data("the training data has " + std::to_string(data.total_) + " tokens, less than a step of " +
                              std::to_string(streams) + " streams of " + std::to_string(length) + " and a target",
                          "data.sequence_length", "add documents, or take fewer or shorter sequences a step");
    return data;
  }
  data.jitter_ = options.shuffled && !options.same_windows && length > 1 && data.total_ >= 3 * length;
  if (options.to_the_end) data.windows_ = (data.total_ - 1 + length - 1) / length;
  else data.windows_ = data.jitter_ ? (data.total_ - length) / length : (data.total_ - 1) / length;
  return data;
}

void TokenData::copy(uint64_t begin, std::span<int32_t> out) const {
  size_t file = static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end(), begin) - starts_.begin()) - 1;
  while (!out.empty()) {
    uint64_t inside = begin - starts_[file];
    auto n = static_cast<size_t>(std::min<uint64_t>(out.size(), files_[file].size() - inside));
    files_[file].copy(inside, out.first(n));
    out = out.subspan(n);
    begin += n;
    ++file;
  }
}

bool TokenData::counts(uint64_t position) const {
  if (masks_.empty()) return true;
  size_t file = static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end(), position) - starts_.begin()) - 1;
  uint64_t inside = position - starts_[file];
  return inside < masks_[file].size() && masks_[file].bytes()[inside] != std::byte{0};
}

void TokenData::document_ends(uint64_t begin, int64_t length, std::vector<int64_t>& out) const {
  const uint64_t stop = begin + static_cast<uint64_t>(length);
  for (size_t f = 0; f < files_.size() && starts_[f] < stop; ++f) {
    const data::TokenFile& file = files_[f];
    if (!file.has_document_ends() || starts_[f + 1] <= begin) continue;
    uint64_t previous = begin;
    for (uint64_t d = file.document_of(std::max(begin, starts_[f]) - starts_[f]); d < file.documents(); ++d) {
      uint64_t end = starts_[f] + file.document_end(d);
      if (end >= stop) break;
      if (end > previous) out.push_back(static_cast<int64_t>(end - begin));
      previous = end;
    }
  }
}

uint64_t TokenData::row_of(uint64_t n) const {
  const uint64_t epoch = n / windows_, at = n % windows_;
  const uint64_t window = options_.shuffled ? permute(at, windows_, options_.seed, epoch) : at;
  if (options_.streams == 0) return window;
  const auto streams = static_cast<uint64_t>(options_.streams);
  return window % streams * (windows_ / streams) + window / streams;
}

void TokenData::append(uint64_t n, Examples& out) const {
  const uint64_t epoch = n / windows_;
  auto length = static_cast<uint64_t>(options_.sequence_length);
  const uint64_t offset = jitter_ && epoch > 0 ? 1 + Rng(options_.seed, epoch).below(length - 1) : 0;
  const uint64_t begin = offset + row_of(n) * length;
  append_range(begin, static_cast<int64_t>(std::min(length, total_ - 1 - begin)), out);
}

void TokenData::append_range(uint64_t begin, int64_t length, Examples& out) const {
  static thread_local std::vector<int32_t> ids;
  ids.resize(static_cast<size_t>(length + 1));
  copy(begin, ids);
  static thread_local std::vector<int64_t> ends;
  ends.clear();
  if (options_.split_documents) document_ends(begin, length, ends);
  ends.push_back(length);
  int64_t run = 0;
  for (int64_t end : ends) {
    out.input.add({ids.data() + run, static_cast<size_t>(end - run)});
    run = end;
  }
  for (int64_t i = 0; i < length; ++i) {
    out.targets.push_back(counts(begin + static_cast<uint64_t>(i)) ? ids[static_cast<size_t>(i + 1)] : -1);
  }
}

}  // namespace malmoi::train
