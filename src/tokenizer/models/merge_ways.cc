#include "tokenizer/models/merge_ways.h"

#include <unordered_map>

#include "tokenizer/models/window_merger.h"

namespace malmoi::tokenizer {
namespace {

MergeTable table_of(const std::vector<MergeWay>& ways) {
  MergeTable table(ways.size());
  for (const MergeWay& way : ways) table.add(way.left, way.right, way.rank, way.id);
  return table;
}

}  // namespace

MergeTable table_of_ways(const std::vector<MergeWay>& ways,
                         const std::function<void(int32_t, std::vector<Symbol>&)>& spell) {
  MergeTable all = table_of(ways);
  std::unordered_map<int32_t, uint32_t> ways_of;
  ways_of.reserve(ways.size());
  for (const MergeWay& way : ways) ++ways_of[way.id];
  if (ways_of.size() == ways.size() || all.max_rank() > kWindowMaxRank) return all;
  std::unordered_map<int32_t, std::pair<int32_t, int32_t>> happens;
  std::vector<Symbol> symbols;
  for (const auto& [id, count] : ways_of) {
    if (count == 1) continue;
    symbols.clear();
    spell(id, symbols);
    if (symbols.empty() || symbols.size() > kWindowPlaces) continue;
    happens[id] = last_pair(all, symbols).value_or(std::pair{-1, -1});
  }
  std::vector<MergeWay> kept;
  for (const MergeWay& way : ways) {
    auto found = happens.find(way.id);
    if (found == happens.end() || found->second == std::pair{way.left, way.right}) kept.push_back(way);
  }
  return table_of(kept);
}

}  // namespace malmoi::tokenizer
