// The conversations of a training configuration (data.format: chat): files to encoded rows, and what of them does not fit.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/train/data.h"
#include "base/json.h"
#include "chat/chat_template.h"
#include "data/chats/chat_row.h"
#include "train/chat_encoder.h"

namespace malmoi::app {

/// What there is in the rows, training and validation together.
struct ChatTally {
  uint64_t rows = 0;                 // in the files
  uint64_t tokens = 0, learned = 0;  // of those that are kept
  std::array<uint64_t, train::kChatProblemNames.size()> problems{};
  uint64_t endless = 0;               // rows in which nothing ends an answer
  std::vector<std::string> bad_rows;  // the first three, each with where and why

  uint64_t bad() const;
  /// Whether more than a share of the rows have a problem.
  bool is_worse_than(double share) const { return static_cast<double>(bad()) > share * static_cast<double>(rows); }
  /// Problems by their names, as far as there are any.
  std::string problems_text() const;
};
Json to_json(const ChatTally& tally);

/// What is asked first, by which rows are held out. The row has messages.
const std::string& first_question(const data::ChatRow& row);

struct EncodedChats {
  std::vector<train::EncodedChat> train, valid;
  std::vector<std::string> first_places;  // where the first rows of `train` come from
  ChatTally tally;
  std::string template_name;  // of the chats, in words
};

/// Reads data.train and data.valid and encodes every row on all threads. valid_fraction holds rows out by a hash of what is asked first, so that
/// equal questions go one way. Says what shapes were found, warns of rows with a problem. Errors: files that cannot be read,
/// shapes that are not the objective's, a template that cannot be followed, a row that is too long where data.long_rows is error.
Result<EncodedChats> encode_chats(const train::TrainConfig& config, train::ChatUse use,
                                  const tokenizer::Tokenizer& tokenizer, int64_t max_positions, const Job& job);

/// Refuses rows of which more than data.max_bad_share have a problem, and data of which nothing is left.
Status check_bad_share(const EncodedChats& chats, const train::TrainConfig& config);

/// The rows as examples of the objective, packed where the configuration says so; sets data.sequence_length to the longest. Errors: those above.
Result<PreparedData> prepare_chats(train::TrainConfig& config, const tokenizer::Tokenizer& tokenizer,
                                   const model::Model& model, const Job& job);

/// Texts of the special tokens that end what a model writes: of `ids`, which its folder names, and the tokenizer's own.
std::vector<std::string> end_token_texts(const std::vector<int32_t>& ids, const tokenizer::Tokenizer& tokenizer);

/// The template of a configuration's conversations (data.chat_template). Errors: a file that is not there.
Result<chat::ChatTemplate> chat_template_of(const train::TrainConfig& config, const tokenizer::Tokenizer& tokenizer);

/// The chat template that a model trained on conversations, or on answers to prompts, needs beside it, as a file chat_template.jinja has
/// it; empty: its tokenizer brings it, or it has none. Errors: a file that cannot be read.
Result<std::string> chat_template_file(const train::TrainConfig& config);

}  // namespace malmoi::app
