// All ways to make the pieces of a vocabulary, and those of them that ever happen.
#pragma once

#include <functional>
#include <vector>

#include "tokenizer/models/merge_table.h"

namespace malmoi::tokenizer {

/// One way to make a piece of two.
struct MergeWay {
  int32_t left, right;
  uint32_t rank;
  int32_t id;
};

/// The table of the ways, given in the order in which later ones of equal pairs count. Of several ways to make a piece, one at
/// most ever happens, wherever the piece stands: the last step of merging its own text. (Until something merges over its
/// ends, what lies beyond does not change the order of the merges within.) The others are left out. `spell(id, symbols)`
/// gives the symbols that merging a piece begins with; none where that cannot be told.
MergeTable table_of_ways(const std::vector<MergeWay>& ways,
                         const std::function<void(int32_t, std::vector<Symbol>&)>& spell);

}  // namespace malmoi::tokenizer
