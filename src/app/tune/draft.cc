#include "app/tune/draft.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "app/train/choices.h"
#include "app/train/planner.h"
#include "base/counted.h"
#include "base/json_read.h"

namespace malmoi::app {
namespace {

constexpr int64_t kEvaluationsOfRun = 5;
constexpr double kWarmupShare = 0.05;
constexpr int64_t kAdapterRank = 16;

// How many rows a step has at most, by what is learned: adapters suffer from large batches, vectors are compared within theirs.
int64_t most_rows_of_step(const std::string& objective) {
  if (objective == "contrastive") return 64;
  if (objective == "classification" || objective == "seq2seq") return 32;
  return objective == "sft" ? 16 : 8;
}

double mean_of(const std::vector<int64_t>& lengths) {
  const double sum = std::accumulate(lengths.begin(), lengths.end(), 0.0);
  return std::max(sum / static_cast<double>(std::max<size_t>(lengths.size(), 1)), 1.0);
}

// Whether a label comes four times as often as another.
bool is_lopsided(const std::map<std::string, uint64_t>& labels) {
  constexpr uint64_t kMuchMore = 4;
  uint64_t least = UINT64_MAX, most = 0;
  for (const auto& [label, count] : labels) {
    least = std::min(least, count);
    most = std::max(most, count);
  }
  return !labels.empty() && most >= kMuchMore * least;
}

std::string length_why(const RowLength& length) {
  if (length.cut == 0) return fmt::format("the longest row has {}", length.longest);
  return fmt::format("{} longer, up to {} tokens, and cut",
                     length.cut == 1 ? "1 row is" : fmt::format("{} rows are", length.cut), length.longest);
}

void leave_out_null(Json& object, const char* key) {
  if (object.is_object() && object.contains(key) && object[key].is_null()) object.erase(key);
}

std::string number_text(double number) { return fmt::format("{:.4g}", number); }

}  // namespace

Draft Draft::make(const DraftInput& input) {
  Draft draft(input);
  draft.root_ = {{"schema_version", 1},
                 {"objective", {{"name", input.survey.objective}}},
                 {"model", {{"init_from", input.model}}},
                 {"data", {{"format", input.survey.format}, {"train", Json::array({input.data})}}},
                 {"train", Json::object()},
                 {"out", input.out}};
  draft.choose_objective();
  draft.choose_data();
  draft.choose_steps();
  return draft;
}

bool Draft::asks(std::string_view section, std::string_view key) const {
  return json_object(input_.asked, section).contains(key);
}

void Draft::choose_objective() {
  const Survey& survey = input_.survey;
  Json& objective = root_["objective"];
  std::string why = "conversations: what the assistant says is learned, and where it stops";
  if (survey.objective == "dpo") why = "answers in pairs, of which one is better";
  if (survey.objective == "kto") why = "answers that are liked or not";
  if (survey.objective == "classification") why = "a label for each text";
  if (survey.objective == "seq2seq") why = "a text for each text";
  if (survey.objective == "contrastive") why = "pairs that mean the same, told from all others of their step";
  if (asks("objective", "name")) why = "as you said";
  choices.push_back({"objective", survey.objective, why});
  if (survey.objective == "classification" && is_lopsided(survey.labels)) {
    objective["class_weights"] = "balanced";
    choices.push_back({"weights", "balanced", "some labels come much more often than others"});
  }
  if (survey.objective == "contrastive" && survey.scored) {
    objective["loss"] = "cosine_mse";
    objective["largest_score"] = scale_of_scores(survey.largest_score);
    choices.back() = {"objective", "contrastive by scores",
                      "pairs with numbers: the cosine of a pair is to be its score over " +
                          number_text(scale_of_scores(survey.largest_score))};
  }
}

void Draft::choose_data() {
  const Survey& survey = input_.survey;
  Json& data = root_["data"];
  const bool chat = survey.format == "chat", packed = chat && !survey.pairs;
  if (!chat) data["columns"] = survey.columns;
  if (!asks("data", "valid") && !asks("data", "valid_fraction")) {
    const HeldOutShare held = choose_held_out(survey.places, survey.most_held_out);
    data["valid_fraction"] = held.fraction;
    if (held.rows > 0) choices.push_back({"held out", counted(held.rows, "row"), "to be judged by before and after"});
    else
      choices.push_back(
          {"held out", "nothing", "rows that begin alike must stay on one side, and each label must be learned from"});
  }
  const RowLength length = choose_length(survey.lengths, input_.max_positions, packed);
  data["sequence_length"] = length.tokens;
  if (!asks("data", "sequence_length"))
    choices.push_back({"length", counted(static_cast<uint64_t>(length.tokens), "token"), length_why(length)});
  if (survey.objective == "seq2seq") {
    const RowLength output = choose_length(survey.output_lengths, input_.max_positions, false);
    data["output_length"] = output.tokens;
    choices.push_back({"output", counted(static_cast<uint64_t>(output.tokens), "token"), length_why(output)});
  }
  data["long_rows"] = "cut";
  if (packed) data["packing"] = true;
}

// Epochs, and rows of a step: of packed rows as many as hold that many conversations.
void Draft::choose_steps() {
  const Survey& survey = input_.survey;
  const bool table = survey.format == "table", packed = !table && !survey.pairs;
  epochs_ = choose_epochs(survey.rows, table);
  const int64_t least = survey.objective == "contrastive" ? 8 : 4;
  rows_per_step_ = choose_rows_per_step(survey.rows, epochs_, least, most_rows_of_step(survey.objective));
  if (!packed) return;
  const auto length = static_cast<double>(root_["data"]["sequence_length"].get<int64_t>());
  const double together = std::max(length / mean_of(survey.lengths), 1.0);
  rows_per_step_ = std::max<int64_t>(std::llround(static_cast<double>(rows_per_step_) / together), 1);
}

bool Draft::parts_batch() const { return input_.survey.objective != "contrastive" || input_.survey.scored; }

bool Draft::halve_batch() {
  constexpr int64_t kLeastCompared = 4;
  if (parts_batch() || rows_per_step_ < 2 * kLeastCompared) return false;
  rows_per_step_ /= 2;
  return true;
}

Json Draft::for_way(std::string_view way) const {
  Json root = root_;
  Json& train = root["train"];
  train["batch_size"] = rows_per_step_;
  train["epochs"] = epochs_;
  train["dtype"] = precision_name(fastest_precision());
  train["optimizer"] = {{"name", "adamw"},
                        {"lr", 0},
                        {"betas", {0.9, 0.999}},
                        {"weight_decay", input_.survey.format == "chat" ? 0.0 : 0.01}};
  train["schedule"] = {{"name", "cosine"}, {"warmup_steps", 0}};
  train["grad_clip"] = 1.0;
  train["eval_first"] = true;
  if (input_.survey.objective == "classification") train["best_metric"] = "f1";
  if (input_.survey.scored) train["best_metric"] = "spearman";
  if (input_.survey.objective == "seq2seq") root["samples"] = {{"outputs", 50}};
  if (way == kFullWay) return root;
  root["adapter"] = {{"type", "lora"}, {"r", kAdapterRank}, {"alpha", kAdapterRank}, {"targets", "all-linear"}};
  if (way == kQloraWay) root["model"]["quantize"] = {{"type", "q8_0"}};
  return root;
}

// What the user says takes the place of what is chosen, and of what cannot stand beside it.
Result<ConfigDocument> Draft::with_asked(Json root) const {
  Json& train = root["train"];
  if (asks("train", "steps") || asks("train", "epochs") || asks("train", "minutes")) {
    train.erase("epochs");
    train.erase("minutes");
  }
  if (asks("train", "global_batch")) train.erase("gradient_accumulation");
  if (json_object(json_object(input_.asked, "train"), "optimizer").contains("name"))
    train["optimizer"] = Json::object();  // each has rates and keys of its own
  if (asks("data", "valid")) root["data"].erase("valid_fraction");
  if (asks("objective", "name")) {
    root["objective"] = Json::object();
    train.erase("best_metric");
  }
  if (asks("adapter", "init_from")) root["adapter"] = Json::object();
  else if (asks("adapter", "r") && !asks("adapter", "alpha") && root.contains("adapter"))
    root["adapter"].erase("alpha");
  ConfigDocument document{.root = std::move(root), .file = "tune.yaml"};
  for (const std::string& assignment : input_.assignments) MALMOI_TRY(override_config(document, assignment));
  leave_out_null(document.root, "adapter");
  leave_out_null(document.root["model"], "quantize");
  return document;
}

Result<ConfigDocument> Draft::planned(std::string_view way, int64_t memory_limit) const {
  Json root = for_way(way);
  const bool batch_is_asked =
      asks("train", "batch_size") || asks("train", "gradient_accumulation") || asks("train", "global_batch");
  if (!batch_is_asked && !asks("train", "memory_limit")) root["train"]["memory_limit"] = std::to_string(memory_limit);
  return with_asked(std::move(root));
}

Result<ConfigDocument> Draft::finished(std::string_view way, const PlanReport& plan, double minutes) const {
  Json root = for_way(way);
  Json& train = root["train"];
  if (!asks("train", "batch_size") && !asks("train", "gradient_accumulation") && !asks("train", "global_batch")) {
    train["batch_size"] = plan.batch_size;
    train["gradient_accumulation"] = plan.gradient_accumulation;
  }
  train["checkpointing"] = plan.checkpointing;
  int64_t steps = plan.steps;
  if (minutes > 0) {
    train.erase("epochs");
    train["minutes"] = minutes;
    steps = std::clamp<int64_t>(static_cast<int64_t>(60 * minutes / plan.seconds_per_step), 1, steps);
  } else {
    train["eval_every"] = std::max<int64_t>((steps + kEvaluationsOfRun - 1) / kEvaluationsOfRun, 1);
  }
  if (asks("train", "minutes")) train.erase("eval_every");
  train["optimizer"]["lr"] = choose_rate(input_.survey.objective, way != kFullWay, input_.parameters, steps);
  train["schedule"]["warmup_steps"] = static_cast<int64_t>(std::ceil(kWarmupShare * static_cast<double>(steps)));
  return with_asked(std::move(root));
}

}  // namespace malmoi::app
