#include "app/train/chats.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "app/train/texts.h"
#include "app/use/chat.h"
#include "app/use/generation_defaults.h"
#include "base/counted.h"
#include "base/parallel.h"
#include "chat/learned_text.h"
#include "data/chats/reader.h"
#include "model/gguf_config.h"
#include "train/chat_source.h"

namespace malmoi::app {
namespace {

using train::ChatProblem;
using train::EncodedChat;
using train::TrainConfig;

constexpr size_t kShownRows = 3;

struct ReadRow {
  Result<data::ChatRow> row;
  bool held_out = false;
};

// Where the tokenizer lies, and its chat template beside it; empty: nowhere.
Path tokenizer_folder(const TrainConfig& config) {
  const Path path = config.tokenizer.empty() ? Path(config.init_from.value_or("")) : Path(config.tokenizer);
  std::error_code ignored;
  const bool holds_it = std::filesystem::is_directory(path, ignored) || model::is_gguf(path);
  return config.tokenizer.empty() || holds_it ? path : path.parent_path();
}

Status read_files(const std::vector<std::string>& paths, const TrainConfig& config, train::ChatUse use, bool held_out,
                  std::vector<ReadRow>& rows, const Job& job) {
  const std::optional<data::ChatShape> forced = data::shape_named(config.data.chat.shape);
  for (const std::string& path : paths) {
    const size_t before = rows.size();
    MALMOI_ASSIGN(const data::ChatShape shape, data::for_each_chat(path, forced, [&](Result<data::ChatRow>&& row) {
                    const bool by_hash = !held_out && row.ok() && config.data.valid_fraction > 0 &&
                                         is_held_out(first_question(*row), config.data.valid_fraction);
                    rows.push_back({std::move(row), held_out || by_hash});
                    return job.stop.check();
                  }));
    MALMOI_TRY(train::check_shape(shape, use, path));
    job.message(
        fmt::format("{}: {} of the shape '{}'", path, counted(rows.size() - before, "row"), data::shape_name(shape)));
  }
  return {};
}

// As the folders of the model say it.
std::vector<std::string> end_tokens(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer) {
  return end_token_texts(config.init_from ? end_ids(*config.init_from) : std::vector<int32_t>{}, tokenizer);
}

void count(const EncodedChat& chat, const std::string& where, ChatTally& tally) {
  ++tally.rows;
  tally.endless += chat.endless && chat.kept();
  if (chat.kept()) {
    tally.tokens += chat.chosen.ids.size() + chat.rejected.ids.size();
    tally.learned += chat.chosen.targets() + chat.rejected.targets();
  }
  if (!chat.problem) return;
  ++tally.problems[static_cast<size_t>(*chat.problem)];
  if (tally.bad_rows.size() < kShownRows) tally.bad_rows.push_back(where + ": " + chat.reason);
}

EncodedChat malformed_row(const Error& error) {
  EncodedChat made;
  made.problem = ChatProblem::kMalformed;
  made.reason = error.what;
  return made;
}

// Takes rows in their order, so that what is said and learned does not depend on threads.
Status encode_rows(std::vector<ReadRow>& rows, const train::ChatRules& rules, EncodedChats& chats, const Job& job) {
  std::vector<Result<EncodedChat>> encoded(rows.size(), Result<EncodedChat>(EncodedChat{}));
  constexpr int64_t kRowsAtOnce = 16;
  parallel_for(static_cast<int64_t>(rows.size()), kRowsAtOnce, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end && !job.stop.requested(); ++r) {
      const Result<data::ChatRow>& row = rows[static_cast<size_t>(r)].row;
      encoded[static_cast<size_t>(r)] =
          row.ok() ? train::encode_chat(*row, rules) : Result<EncodedChat>(malformed_row(row.error()));
    }
  });
  MALMOI_TRY(job.stop.check());
  for (size_t r = 0; r < rows.size(); ++r) {
    if (!encoded[r].ok()) return encoded[r].error();
    const std::string where = rows[r].row.ok() ? rows[r].row->where : rows[r].row.error().where;
    count(*encoded[r], where, chats.tally);
    if (!encoded[r]->kept()) continue;
    std::vector<EncodedChat>& part = rows[r].held_out ? chats.valid : chats.train;
    if (!rows[r].held_out && part.size() < kShownRows) chats.first_places.push_back(where);
    part.push_back(*std::move(encoded[r]));
  }
  return {};
}

