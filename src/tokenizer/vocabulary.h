// Pieces and their ids, both ways: one block of text, two flat tables, no allocation a piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::tokenizer {

/// A set of (piece, id). Ids need not be dense; a piece given twice keeps the later id, an id given twice keeps the
/// later piece for `spelling`. Reading is thread-safe.
class Vocabulary {
 public:
  /// Room for `pieces` pieces of `bytes` bytes in all.
  void reserve(size_t pieces, size_t bytes);
  /// Ids must be in [0, kMaxId].
  void add(std::string_view piece, int32_t id);

  std::optional<int32_t> find(std::string_view piece) const {
    int32_t id = find_id(piece);
    return id < 0 ? std::nullopt : std::optional<int32_t>(id);
  }
  /// The id, or -1.
  int32_t find_id(std::string_view piece) const;
  bool has(int32_t id) const {
    return static_cast<uint32_t>(id) < entry_of_id_.size() && entry_of_id_[static_cast<size_t>(id)] != kNone;
  }
  /// The piece of an id; empty where there is none.
  std::string_view spelling(int32_t id) const;
  /// The number of different pieces.
  size_t size() const { return entries_.size(); }
  /// One more than the largest id.
  int32_t id_limit() const { return static_cast<int32_t>(entry_of_id_.size()); }

  static constexpr int32_t kMaxId = (1 << 28) - 1;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Entry {
    uint32_t hash;
    uint32_t length;
    size_t offset;
    int32_t id;
  };
  std::string_view text_of(const Entry& entry) const { return {bytes_.data() + entry.offset, entry.length}; }
  void grow_table();

  std::string bytes_;
  std::vector<Entry> entries_;
  struct Slot {
    uint32_t hash = 0, entry = kNone;
  };
  std::vector<Slot> table_;  // open addressing
  std::vector<uint32_t> entry_of_id_;
  std::vector<bool> lengths_;  // of the pieces: a text of another length is not hashed, be it a megabyte
};

}  // namespace malmoi::tokenizer
