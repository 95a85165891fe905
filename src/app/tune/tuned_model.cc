#include "app/tune/tuned_model.h"

#include <algorithm>

#include "app/use/generate.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

using model::Task;

// What a goal needs: the head that is trained, and in words.
struct NeededKind {
  Task task;
  const char* words;
};
NeededKind needed_for(TuneGoal goal) {
  switch (goal) {
    case TuneGoal::kChat: return {Task::kCausalLm, "a decoder, such as llama or qwen3"};
    case TuneGoal::kClassify: return {Task::kClassification, "an encoder, or another family with a head that sorts"};
    case TuneGoal::kTranslate: return {Task::kSeq2Seq, "an encoder-decoder, such as marian, bart or t5"};
    case TuneGoal::kEmbed: return {Task::kFeatures, "an encoder, such as bert or modernbert"};
  }
  return {Task::kCausalLm, ""};
}

bool stands_unquoted(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '/' || c == '=';
}

// By which requests call an adapter.
std::string served_as(const Path& run) {
  std::string name = run.lexically_normal().filename().string();
  if (name.empty()) name = run.lexically_normal().parent_path().filename().string();
  std::ranges::replace_if(
      name, [](char c) { return !stands_unquoted(c) || c == '/' || c == '='; }, '-');
  return name.empty() ? "tuned" : name;
}

}  // namespace

std::string shell_word(const std::string& word) {
  if (!word.empty() && std::ranges::all_of(word, stands_unquoted)) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Result<TunedModel> find_tuned_model(const std::string& name, TuneGoal goal, const Job& job) {
  TunedModel found{.name = name};
  MALMOI_ASSIGN(found.folder, find_model(name, job.message));
  std::error_code ignored;
  if (malmoi::exists(name)) found.name = std::filesystem::absolute(name, ignored).lexically_normal().string();
  MALMOI_ASSIGN(const auto published, model::load_config(found.folder));
  const NeededKind needed = needed_for(goal);
  const std::vector<std::string> labels =
      goal == TuneGoal::kClassify && published->labels.empty() ? std::vector<std::string>{"a", "b"} : published->labels;
  const auto with_head = model::load_config(found.folder, needed.task, labels);
  const bool reads_both_ways = published->task() != Task::kCausalLm && published->task() != Task::kSeq2Seq;
  if (!with_head.ok() || (goal == TuneGoal::kEmbed && !reads_both_ways))
    return unsupported("the model ('" + published->model_type() + "') is not of the kind that the goal " +
                           std::string(goal_name(goal)) + " needs",
                       found.folder.string(), std::string("give ") + needed.words);
  found.parameters = (*with_head)->parameter_count();
  found.max_positions = (*with_head)->max_positions();
  return found;
}

std::vector<std::string> commands_to_use(TuneGoal goal, const Path& run, const std::string& base, bool adapter) {
  const std::string model = shell_word(run.string());
  std::vector<std::string> commands;
  switch (goal) {
    case TuneGoal::kChat: commands = {"malmoi chat --model " + model}; break;
    case TuneGoal::kClassify: commands = {"malmoi classify --model " + model + " FILE"}; break;
    case TuneGoal::kTranslate: commands = {"malmoi generate --model " + model + " --prompt 'TEXT'"}; break;
    case TuneGoal::kEmbed: break;
  }
  if (!adapter) {
    commands.push_back("malmoi serve --model " + model);
    return commands;
  }
  const std::string merge =
      "malmoi adapter merge --model " + shell_word(base) + " --adapter " + model + " --out " + model + "/model";
  if (goal == TuneGoal::kEmbed) return {merge, "malmoi serve --model " + model};
  const std::string name = served_as(run);
  commands.push_back("malmoi serve --model " + shell_word(base) + " --adapter " +
                     shell_word(name + "=" + run.string()) + "  (requests name the model " + name + ")");
  commands.push_back(merge + "  (a whole model: then `malmoi serve --model " + model + "`)");
  return commands;
}

}  // namespace malmoi::app
