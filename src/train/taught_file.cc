// The file of draws: a block of words for each row, an index of the blocks, and a footer that says what they are.
//
// A block: positions; for each, entries, the bits of `known`, and for each entry the id above its draws in ten bits.
#include <bit>

#include "train/sampled_teacher.h"
#include "train/taught_words.h"

namespace malmoi::train {

Result<TaughtFile> TaughtFile::open(const Path& path, uint64_t rows, int64_t samples, int64_t vocab_size) {
  TaughtFile taught;
  MALMOI_ASSIGN(taught.file_, MappedFile::open(path));
  if (!taught.is_whole(rows, samples, vocab_size))
    return invalid_data("is no whole file of what a teacher said of these rows", path.string(),
                        "remove it: the teacher is asked again");
  taught.samples_ = static_cast<float>(samples);
  return taught;
}

uint64_t TaughtFile::row_begin(uint64_t row) const {
  return joined(index_[kTaughtIndex * row], index_[kTaughtIndex * row + 1]);
}

std::span<const uint32_t> TaughtFile::block_of(uint64_t row) const {
  const uint64_t begin = row_begin(row), size = words_.size();
  if (begin >= size) return {};
  uint64_t end = begin + 1;
  for (uint32_t left = words_[begin]; left > 0; --left) {
    if (size - end < 2 || words_[end] > size - end - 2) return {};
    end += 2 + words_[end];
  }
  return words_.subspan(begin, end - begin);
}

bool TaughtFile::is_whole(uint64_t rows, int64_t samples, int64_t vocab_size) {
  const std::span<const std::byte> bytes = file_.bytes();
  const size_t count = bytes.size() / sizeof(uint32_t);
  if (bytes.size() % sizeof(uint32_t) != 0 || count < kTaughtFooter) return false;
  words_ = {reinterpret_cast<const uint32_t*>(bytes.data()), count};
  const std::span<const uint32_t> footer = words_.last(kTaughtFooter);
  const uint64_t index = joined(footer[6], footer[7]), indexed = count - kTaughtFooter;
  const bool ours = footer[0] == kTaughtMagic && footer[1] == kTaughtVersion && joined(footer[2], footer[3]) == rows &&
                    footer[4] == static_cast<uint32_t>(samples) && footer[5] == static_cast<uint32_t>(vocab_size);
  if (!ours || rows > count || index > indexed || indexed - index != kTaughtIndex * rows) return false;
  index_ = words_.subspan(index, indexed - index);
  words_ = words_.first(index);
  for (uint64_t row = 0; row < rows; ++row) {
    const std::span<const uint32_t> block = block_of(row);
    if (block.empty() || hash_of_block(block) != index_[kTaughtIndex * row + 2]) return false;
  }
  return true;
}

void TaughtFile::append(uint64_t row, TaughtTokens& out) const {
  uint64_t at = row_begin(row);
  for (uint32_t left = words_[at++]; left > 0; --left) {
    const uint32_t entries = words_[at];
    out.known.push_back(std::bit_cast<float>(words_[at + 1]));
    at += 2;
    for (const uint32_t word : words_.subspan(at, entries)) {
      out.ids.push_back(static_cast<int32_t>(word >> kCountBits));
      out.shares.push_back(static_cast<float>(word & kCountMask) / samples_);
    }
    at += entries;
    out.starts.push_back(static_cast<int64_t>(out.ids.size()));
  }
}

}  // namespace malmoi::train
