#include "app/train/chat_preview.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/train/data.h"
#include "app/train/new_model.h"
#include "base/counted.h"
#include "base/shown.h"
#include "train/chat_source.h"

namespace malmoi::app {
namespace {

using train::ChatTokens;
using train::EncodedChat;

ChatPreview::Row shown_tokens(const ChatTokens& tokens, std::string where, std::string name,
                              const tokenizer::Tokenizer& tokenizer) {
  ChatPreview::Row row{
      .where = std::move(where), .name = std::move(name), .tokens = tokens.ids.size(), .learned = tokens.targets()};
  for (size_t begin = 0; begin < tokens.ids.size();) {
    size_t end = begin;
    while (end < tokens.ids.size() && tokens.learned[end] == tokens.learned[begin]) ++end;
    row.pieces.push_back(
        {tokenizer.decode(std::span(tokens.ids).subspan(begin, end - begin)), tokens.learned[begin] != 0});
    begin = end;
  }
  return row;
}

void add_rows(const EncodedChat& chat, const std::string& where, train::ChatUse use,
              const tokenizer::Tokenizer& tokenizer, std::vector<ChatPreview::Row>& rows) {
  const bool pair = !chat.rejected.ids.empty();
  const bool judged = !pair && use == train::ChatUse::kJudgements;
  const char* name = pair ? "chosen" : !judged ? "conversation" : chat.liked ? "liked" : "disliked";
  rows.push_back(shown_tokens(chat.chosen, where, name, tokenizer));
  if (pair) rows.push_back(shown_tokens(chat.rejected, where, "rejected", tokenizer));
}

// How full the rows are that the conversations are packed into.
Status add_packing(const EncodedChats& chats, const train::TrainConfig& config, const model::Model& model,
                   ChatPreview& preview) {
  if (chats.train.empty()) return {};
  MALMOI_ASSIGN(const auto packed, train::PackedChats::make(chats.train, preview.sequence_length,
                                                            train::row_limits(model), {}, config.data.train[0]));
  preview.packed_rows = packed->size();
  preview.fill = static_cast<double>(packed->tokens()) /
                 static_cast<double>(packed->size() * static_cast<uint64_t>(preview.sequence_length));
  return {};
}

void append_row(const ChatPreview::Row& row, bool colour, std::string& out) {
  out += fmt::format("--- {} ({}): {}, {} learned\n", row.where, row.name, counted(row.tokens, "token"), row.learned);
  for (const ChatPreview::Piece& piece : row.pieces) {
    const std::string text = colour ? show_controls(piece.text, Shown::kAsText) : piece.text;
    if (!piece.learned) out += text;
    else out += colour ? "\x1b[32m" + text + "\x1b[0m" : "«" + text + "»";
  }
  out += out.ends_with('\n') ? "" : "\n";
}

}  // namespace

Json to_json(const ChatPreview& preview) {
  Json rows = Json::array();
  for (const ChatPreview::Row& row : preview.rows) {
    Json pieces = Json::array();
    for (const ChatPreview::Piece& piece : row.pieces)
      pieces.push_back({{"text", piece.text}, {"learned", piece.learned}});
    rows.push_back({{"where", row.where},
                    {"name", row.name},
                    {"tokens", row.tokens},
                    {"learned_tokens", row.learned},
                    {"pieces", pieces}});
  }
  Json made = to_json(preview.tally);
  made["chat_template"] = preview.template_name;
  made["train_rows"] = preview.train_rows;
  made["valid_rows"] = preview.valid_rows;
  made["sequence_length"] = preview.sequence_length;
  if (preview.packed_rows > 0) made["packing"] = {{"rows", preview.packed_rows}, {"fill", preview.fill}};
  made["refused"] = preview.refused();
  made["first_rows"] = std::move(rows);
  return made;
}

Result<ChatPreview> preview_chats(const ConfigDocument& document, const Job& job) {
  MALMOI_ASSIGN(train::TrainConfig config, train::parse_train_config(document));
  const auto use = train::chat_use(train::objective_entry(config.objective.name).arrays);
  if (config.data.format != train::DataFormat::kChat || !use)
    return unsupported("conversations are shown, and data.format is another one", document.where("data.format"),
                       "set data.format: chat");
  MALMOI_TRY(resolve_init_from(config, job.message));
  MALMOI_ASSIGN(const auto tokenizer, open_tokenizer(config));
  MALMOI_ASSIGN(const auto model, describe_model(document, config, tokenizer.get()));
  MALMOI_ASSIGN(EncodedChats chats,
                encode_chats(config, *use, *tokenizer, model->max_positions(),
                             {.progress = job.progress, .message = job.message, .warn = {}, .stop = job.stop}));
  ChatPreview preview{.tally = chats.tally,
                      .template_name = chats.template_name,
                      .train_rows = chats.train.size(),
                      .valid_rows = chats.valid.size(),
                      .sequence_length = std::min(config.data.sequence_length, model->max_positions()),
                      .max_bad_share = config.data.chat.max_bad_share};
  for (size_t i = 0; i < chats.first_places.size(); ++i)
    add_rows(chats.train[i], chats.first_places[i], *use, *tokenizer, preview.rows);
  if (config.data.chat.packing && *use == train::ChatUse::kConversations)
    MALMOI_TRY(add_packing(chats, config, *model, preview));
  return preview;
}

std::string preview_text(const ChatPreview& preview, bool colour) {
  std::string out;
  for (const ChatPreview::Row& row : preview.rows) append_row(row, colour, out);
  const ChatTally& tally = preview.tally;
  out += fmt::format("\ntemplate     {}\n", preview.template_name);
  out += fmt::format("rows         {} ({} to train on, {} held out)\n", tally.rows, preview.train_rows,
                     preview.valid_rows);
  out += fmt::format(
      "tokens       {}, of which {} are learned ({:.1f} %)\n", tally.tokens, tally.learned,
      tally.tokens > 0 ? 100.0 * static_cast<double>(tally.learned) / static_cast<double>(tally.tokens) : 0);
  if (preview.packed_rows > 0)
    out += fmt::format("packed       into {} of {} tokens, {:.1f} % full\n", counted(preview.packed_rows, "row"),
                       preview.sequence_length, 100 * preview.fill);
  if (tally.endless > 0)
    out += fmt::format("endless      {} in which nothing ends an answer: the model does not learn to stop\n",
                       counted(tally.endless, "row"));
  if (tally.bad() == 0) return out + "bad rows     none\n";
  out += fmt::format(
      "bad rows     {} ({}); {}\n", tally.bad(), tally.problems_text(),
      preview.refused() ? "more than data.max_bad_share: training would refuse them" : "within data.max_bad_share");
  for (const std::string& row : tally.bad_rows) out += "             " + row + "\n";
  return out;
}

}  // namespace malmoi::app
