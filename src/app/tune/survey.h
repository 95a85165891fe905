// What a file of examples holds for a goal: which objective learns from it, how many rows, how long, and which may be held out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/tune/goal.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

struct Survey {
  std::string objective;          // that learns from it
  std::string format;             // data.format: chat or table
  Json columns = Json::object();  // data.columns, of tables
  std::string told;               // what was found, for people
  uint64_t rows = 0;
  std::vector<int64_t> lengths;         // tokens of each row that can be learned from; of pairs the longer text
  std::vector<int64_t> output_lengths;  // of an encoder-decoder's outputs
  std::vector<double> places;           // held_out_place of each row
  std::map<std::string, uint64_t> labels;
  double most_held_out = 1;  // a larger share would leave a label without a row to learn from
  double largest_score = 0;
  bool scored = false;  // pairs with numbers of how much they are alike
  bool pairs = false;   // preferences and judgements, which are not packed
};

/// Conversations as the base renders them. `base`: the model's folder; `asked`: settings that somebody gave, of which `data` counts (template,
/// shape ...). Errors: as encode_chats; no row that can be learned from.
Result<Survey> survey_chats(const Path& data, const std::string& base, const Json& asked, const Job& job);

/// Rows of a table, whose columns are found out (table_roles.h). Errors: theirs; a table that cannot be read.
Result<Survey> survey_table(const Path& data, TuneGoal goal, const Json& asked, const tokenizer::Tokenizer& tokenizer,
                            const Job& job);

}  // namespace malmoi::app