std::string template_name_of(const std::string& choice, const chat::ChatTemplate& rendered) {
  if (choice == "none") return "no template";
  if (choice == "plain") return "the plain template";
  if (choice != "auto") return "the template " + choice;
  return rendered.answers() ? "the model's own template" : "the plain template: the model has none";
}

void warn_of(const ChatTally& tally, const std::string& template_name, const Job& job) {
  if (tally.bad() > 0)
    job.warn(fmt::format("{} of {} teach nothing, or not all that they say: {}; {}", tally.bad(),
                         counted(tally.rows, "row"), tally.problems_text(), fmt::join(tally.bad_rows, "; ")));
  if (tally.endless > 0)
    job.warn(fmt::format("in {} nothing ends an answer ({}): the model does not learn to stop",
                         counted(tally.endless, "row"), template_name));
}

// Rows of one of the two parts as examples, with their longest row.
Result<std::pair<std::unique_ptr<train::ExampleSource>, int64_t>> source_of(const std::vector<EncodedChat>& chats,
                                                                            const TrainConfig& config,
                                                                            const model::Model& model,
                                                                            const train::RowOrder& order,
                                                                            const std::string& where) {
  const train::ArrayFormat& format = train::objective_entry(config.objective.name).arrays;
  const train::RowLimits limits = train::row_limits(model);
  const int64_t length = std::min(config.data.sequence_length, model.max_positions());
  std::pair<std::unique_ptr<train::ExampleSource>, int64_t> made;
  if (config.data.chat.packing && train::chat_use(format) == train::ChatUse::kConversations) {
    MALMOI_ASSIGN(auto packed, train::PackedChats::make(chats, length, limits, order, where));
    made.second = packed->longest();
    made.first = std::move(packed);
    return made;
  }
  MALMOI_ASSIGN(auto columns, train::chat_columns(chats, format, length, where));
  MALMOI_ASSIGN(auto rows, train::RowSource::make(std::move(columns), format, limits, order, where));
  made.second = rows->longest();
  made.first = std::move(rows);
  return made;
}

}  // namespace

const std::string& first_question(const data::ChatRow& row) {
  for (const chat::Message& message : row.messages) {
    if (message.role == "user") return message.content;
  }
  return row.messages.front().content;
}

uint64_t ChatTally::bad() const { return std::accumulate(problems.begin(), problems.end(), uint64_t{0}); }

