#include "train/chat_source.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "data/packing.h"

namespace malmoi::train {
namespace {

using Values = std::vector<int32_t>;

// The values of one row by the names of their columns.
using NamedValues = std::map<std::string_view, Values>;

int32_t length_of(const Values& ids) { return static_cast<int32_t>(ids.size()); }

NamedValues conversation_values(const EncodedChat& chat) {
  Values positions(chat.chosen.ids.size());
  std::iota(positions.begin(), positions.end(), 0);
  return {{"segment_ids", Values(positions.size(), 1)},
          {"position_ids", std::move(positions)},
          {"loss_mask", Values(chat.chosen.learned.begin(), chat.chosen.learned.end())},
          {"ids", chat.chosen.ids}};
}

// What the answer of `other` would be to the prompt of `chat`.
Values exchanged(const EncodedChat& chat, const EncodedChat& other, size_t max_length) {
  Values ids(chat.chosen.ids.begin(), chat.chosen.ids.begin() + static_cast<std::ptrdiff_t>(chat.prompt));
  ids.insert(ids.end(), other.chosen.ids.begin() + static_cast<std::ptrdiff_t>(other.prompt), other.chosen.ids.end());
  ids.resize(std::min(ids.size(), max_length));
  return ids;
}

NamedValues answer_values(const EncodedChat& chat, const EncodedChat& other, size_t max_length) {
  const bool judged = chat.rejected.ids.empty();
  const Values prompt(chat.chosen.ids.begin(), chat.chosen.ids.begin() + static_cast<std::ptrdiff_t>(chat.prompt));
  Values chosen = judged && !chat.liked ? prompt : chat.chosen.ids;
  Values rejected = !judged ? chat.rejected.ids : chat.liked ? prompt : chat.chosen.ids;
  Values compared = exchanged(chat, other, max_length);
  NamedValues made = {{"prompt_len", {static_cast<int32_t>(chat.prompt)}},
                      {"chosen_len", {length_of(chosen)}},
                      {"rejected_len", {length_of(rejected)}},
                      {"kl_prompt_len", {static_cast<int32_t>(chat.prompt)}},
                      {"kl_len", {length_of(compared)}}};
  const size_t length = std::max({chosen.size(), rejected.size(), compared.size()});
  for (Values* ids : {&chosen, &rejected, &compared}) ids->resize(length, 0);
  made["chosen_ids"] = std::move(chosen);
  made["rejected_ids"] = std::move(rejected);
  made["kl_ids"] = std::move(compared);
  return made;
}

Status check_ids(std::span<const int32_t> ids, const RowLimits& limits, const std::string& where) {
  for (int32_t id : ids) {
    if (id >= 0 && id < limits.vocab_size) continue;
    return invalid_data(fmt::format("the tokenizer gives the id {}, the model has {}", id, limits.vocab_size), where,
                        "use the model's own tokenizer, or give its table more rows");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<PackedChats>> PackedChats::make(std::span<const EncodedChat> chats, int64_t length,
                                                       const RowLimits& limits, const RowOrder& order,
                                                       const std::string& where) {
  auto made = std::make_unique<PackedChats>();
  made->order_ = order;
  std::vector<uint64_t> lengths;
  for (const EncodedChat& chat : chats) {
    const std::vector<int32_t>& ids = chat.chosen.ids;
    MALMOI_TRY(check_ids(ids, limits, where));
    made->starts_.push_back(made->ids_.size());
    made->ids_.insert(made->ids_.end(), ids.begin(), ids.end());
    for (size_t t = 1; t <= ids.size(); ++t)
      made->targets_.push_back(t < ids.size() && chat.chosen.learned[t] ? ids[t] : -1);
    lengths.push_back(ids.size());
  }
  if (lengths.empty()) return invalid_data("holds no conversation to learn from", where, "add some");
  made->starts_.push_back(made->ids_.size());
  for (const data::Sequence& sequence : data::pack_best_fit(lengths, static_cast<uint32_t>(length))) {
    std::vector<uint64_t>& row = made->rows_.emplace_back();
    int64_t tokens = 0;
    for (const data::Piece& piece : sequence) {
      row.push_back(piece.document);
      tokens += piece.length;
    }
    made->longest_ = std::max(made->longest_, tokens);
  }
  return made;
}

uint64_t PackedChats::row_of(uint64_t n) const {
  const uint64_t epoch = n / size(), at = n % size();
  return order_.shuffled ? permute(at, size(), order_.seed, epoch) : at;
}

void PackedChats::append(uint64_t n, Examples& out) const {
  for (uint64_t chat : rows_[row_of(n)]) {
    const size_t begin = starts_[chat], length = starts_[chat + 1] - begin;
    out.input.add({std::span(ids_).subspan(begin, length)});
    out.targets.insert(out.targets.end(), targets_.begin() + static_cast<std::ptrdiff_t>(begin),
                       targets_.begin() + static_cast<std::ptrdiff_t>(begin + length));
  }
}

Result<std::vector<RowColumn>> chat_columns(std::span<const EncodedChat> chats, const ArrayFormat& format,
                                            int64_t max_length, const std::string& where) {
  std::vector<RowColumn> columns(format.columns.size());
  for (RowColumn& column : columns) column = {.where = where, .starts = {0}};
  const bool conversations = chat_use(format) == ChatUse::kConversations;
  for (size_t r = 0; r < chats.size(); ++r) {
    const NamedValues values =
        conversations ? conversation_values(chats[r])
                      : answer_values(chats[r], chats[(r + 1) % chats.size()], static_cast<size_t>(max_length));
    for (size_t c = 0; c < columns.size(); ++c) {
      auto found = values.find(format.columns[c].name);
      if (found == values.end() && !format.columns[c].optional)
        return unsupported(
            "the objective reads '" + std::string(format.columns[c].name) + "', which conversations do not say", where,
            "use data.format: arrays");
      if (found != values.end())
        columns[c].integers.insert(columns[c].integers.end(), found->second.begin(), found->second.end());
      columns[c].starts.push_back(columns[c].integers.size());
    }
  }
  return columns;
}

}  // namespace malmoi::train
