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
    table_.assign(slots, Slot{});
    grow_table();
  }
}

void Vocabulary::grow_table() {
  if (entries_.size() * 2 + 16 > table_.size()) table_.resize(std::bit_ceil(entries_.size() * 4 + 32));
  table_.assign(table_.size(), Slot{});
  size_t mask = table_.size() - 1;
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & mask;
    while (table_[slot].entry != kNone) slot = (slot + 1) & mask;
    table_[slot] = {entries_[i].hash, i};
  }
}

void Vocabulary::add(std::string_view piece, int32_t id) {
  if (entries_.size() * 2 + 16 > table_.size()) grow_table();
  auto hash = static_cast<uint32_t>(hash64(piece));
  size_t mask = table_.size() - 1;
  size_t slot = hash & mask;
  uint32_t entry = kNone;
  for (; table_[slot].entry != kNone; slot = (slot + 1) & mask) {
    if (table_[slot].hash == hash && text_of(entries_[table_[slot].entry]) == piece) {
      entry = table_[slot].entry;
      break;
    }
  }
  if (entry == kNone) {
    entry = static_cast<uint32_t>(entries_.size());
    entries_.push_back({hash, static_cast<uint32_t>(piece.size()), bytes_.size(), id});
    bytes_ += piece;
    if (piece.size() >= lengths_.size()) lengths_.resize(piece.size() + 1);
    lengths_[piece.size()] = true;
    table_[slot] = {hash, entry};
  }
  entries_[entry].id = id;
  if (static_cast<size_t>(id) >= entry_of_id_.size()) entry_of_id_.resize(static_cast<size_t>(id) + 1, kNone);
  entry_of_id_[static_cast<size_t>(id)] = entry;
}

int32_t Vocabulary::find_id(std::string_view piece) const {
  if (piece.size() >= lengths_.size() || !lengths_[piece.size()]) return -1;
  auto hash = static_cast<uint32_t>(hash64(piece));
  size_t mask = table_.size() - 1;
  for (size_t slot = hash & mask; table_[slot].entry != kNone; slot = (slot + 1) & mask) {
    if (table_[slot].hash != hash) continue;
    const Entry& entry = entries_[table_[slot].entry];
    if (text_of(entry) == piece) return entry.id;
  }
  return -1;
}

std::string_view Vocabulary::spelling(int32_t id) const {
  return has(id) ? text_of(entries_[entry_of_id_[static_cast<size_t>(id)]]) : std::string_view();
}

}  // namespace malmoi::tokenizer
