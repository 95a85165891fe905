#include "train/data_config.h"

#include <iterator>

#include "train/chat_encoder.h"

namespace malmoi::train {
namespace {

constexpr const char* kDataFormats[] = {"text", "ids", "arrays", "table", "chat", "prompts"};

bool takes(const ObjectiveEntry& objective, DataFormat format) {
  switch (format) {
    case DataFormat::kText:
    case DataFormat::kIds: return objective.flat;
    case DataFormat::kArrays: return !objective.arrays.columns.empty();
    case DataFormat::kTable: return !objective.table.columns.empty();
    case DataFormat::kChat: return chat_use(objective.arrays).has_value();
    case DataFormat::kPrompts: return objective.prompts != Prompts::kNone;
  }
  return false;
}

// Which formats an objective takes.
void check_format(ConfigReader& data, const TrainConfig& c) {
  const ObjectiveEntry& objective = objective_entry(c.objective.name);
  if (takes(objective, c.data.format)) return;
  std::string taken;
  for (size_t i = 0; i < std::size(kDataFormats); ++i) {
    if (takes(objective, static_cast<DataFormat>(i)))
      taken += (taken.empty() ? "use " : " or ") + std::string(kDataFormats[i]);
  }
  data.fail("format", "is not what the objective '" + c.objective.name + "' reads", taken);
}

// What a model was trained on before comes again among the new.
void read_replay(ConfigReader& data, DataConfig& d, Sections& sections) {
  if (!data.has("replay")) return;
  ConfigReader r = data.object("replay");
  ReplayConfig replay{
      .train = r.texts("train"), .valid = r.texts("valid"), .share = r.number("share", 0.1, 0.001, 0.9)};
  if (replay.train.empty()) r.fail("train", "is missing", "name what is replayed: train: [PATH]");
  if (!d.is_flat()) data.fail("replay", "belongs to format: text and ids", "leave it out");
  if (d.streams) data.fail("replay", "stands beside order: streams, which go on from each other", "use shuffled");
  d.replay = std::move(replay);
  sections.finish(r);
}

// What the answers to prompts are worth. Of those that a teacher speaks of, what the model itself has said is no target.
void check_prompts(ConfigReader& root, ConfigReader& data, TrainConfig& c, Sections& sections) {
  const Json& rewards = c.objective.rollouts.rewards;
  const bool judged = rewards.is_array() && !rewards.empty();
  if (objective_entry(c.objective.name).prompts == Prompts::kJudged) {
    if (!judged) data.fail("format", "is prompts, whose answers nothing judges", "give objective.rewards");
    return;
  }
  ConfigReader objective = root.object("objective");
  if (objective.has("alpha") && c.objective.distillation.alpha > 0)
    sections.add(usage_error("would have the model learn its own answers as they are", objective.where("alpha"),
                             "leave it out: with prompts it is 0"));
  c.objective.distillation.alpha = 0;
  if (!c.data.valid.empty() && !judged)
    data.fail("valid", "is prompts, and nothing says what their answers are worth", "give objective.rewards");
}

// A teacher that is asked before can only be asked of rows that come again as they are.
void check_samples(ConfigReader& data, const TrainConfig& c) {
  if (c.objective.distillation.samples == 0) return;
  const std::string beside = ", and objective.samples asks the teacher of every row before the first step";
  if (c.data.format == DataFormat::kPrompts)
    data.fail("format", "is prompts, whose answers are made in training" + beside, "leave samples out");
  if (c.data.streams) data.fail("order", "is streams, which go on from each other" + beside, "use shuffled");
  if (c.data.replay) data.fail("replay", "mixes another corpus in" + beside, "leave one of them out");
}

// data.columns: {role: column}. Roles are the objective's.
void read_columns(ConfigReader& data, TrainConfig& c, Sections& sections) {
  ConfigReader r = data.object("columns");
  for (const TableColumn& column : objective_entry(c.objective.name).table.columns) {
    const std::string role(column.role);
    c.data.columns[role] = r.text(role, role);
  }
  sections.finish(r);
}

// data.where: {column: value}.
void read_where(ConfigReader& data, TrainConfig& c) {
  if (!data.has("where")) return;
  const Json& where = data.raw("where");
  if (!where.is_object()) {
    data.fail("where", "does not say what columns hold", "write {column: value}");
    return;
  }
  for (const auto& [column, value] : where.items())
    c.data.where[column] = value.is_string() ? value.get<std::string>() : dump_json(value);
}

// Keys of one format alone, in others refused.
void read_format(ConfigReader& data, TrainConfig& c, Sections& sections) {
  DataConfig& d = c.data;
  const bool is_chat = d.format == DataFormat::kChat, is_table = d.format == DataFormat::kTable;
  if (is_chat)
    d.chat = read_chat_config(data, chat_use(objective_entry(c.objective.name).arrays) != ChatUse::kConversations);
  else refuse_chat_keys(data);
  if (is_table) {
    d.cut_long_rows = data.choice("long_rows", {"error", "cut"}, 0) == 1;
    read_columns(data, c, sections);
    read_where(data, c);
  }
  for (const char* key : {"columns", "output_length", "where"}) {
    if (data.has(key) && !is_table) data.fail(key, "belongs to format: table");
  }
  if (data.has("long_rows") && !is_table && !is_chat) data.fail("long_rows", "belongs to format: table and chat");
}

void read_order(ConfigReader& data, DataConfig& d) {
  const size_t order = data.choice("order", {"shuffled", "sequential", "streams"}, 0);
  d.shuffled = order == 0;
  d.streams = order == 2;
  d.split_documents = data.boolean("split_documents", !d.streams);
  if (d.streams && !d.is_flat()) data.fail("order", "streams are of text or ids", "use shuffled or sequential");
  if (d.streams && d.split_documents)
    data.fail("split_documents", "stands beside order: streams, which go on across documents", "leave one of them out");
}

void check_files(ConfigReader& data, const DataConfig& d) {
  if (d.train.empty()) data.fail("train", "is missing", "name the training data: train: [PATH]");
  if (d.format == DataFormat::kArrays) {
    if (d.train.size() > 1) data.fail("train", "must be one folder where the format is arrays", "join the arrays");
    if (d.valid.size() > 1) data.fail("valid", "must be one folder where the format is arrays", "join the arrays");
    if (d.valid_fraction > 0) data.fail("valid_fraction", "is not for arrays", "name a folder with valid: [DIR]");
  }
  if (d.format == DataFormat::kPrompts && d.valid_fraction > 0)
    data.fail("valid_fraction", "is not for prompts", "name other prompts with valid: [FILE]");
  if (!d.valid.empty() && d.valid_fraction > 0) data.fail("valid_fraction", "stands beside valid", "give one of them");
  if (!d.loss_mask.empty() && d.format != DataFormat::kIds) data.fail("loss_mask", "belongs to format: ids");
  if (!d.loss_mask.empty() && d.loss_mask.size() != d.train.size())
    data.fail("loss_mask", "must name one file for each of train");
}

}  // namespace

void read_data(ConfigReader& root, TrainConfig& c, Sections& sections) {
  ConfigReader r = root.object("data");
  DataConfig& d = c.data;
  d.format = static_cast<DataFormat>(r.choice("format", {std::begin(kDataFormats), std::end(kDataFormats)}, 0));
  check_format(r, c);
  d.train = r.texts("train");
  d.valid = r.texts("valid");
  d.loss_mask = r.texts("loss_mask");
  d.valid_fraction = r.number("valid_fraction", 0, 0, 0.9);
  d.sequence_length = r.integer("sequence_length", 256, 1, 1 << 20);
  d.output_length = r.integer("output_length", d.sequence_length, 1, 1 << 20);
  d.token_dtype = r.text("token_dtype", "u16");
  read_format(r, c, sections);
  read_order(r, d);
  read_replay(r, d, sections);
  if (d.format == DataFormat::kPrompts) check_prompts(root, r, c, sections);
  check_samples(r, c);
  check_files(r, d);
  sections.finish(r);
}

}  // namespace malmoi::train