std::string ChatTally::problems_text() const {
  std::string text;
  for (size_t i = 0; i < problems.size(); ++i) {
    if (problems[i] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", train::kChatProblemNames[i], problems[i]);
  }
  return text;
}

Json to_json(const ChatTally& tally) {
  Json problems = Json::object();
  for (size_t i = 0; i < tally.problems.size(); ++i)
    problems[std::string(train::kChatProblemNames[i])] = tally.problems[i];
  return {{"rows", tally.rows},
          {"tokens", tally.tokens},
          {"learned_tokens", tally.learned},
          {"bad_rows", tally.bad()},
          {"problems", problems},
          {"endless_rows", tally.endless},
          {"first_bad_rows", tally.bad_rows}};
}

Result<EncodedChats> encode_chats(const TrainConfig& config, train::ChatUse use, const tokenizer::Tokenizer& tokenizer,
                                  int64_t max_positions, const Job& job) {
  MALMOI_ASSIGN(const chat::ChatTemplate rendered, chat_template_of(config, tokenizer));
  MALMOI_ASSIGN(const train::ChatTokenizer chat_tokenizer, train::ChatTokenizer::make(tokenizer));
  EncodedChats chats;
  chats.template_name = template_name_of(config.data.chat.chat_template, rendered);
  std::vector<ReadRow> rows;
  MALMOI_TRY(read_files(config.data.train, config, use, false, rows, job));
  MALMOI_TRY(read_files(config.data.valid, config, use, true, rows, job));
  const train::ChatRules rules{.chat_template = rendered,
                               .tokenizer = chat_tokenizer,
                               .learn = {.date = config.data.chat.date, .end_tokens = end_tokens(config, tokenizer)},
                               .config = config.data.chat,
                               .use = use,
                               .max_length = static_cast<size_t>(std::min(config.data.sequence_length, max_positions))};
  MALMOI_TRY(encode_rows(rows, rules, chats, job));
  warn_of(chats.tally, chats.template_name, job);
  return chats;
}

Status check_bad_share(const EncodedChats& chats, const TrainConfig& config) {
  const ChatTally& tally = chats.tally;
  const std::string& where = config.data.train[0];
  if (tally.is_worse_than(config.data.chat.max_bad_share))
    return invalid_data(fmt::format("{} of {} teach nothing, or not all that they say ({}): {}", tally.bad(),
                                    counted(tally.rows, "row"), tally.problems_text(), fmt::join(tally.bad_rows, "; ")),
                        where,
                        fmt::format("correct them (`malmoi data preview` shows what is learned), or raise "
                                    "data.max_bad_share, which is {}",
                                    config.data.chat.max_bad_share));
  if (chats.train.empty())
    return invalid_data("no row is left to learn from", where, "add some, or lower valid_fraction");
  return {};
}

Result<PreparedData> prepare_chats(TrainConfig& config, const tokenizer::Tokenizer& tokenizer,
                                   const model::Model& model, const Job& job) {
  const std::optional<train::ChatUse> use = train::chat_use(train::objective_entry(config.objective.name).arrays);
  if (!use) return internal_error("an objective that does not read conversations was given some", "data.format");
  MALMOI_ASSIGN(EncodedChats chats, encode_chats(config, *use, tokenizer, model.max_positions(), job));
  MALMOI_TRY(check_bad_share(chats, config));
  job.message(fmt::format("{} of {} tokens count; {}", chats.tally.learned, chats.tally.tokens, chats.template_name));
  PreparedData prepared{.documents = chats.train.size() + chats.valid.size()};
  MALMOI_ASSIGN(auto train, source_of(chats.train, config, model,
                                      {.shuffled = config.data.shuffled, .seed = config.seed}, config.data.train[0]));
  prepared.train = std::move(train.first);
  int64_t longest = train.second;
  if (!chats.valid.empty()) {
    const std::string& where = config.data.valid.empty() ? config.data.train[0] : config.data.valid[0];
    MALMOI_ASSIGN(auto valid, source_of(chats.valid, config, model, {}, where));
    prepared.valid = std::move(valid.first);
    longest = std::max(longest, valid.second);
  }
  config.data.sequence_length = longest;
  return prepared;
}

std::vector<std::string> end_token_texts(const std::vector<int32_t>& ids, const tokenizer::Tokenizer& tokenizer) {
  std::vector<std::string> texts;
  for (int32_t id : ids) {
    if (tokenizer.is_special(id)) texts.push_back(tokenizer.piece(id));
  }
  if (auto end = tokenizer.eos_id(); end && tokenizer.is_special(*end)) texts.push_back(tokenizer.piece(*end));
  return texts;
}

Result<chat::ChatTemplate> chat_template_of(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer) {
  return chat_template(tokenizer_folder(config), tokenizer, config.data.chat.chat_template);
}

Result<std::string> chat_template_file(const TrainConfig& config) {
  const bool has_conversations =
      config.data.format == train::DataFormat::kChat || config.data.format == train::DataFormat::kPrompts;
  const std::string& choice = config.data.chat.chat_template;
  if (!has_conversations || choice == "plain" || choice == "none") return std::string();
  const bool given = choice != "auto";
  const Path file = given ? Path(choice) : tokenizer_folder(config) / "chat_template.jinja";
  if (!given && !malmoi::exists(file)) return std::string();
  return read_file(file, 16 << 20);
}

}  // namespace malmoi::app
