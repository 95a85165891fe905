// Merging of a few dozen symbols by looking at all pairs after each merge: the fastest way while they are few.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/models/merge_table.h"

namespace malmoi::tokenizer {

/// What symbols became: an id, and the first of the symbols that it was made of.
struct MergedPart {
  int32_t id;
  uint32_t begin;
};

constexpr size_t kWindowPlaces = 64;
constexpr uint32_t kWindowMaxRank = (1u << 25) - 2;  // ranks and places share 31 bits

/// Appends what is left of at most kWindowPlaces symbols, for a table whose ranks are at most kWindowMaxRank.
void merge_window(const MergeTable& table, std::span<const Symbol> symbols, std::vector<MergedPart>& parts);

/// The same of the symbols of at most kWindowPlaces bytes, of which only the ids are asked for.
void merge_window(const MergeTable& table, std::string_view bytes, const std::array<int32_t, 256>& ids_of_bytes,
                  std::vector<int32_t>& ids);

/// The last two of symbols before they became one; none where they do not.
std::optional<std::pair<int32_t, int32_t>> last_pair(const MergeTable& table, std::span<const Symbol> symbols);

}  // namespace malmoi::tokenizer
