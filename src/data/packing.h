// Packing documents into sequences of one length with as little padding as can be, document boundaries kept.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/token_file.h"

namespace malmoi::data {

/// A run of ids of one document inside a sequence.
struct Piece {
  uint64_t document = 0;
  uint64_t begin = 0;  // in the document
  uint32_t length = 0;
};
using Sequence = std::vector<Piece>;

/// Best-fit decreasing (Ding et al., "Fewer Truncations Improve Language Modeling", 2024): documents longer than `capacity`
/// are cut into whole sequences and a rest; then pieces go, the longest first, into the fullest sequence that has room.
/// Deterministic; O(n log capacity). Sequences come in the order of their first document.
std::vector<Sequence> pack_best_fit(std::span<const uint64_t> lengths, uint32_t capacity);

struct PackStats {
  uint64_t sequences = 0, tokens = 0, padding = 0, documents = 0, cut_documents = 0;
};

/// Writes rows of `capacity` ids to OUT.bin (with OUT.ends: the end of every piece, of padding too) and OUT.mask, a u8 for
/// each position: 1 where the next id is of the same piece and so counts as a target. Trains with `data.format: ids`,
/// `order: sequential`, `loss_mask: [OUT.mask]`.
Result<PackStats> write_packed(const TokenFile& tokens, int64_t vocab_size, uint32_t capacity, int32_t pad,
                               const Path& out);

}  // namespace malmoi::data
