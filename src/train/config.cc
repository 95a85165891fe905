#include "train/config.h"

#include <fmt/format.h>

#include "train/data_config.h"
#include "train/schedule.h"

namespace malmoi::train {
namespace {

std::vector<std::string> names_of(auto table) {
  std::vector<std::string> names;
  for (const auto& entry : table) {
    if constexpr (std::is_pointer_v<std::decay_t<decltype(entry)>>) names.emplace_back(entry->name);
    else names.emplace_back(entry.name);
  }
  return names;
}

void read_objective(ConfigReader& root, TrainConfig& c, Sections& sections) {
  ConfigReader r = root.object("objective");
  const ObjectiveEntry& entry = *objective_table()[r.choice("name", names_of(objective_table()), 0)];
  c.objective.name = entry.name;
  entry.read(r, c.objective);
  sections.finish(r);
}

void read_model(ConfigReader& root, TrainConfig& c, Sections& sections) {
  if (!root.has("model")) {
    root.fail("model", "is missing", "give architecture and sizes, or init_from: DIR");
    return;
  }
  ConfigReader r = root.object("model");
  if (r.has("init_from")) {
    c.init_from = r.text("init_from", "");
    Status read;
    c.quantize = read_quantize_options(r, read);
    sections.add(std::move(read));
    sections.finish(r);
    return;
  }
  c.model = root.raw("model");
}

// Rounding is made up for by weights that move; those that do not, and those of a second model, are not rounded.
void check_rounding(ConfigReader& root, const TrainConfig& c, Sections& sections) {
  if (!c.quantize_aware) return;
  const std::string where = root.where("train") + ".quantize_aware";
  if (c.adapter)
    sections.add(usage_error("rounds weights that an adapter leaves as they are", where,
                             "leave it out; model.quantize packs what an adapter stands around"));
  else if (!c.freeze.empty())
    sections.add(usage_error("stands beside train.freeze: what is frozen cannot make up for its rounding", where,
                             "leave one of them out"));
  else if (objective_entry(c.objective.name).accompany)
    sections.add(usage_error("is not for '" + c.objective.name + "', which trains two models over the same tables",
                             where, "leave it out"));
}

// What an adapter stands around is frozen, so what says otherwise is a mistake.
void read_adapter(ConfigReader& root, TrainConfig& c, Sections& sections) {
  Status read;
  c.adapter = read_adapter_options(root, read);
  sections.add(std::move(read));
  if (c.adapter && !c.init_from)
    root.fail("adapter", "stands around a model that is there", "give model: {init_from: DIR}");
  if (c.quantize && !c.adapter)
    sections.add(usage_error("weights in blocks are not trained, and nothing else is", root.where("model.quantize"),
                             "train an adapter around them: adapter: {r: 16}"));
  if (c.adapter && !c.freeze.empty())
    sections.add(usage_error("the model's own weights are frozen beside an adapter", root.where("train.freeze"),
                             "leave it out; adapter.targets says what is trained"));
}

void read_tokenizer(ConfigReader& root, TrainConfig& c, Sections& sections) {
  if (!root.has("tokenizer")) return;
  if (root.raw("tokenizer").is_string()) {
    c.tokenizer = root.text("tokenizer", "");
    return;
  }
  ConfigReader r = root.object("tokenizer");
  r.choice("type", {"char"}, 0);
  c.character_tokenizer = true;
  sections.finish(r);
}

// Options of an objective that belong to another format. What it does to texts was done before, where rows are made ready.
void check_options_of_formats(ConfigReader& root, const TrainConfig& c, Sections& sections) {
  ConfigReader r = root.object("objective");
  if (c.data.format != DataFormat::kPrompts) {
    for (std::string_view option : objective_entry(c.objective.name).prompt_options) {
      if (r.has(option)) sections.add(usage_error("belongs to data.format: prompts", r.where(option), "leave it out"));
    }
  }
  if (c.data.is_flat()) return;
  for (std::string_view option : objective_entry(c.objective.name).flat_options) {
    if (r.has(option))
      sections.add(usage_error("says what is done to texts and ids, but data.format is rows made ready",
                               r.where(option), "leave it out"));
  }
}

void read_optimizer(ConfigReader& train, TrainConfig& c, Sections& sections) {
  ConfigReader r = train.object("optimizer");
  const OptimizerEntry& entry = *optimizer_table()[r.choice("name", names_of(optimizer_table()), 0)];
  c.optimizer.name = entry.name;
  c.optimizer.lr = r.number("lr", entry.default_lr, 0, 100);
  entry.read(r, c.optimizer);
  sections.finish(r);
}

void read_schedule(ConfigReader& train, TrainConfig& c, Sections& sections) {
  ConfigReader r = train.object("schedule");
  std::vector<std::string> names = names_of(schedule_table());
  c.schedule.name = names[r.choice("name", names, 0)];
  c.schedule.warmup_steps = r.integer("warmup_steps", 0, 0);
  c.schedule.min_lr = r.number("min_lr", 0, 0, 100);
  c.schedule.decay_steps = r.integer("decay_steps", 0, 0);
  sections.finish(r);
}

void read_batch(ConfigReader& r, TrainConfig& c) {
  c.batch_size = r.integer("batch_size", 8, 1, 1 << 20);
  c.gradient_accumulation = r.integer("gradient_accumulation", 1, 1, 1 << 20);
  if (!r.has("global_batch")) return;
  int64_t global = r.integer("global_batch", c.batch_size, 1, 1 << 24);
  if (r.has("gradient_accumulation")) r.fail("global_batch", "stands beside gradient_accumulation", "give one of them");
  else if (global % c.batch_size != 0)
    r.fail("global_batch", "is not a multiple of batch_size " + std::to_string(c.batch_size));
  else c.gradient_accumulation = global / c.batch_size;
}

void read_memory(ConfigReader& r, TrainConfig& c) {
  static const std::vector<std::string> kLevels = {"auto", "none", "cheap", "block"};
  size_t level = r.choice("checkpointing", kLevels, 0);
  if (level > 0) c.checkpointing = static_cast<autograd::Checkpointing>(level - 1);
  if (!r.has("memory_limit")) return;
  auto bytes = parse_bytes(r.text("memory_limit", ""), r.where("memory_limit"));
  if (bytes.ok()) c.memory_limit = *bytes;
  else r.fail("memory_limit", bytes.error().what, bytes.error().remedy);
}

// How long a run is: steps, epochs or minutes; `steps: auto` stands for the steps that fit the minutes.
void read_length(ConfigReader& r, TrainConfig& c) {
  const bool automatic = r.has("steps") && r.raw("steps") == "auto";
  if (!automatic) c.steps = r.integer("steps", 0, 0);
  c.epochs = r.number("epochs", 0, 0, 1e9);
  c.minutes = r.number("minutes", 0, 0, 1e7);
  const bool steps = c.steps > 0, epochs = c.epochs > 0, minutes = c.minutes > 0;
  if (automatic && !minutes) r.fail("steps", "is auto, but there is no time to fit", "give minutes, too");
  else if (steps && epochs) r.fail("steps", "stands beside epochs", "give one of them");
  else if ((steps || epochs) && minutes) r.fail("minutes", "stands beside steps or epochs", "give one of them");
  else if (!steps && !epochs && !minutes) r.fail("steps", "is missing", "give steps, epochs or minutes");
}

void read_precision(ConfigReader& r, TrainConfig& c) {
  std::vector<std::string> names(kPrecisionNames.begin(), kPrecisionNames.end());
  names.emplace_back("auto");
  const size_t choice = r.choice("dtype", names, 0);
  c.fastest_precision = choice == kPrecisionNames.size();
  if (!c.fastest_precision) c.precision = static_cast<Precision>(choice);
}

void read_train(ConfigReader& root, TrainConfig& c, Sections& sections) {
  ConfigReader r = root.object("train");
  read_batch(r, c);
  read_length(r, c);
  read_precision(r, c);
  read_optimizer(r, c, sections);
  read_schedule(r, c, sections);
  c.grad_clip = r.number("grad_clip", 1.0, 0, 1e9);
  c.freeze = r.texts("freeze");
  c.ema_decay = r.number("ema_decay", 0, 0, 0.999999);
  c.seed = static_cast<uint64_t>(r.integer("seed", 1, 0));
  c.eval_every = r.integer("eval_every", 0, 0);
  c.eval_by_share = c.minutes > 0 && !r.has("eval_every");
  c.save_every = r.integer("save_every", 0, 0);
  // Who says after how many steps needs no clock beside it.
  c.save_minutes = r.number("save_minutes", c.save_every > 0 ? 0 : 1, 0, 1e7);
  c.keep = r.integer("keep", 3, 1, 1000);
  c.spike_factor = r.number("spike_factor", 10, 0, 1e9);
  c.max_bad_steps = r.integer("max_bad_steps", 10, 1);
  c.save_dtype = r.choice("save_dtype", {"f32", "bf16"}, 0) == 0 ? DType::kF32 : DType::kBF16;
  read_memory(r, c);
  Status rounding;
  c.quantize_aware = read_rounding_options(r, c.steps, rounding);
  sections.add(std::move(rounding));
  c.eval_first = r.boolean("eval_first", c.init_from.has_value());
  c.best_metric = r.text("best_metric", c.data.format == DataFormat::kPrompts ? "reward" : "loss");
  if (r.has("early_stopping")) {
    ConfigReader e = r.object("early_stopping");
    c.early_stopping = true;
    c.patience = e.integer("patience", 5, 1);
    c.min_delta = e.number("min_delta", 0, 0);
    sections.finish(e);
    if (c.eval_every == 0 && !c.eval_by_share) r.fail("early_stopping", "needs eval_every", "set train.eval_every");
  }
  sections.finish(r);
}

// Rows of one prompt, or all that are compared with each other, must come in one micro-batch.
void check_rows_together(ConfigReader& root, const TrainConfig& c, Sections& sections) {
  ConfigReader r = root.object("train");
  const int64_t together = rows_together(c.objective);
  if (together == 0 && c.gradient_accumulation > 1)
    sections.add(usage_error("parts rows that the objective compares with each other", r.where("gradient_accumulation"),
                             "use 1 and a larger batch_size"));
  if (together > 1 && c.batch_size % together != 0)
    sections.add(usage_error(fmt::format("is not a multiple of the {} rows of a group", together),
                             r.where("batch_size"), "make it one"));
}

void read_samples(ConfigReader& root, TrainConfig& c, Sections& sections) {
  ConfigReader r = root.object("samples");
  c.samples.prompts = r.texts("prompts");
  c.samples.tokens = r.integer("tokens", 64, 1, 100000);
  c.samples.temperature = r.number("temperature", 0.8, 0, 100);
  c.samples.outputs = r.integer("outputs", 100, 0, 1'000'000);
  sections.finish(r);
}

}  // namespace

Result<TrainConfig> parse_train_config(const ConfigDocument& document) {
  if (document.root.contains("stages") && !document.root.contains("train"))
    return usage_error("is a recipe, not a training configuration", document.file, "run it with `malmoi run`");
  TrainConfig c;
  Sections sections;
  ConfigReader root(document);
  if (root.integer("schema_version", 1) != 1) root.fail("schema_version", "is not known", "use 1");
  read_objective(root, c, sections);
  read_model(root, c, sections);
  read_tokenizer(root, c, sections);
  read_data(root, c, sections);
  check_options_of_formats(root, c, sections);
  read_train(root, c, sections);
  check_rows_together(root, c, sections);
  read_adapter(root, c, sections);
  check_rounding(root, c, sections);
  read_samples(root, c, sections);
  c.out = root.text("out", "");
  if (c.out.empty()) root.fail("out", "is missing", "name a folder for the run");
  if (c.data.replay && c.character_tokenizer)
    sections.add(usage_error("is of another corpus than the one that makes the vocabulary of characters",
                             root.where("data") + ".replay", "use a tokenizer that is there"));
  const bool reads_texts = c.data.reads_texts();
  if (reads_texts && c.tokenizer.empty() && !c.character_tokenizer && !c.init_from)
    root.fail("tokenizer", "is missing", "name a tokenizer's folder, or use {type: char}");
  sections.finish(root);
  MALMOI_TRY(sections.result());
  return c;
}

}  // namespace malmoi::train
