#include "tokenizer/vocabulary.h"

#include <bit>

#include "base/hash.h"

namespace malmoi::tokenizer {

void Vocabulary::reserve(size_t pieces, size_t bytes) {
  entries_.reserve(pieces);
  entry_of_id_.reserve(pieces);
  bytes_.reserve(bytes);
  size_t slots = std::bit_ceil(pieces * 2 + 16);
  if (slots > table_.size()) {
    table_.assign(slots, kNone);
    grow_table();
  }
}

void Vocabulary::grow_table() {
  if (entries_.size() * 2 + 16 > table_.size()) table_.resize(std::bit_ceil(entries_.size() * 4 + 32));
  table_.assign(table_.size(), kNone);
  size_t mask = table_.size() - 1;
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & mask;
    while (table_[slot] != kNone) slot = (slot + 1) & mask;
    table_[slot] = i;
  }
}

void Vocabulary::add(std::string_view piece, int32_t id) {
  if (entries_.size() * 2 + 16 > table_.size()) grow_table();
  auto hash = static_cast<uint32_t>(hash64(piece));
  size_t mask = table_.size() - 1;
  size_t slot = hash & mask;
  uint32_t entry = kNone;
  for (; table_[slot] != kNone; slot = (slot + 1) & mask) {
    const Entry& other = entries_[table_[slot]];
    if (other.hash == hash && text_of(other) == piece) {
      entry = table_[slot];
      break;
    }
  }
  if (entry == kNone) {
    entry = static_cast<uint32_t>(entries_.size());
    entries_.push_back({hash, static_cast<uint32_t>(piece.size()), bytes_.size(), id});
    bytes_ += piece;
    table_[slot] = entry;
  }
  entries_[entry].id = id;
  if (static_cast<size_t>(id) >= entry_of_id_.size()) entry_of_id_.resize(static_cast<size_t>(id) + 1, kNone);
  entry_of_id_[static_cast<size_t>(id)] = entry;
}

int32_t Vocabulary::find_id(std::string_view piece) const {
  if (table_.empty()) return -1;
  auto hash = static_cast<uint32_t>(hash64(piece));
  size_t mask = table_.size() - 1;
  for (size_t slot = hash & mask; table_[slot] != kNone; slot = (slot + 1) & mask) {
    const Entry& entry = entries_[table_[slot]];
    if (entry.hash == hash && text_of(entry) == piece) return entry.id;
  }
  return -1;
}

std::string_view Vocabulary::spelling(int32_t id) const {
  return has(id) ? text_of(entries_[entry_of_id_[static_cast<size_t>(id)]]) : std::string_view();
}

}  // namespace malmoi::tokenizer
