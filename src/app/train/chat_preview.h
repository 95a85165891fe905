// `malmoi data preview`: conversations as a training configuration would have its model see them, before anything is trained.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/train/chats.h"
#include "base/config.h"
#include "base/error.h"
#include "base/job.h"
#include "base/json.h"

namespace malmoi::app {

struct ChatPreview {
  /// A run of tokens as text, all of which are targets or none.
  struct Piece {
    std::string text;
    bool learned = false;
  };
  struct Row {
    std::string where;
    std::string name;  // conversation; of pairs chosen and rejected, of a judgement liked or disliked
    uint64_t tokens = 0, learned = 0;
    std::vector<Piece> pieces;
  };
  std::vector<Row> rows;  // of the first three that are trained on
  ChatTally tally;
  std::string template_name;
  uint64_t train_rows = 0, valid_rows = 0;
  uint64_t packed_rows = 0;     // examples that the training rows make; 0: they are not packed
  double fill = 0;              // share of the packed rows that tokens take
  int64_t sequence_length = 0;  // that rows may have
  double max_bad_share = 0;
  bool refused() const { return tally.is_worse_than(max_bad_share); }
};
Json to_json(const ChatPreview& preview);

/// Errors: those of the configuration; a format that is not chat; those of encode_chats. Rows with a problem are counted, however
/// many there are.
Result<ChatPreview> preview_chats(const ConfigDocument& document, const Job& job);

/// The rows and the counts in lines for people. `colour`: targets are coloured for a terminal, and control characters shown; else they stand
/// between « and ».
std::string preview_text(const ChatPreview& preview, bool colour);

}  // namespace malmoi::app
