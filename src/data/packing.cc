#include "data/packing.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace malmoi::data {
namespace {

// Sequences by the room that is left in them; finds the smallest room of at least n in O(log capacity / 6).
class Rooms {
 public:
  explicit Rooms(uint32_t capacity) : stacks_(capacity + 1) {
    for (size_t n = capacity + 1; n > 1 || levels_.empty(); n = (n + 63) / 64) levels_.emplace_back((n + 63) / 64, 0);
  }

  void add(uint32_t room, uint64_t sequence) {
    stacks_[room].push_back(sequence);
    for (size_t level = 0, i = room; level < levels_.size(); ++level, i /= 64)
      levels_[level][i / 64] |= uint64_t{1} << (i % 64);
  }

  // Takes a sequence of the smallest room >= n; false if there is none.
  bool take(uint32_t n, uint32_t& room, uint64_t& sequence) {
    size_t found = next(n);
    if (found >= stacks_.size()) return false;
    room = static_cast<uint32_t>(found);
    sequence = stacks_[found].back();
    stacks_[found].pop_back();
    if (stacks_[found].empty())
      for (size_t level = 0, i = found; level < levels_.size(); ++level, i /= 64) {
        levels_[level][i / 64] &= ~(uint64_t{1} << (i % 64));
        if (levels_[level][i / 64]) break;
      }
    return true;
  }

 private:
  size_t next(size_t n) const {
    size_t i = n;
    for (size_t level = 0; level < levels_.size(); ++level) {
      if (i / 64 < levels_[level].size()) {
        uint64_t word = levels_[level][i / 64] >> (i % 64) << (i % 64);
        if (word) {
          i = i / 64 * 64 + static_cast<size_t>(std::countr_zero(word));
          while (level-- > 0) i = i * 64 + static_cast<size_t>(std::countr_zero(levels_[level][i]));
          return i;
        }
      }
      i = i / 64 + 1;
    }
    return stacks_.size();
  }

  std::vector<std::vector<uint64_t>> stacks_;
  std::vector<std::vector<uint64_t>> levels_;
};

}  // namespace

std::vector<Sequence> pack_best_fit(std::span<const uint64_t> lengths, uint32_t capacity) {
  std::vector<Sequence> sequences;
  std::vector<Piece> rests;
  for (uint64_t d = 0; d < lengths.size(); ++d) {
    uint64_t begin = 0;
    for (; lengths[d] - begin >= capacity; begin += capacity) sequences.push_back({{d, begin, capacity}});
    if (begin < lengths[d]) rests.push_back({d, begin, static_cast<uint32_t>(lengths[d] - begin)});
  }
  std::stable_sort(rests.begin(), rests.end(), [](const Piece& a, const Piece& b) { return a.length > b.length; });
  Rooms rooms(capacity);
  for (const Piece& piece : rests) {
    uint32_t room = capacity;
    uint64_t sequence = sequences.size();
    if (!rooms.take(piece.length, room, sequence)) sequences.emplace_back();
    sequences[sequence].push_back(piece);
    if (room > piece.length) rooms.add(room - piece.length, sequence);
  }
  for (Sequence& sequence : sequences)
    std::sort(sequence.begin(), sequence.end(), [](const Piece& a, const Piece& b) { return a.document < b.document; });
  std::stable_sort(sequences.begin(), sequences.end(), [](const Sequence& a, const Sequence& b) {
    return std::pair{a[0].document, a[0].begin} < std::pair{b[0].document, b[0].begin};
  });
  return sequences;
}

Result<PackStats> write_packed(const TokenFile& tokens, int64_t vocab_size, uint32_t capacity, int32_t pad,
                               const Path& out) {
  if (capacity < 2) return usage_error("a sequence needs two ids at least", "sequence length");
  if (pad < 0 || pad >= vocab_size)
    return usage_error("the padding id " + std::to_string(pad) + " is outside the vocabulary", "--pad");
  std::vector<uint64_t> lengths(tokens.documents());
  PackStats stats;
  for (uint64_t d = 0; d < lengths.size(); ++d) {
    lengths[d] = tokens.document_end(d) - tokens.document_begin(d);
    stats.documents += lengths[d] > 0;
    stats.cut_documents += lengths[d] > capacity;
  }
  std::vector<Sequence> sequences = pack_best_fit(lengths, capacity);
  Path mask_path = out;
  mask_path.replace_extension(".mask");
  MALMOI_ASSIGN(TokenWriter writer, TokenWriter::create(out, vocab_size, {{"packed", capacity}}));
  MALMOI_ASSIGN(AtomicFile mask, AtomicFile::create(mask_path));
  std::vector<int32_t> ids;
  std::string row;
  for (const Sequence& sequence : sequences) {
    row.clear();
    uint32_t filled = 0;
    for (const Piece& piece : sequence) {
      ids.resize(piece.length);
      tokens.copy(tokens.document_begin(piece.document) + piece.begin, ids);
      MALMOI_TRY(writer.add(ids));
      row.append(piece.length - 1, '\1') += '\0';
      filled += piece.length;
    }
    stats.tokens += filled;
    if (filled < capacity) {
      ids.assign(capacity - filled, pad);
      MALMOI_TRY(writer.add(ids));
      row.append(capacity - filled, '\0');
      stats.padding += capacity - filled;
    }
    MALMOI_TRY(mask.write(row));
  }
  stats.sequences = sequences.size();
  MALMOI_TRY(mask.commit());
  MALMOI_TRY(writer.commit());
  return stats;
}

}  // namespace malmoi::data
