#include "reshape/trim.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "base/json_read.h"
#include "reshape/tokenizer_json.h"
#include "tokenizer/models/byte_alphabet.h"

namespace malmoi::reshape {
namespace {

class Trimmer {
 public:
  Trimmer(Json tokenizer, const TokenTable& table, std::span<const uint64_t> counts)
      : table_(table), counts_(counts), from_(merged_from(tokenizer, table)) {
    made_.tokenizer = std::move(tokenizer);
  }

  void keep_what_must(std::span<const int32_t> named) {
    visit_outer_ids(made_.tokenizer, [&](const Json& id) { keep_id(id.get<int64_t>()); });
    for (int32_t id : named) keep_id(id);
    const Json& model = json_object(made_.tokenizer, "model");
    if (const auto unk = json_count(model, "unk_id")) keep_id(*unk);
    const std::string unk_token = json_string(model, "unk_token");
    std::unordered_set<std::string> bytes;
    if (is_byte_level(made_.tokenizer)) {
      for (int b = 0; b < 256; ++b) bytes.insert(tokenizer::spell_bytes(std::string(1, static_cast<char>(b))));
    }
    for (size_t id = 0; id < table_.pieces.size(); ++id) {
      const std::string& piece = table_.pieces[id];
      if (piece.empty()) continue;
      if (piece == unk_token || bytes.contains(piece) || tokenizer::byte_of_token(piece) >= 0)
        keep_id(static_cast<int64_t>(id));
    }
    // What a character without a piece costs follows from the least score.
    if (!table_.scores.empty()) keep_id(std::ranges::min_element(table_.scores) - table_.scores.begin());
  }

  Status keep_used(const TrimRule& rule, const std::string& where) {
    if (rule.size > 0 && static_cast<int64_t>(kept_.size()) > rule.size)
      return usage_error("special tokens and bytes alone are " + std::to_string(kept_.size()), where,
                         "give a larger --size");
    std::vector<int32_t> used;
    for (size_t id = 0; id < counts_.size(); ++id) {
      if (counts_[id] == 0) continue;
      ++made_.in_use;
      if (counts_[id] >= rule.min_count) used.push_back(static_cast<int32_t>(id));
    }
    std::ranges::stable_sort(used, std::greater{}, [&](int32_t id) { return counts_[static_cast<size_t>(id)]; });
    for (int32_t id : used) {
      if (kept_.contains(id)) continue;
      std::vector<int32_t> with;
      add_with_parts(id, with);
      if (rule.size > 0 && static_cast<int64_t>(kept_.size() + with.size()) > rule.size) continue;
      kept_.insert(with.begin(), with.end());
      made_.parts += static_cast<int64_t>(with.size()) - 1;
    }
    return {};
  }

  TrimmedVocabulary finish() {
    made_.kept.assign(kept_.begin(), kept_.end());
    std::ranges::sort(made_.kept);
    const size_t size = std::max(counts_.size(), table_.pieces.size());
    renumber(new_ids(made_.kept, size));
    return std::move(made_);
  }

 private:
  void keep_id(int64_t id) {
    std::vector<int32_t> with;
    if (id >= 0 && id < INT32_MAX && !kept_.contains(static_cast<int32_t>(id)))
      add_with_parts(static_cast<int32_t>(id), with);
    kept_.insert(with.begin(), with.end());
  }

  // The token, and what it is merged from as far as that does not stay anyway.
  void add_with_parts(int32_t id, std::vector<int32_t>& with) const {
    std::vector<int32_t> todo{id};
    while (!todo.empty()) {
      const int32_t next = todo.back();
      todo.pop_back();
      if (kept_.contains(next) || std::ranges::find(with, next) != with.end()) continue;
      with.push_back(next);
      if (static_cast<size_t>(next) >= from_.size()) continue;
      const auto [left, right] = from_[static_cast<size_t>(next)];
      if (left >= 0) todo.push_back(left);
      if (right >= 0) todo.push_back(right);
    }
  }

  void renumber(const std::vector<int32_t>& renewed) {
    visit_outer_ids(made_.tokenizer, [&](Json& id) { id = renewed_id(renewed, id.get<int64_t>()); });
    Json& model = made_.tokenizer["model"];
    Json vocabulary = table_.scores.empty() ? Json::object() : Json::array();
    std::unordered_set<std::string> pieces;
    for (int32_t id : made_.kept) {
      if (static_cast<size_t>(id) >= table_.pieces.size()) break;  // added tokens stand behind
      if (table_.scores.empty() && table_.pieces[static_cast<size_t>(id)].empty()) continue;
      const std::string& piece = table_.pieces[static_cast<size_t>(id)];
      pieces.insert(piece);
      if (table_.scores.empty()) vocabulary[piece] = renewed[static_cast<size_t>(id)];
      else vocabulary.push_back(Json::array({piece, table_.scores[static_cast<size_t>(id)]}));
    }
    model["vocab"] = std::move(vocabulary);
    if (const auto unk = json_count(model, "unk_id")) model["unk_id"] = renewed_id(renewed, *unk);
    if (model.contains("merges")) model["merges"] = kept_merges(model, pieces);
  }

  static int32_t renewed_id(const std::vector<int32_t>& renewed, int64_t id) {
    return id >= 0 && id < static_cast<int64_t>(renewed.size()) ? renewed[static_cast<size_t>(id)] : -1;
  }

  // Those of tokens that stay, to tokens that stay.
  Json kept_merges(const Json& model, const std::unordered_set<std::string>& pieces) const {
    const std::string prefix = json_string(model, "continuing_subword_prefix");
    Json merges = Json::array();
    for (const auto& [left, right] : table_.merges) {
      const bool is_inner = !prefix.empty() && right.starts_with(prefix);
      const std::string made = left + (is_inner ? right.substr(prefix.size()) : right);
      if (pieces.contains(left) && pieces.contains(right) && pieces.contains(made))
        merges.push_back(Json::array({left, right}));
    }
    return merges;
  }

  const TokenTable& table_;
  std::span<const uint64_t> counts_;
  const std::vector<std::pair<int32_t, int32_t>> from_;
  std::unordered_set<int32_t> kept_;
  TrimmedVocabulary made_;
};

}  // namespace

std::vector<int32_t> new_ids(std::span<const int32_t> kept, size_t old_size) {
  std::vector<int32_t> ids(old_size, -1);
  for (size_t i = 0; i < kept.size(); ++i) {
    if (static_cast<size_t>(kept[i]) >= ids.size()) ids.resize(static_cast<size_t>(kept[i]) + 1, -1);
    ids[static_cast<size_t>(kept[i])] = static_cast<int32_t>(i);
  }
  return ids;
}

Result<TrimmedVocabulary> trim_vocabulary(const Json& tokenizer, std::span<const uint64_t> counts,
                                          std::span<const int32_t> named, const TrimRule& rule,
                                          const std::string& where) {
  MALMOI_ASSIGN(const TokenTable table, read_tokens(tokenizer, where));
  Trimmer trimmer(tokenizer, table, counts);
  trimmer.keep_what_must(named);
  MALMOI_TRY(trimmer.keep_used(rule, where));
  return trimmer.finish();
}

}  // namespace malmoi::reshape
