// Encoded conversations as examples: several of them packed into a row, or rows as the arrays that an objective reads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/chat_encoder.h"
#include "train/row_source.h"

namespace malmoi::train {

/// Conversations packed by best fit (data/packing.h), none of them cut: an example is a row of them, each a run of its own whose positions
/// begin at 0. So they do not see each other, recurrent states begin anew, and loss and gradient are those of the
/// conversations one by one. Token t is the target of the token before it; where it does not count, the target is -1.
class PackedChats final : public ExampleSource {
 public:
  /// Of rows of at most `length` tokens; conversations are no longer. Errors: an id that the model has not; no conversation.
  static Result<std::unique_ptr<PackedChats>> make(std::span<const EncodedChat> chats, int64_t length,
                                                   const RowLimits& limits, const RowOrder& order,
                                                   const std::string& where);
  uint64_t size() const override { return rows_.size(); }
  uint64_t row_of(uint64_t n) const override;
  void append(uint64_t n, Examples& out) const override;
  uint64_t tokens() const override { return ids_.size(); }
  /// Of the longest row.
  int64_t longest() const { return longest_; }

 private:
  std::vector<int32_t> ids_, targets_;
  std::vector<size_t> starts_;               // of each conversation, and the end
  std::vector<std::vector<uint64_t>> rows_;  // conversations by number
  RowOrder order_;
  int64_t longest_ = 0;
};

/// The values of an objective's arrays, by its columns: a row of them for each conversation, pair or judgement. Rows of
/// two or three sequences are padded with 0 to the longest of each row; of a judgement, the answer that is not there has the length of the prompt. What a
/// prompt is compared with (kl_ids) is the answer of the next row, the last row's of the first. Errors: a column that is
/// not known.
Result<std::vector<RowColumn>> chat_columns(std::span<const EncodedChat> chats, const ArrayFormat& format,
                                            int64_t max_length, const std::string& where);

}  // namespace malmoi::train
