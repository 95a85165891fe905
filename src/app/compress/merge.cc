#include "app/compress/merge.h"

#include <algorithm>
#include <map>

#include "app/compress/beside.h"
#include "app/use/generate.h"

namespace malmoi::app {
namespace {

constexpr size_t kShortestTemplate = 20;  // shorter, or without a brace, it is a name

// The template that most of the models have; of as many the first's.
Result<std::string> template_of_most(std::span<const Path> folders) {
  std::vector<std::string> found;
  for (const Path& folder : folders) {
    MALMOI_ASSIGN(std::string text, template_of_folder(folder));
    if (!text.empty()) found.push_back(std::move(text));
  }
  std::string best;
  std::ptrdiff_t most = 0;
  for (const std::string& text : found) {
    const auto times = std::ranges::count(found, text);
    if (times > most) {
      most = times;
      best = text;
    }
  }
  return best;
}

Status check_template(const merge::Recipe& recipe) {
  const std::string& text = recipe.chat_template;
  if (text.empty() || text == "auto") return {};
  if (text.size() >= kShortestTemplate && text.find('{') != std::string::npos) return {};
  return unsupported("templates by name ('" + text + "') are not here", recipe.where + ": chat_template",
                     "say auto, or give the template's text");
}

Status write_template(const merge::Recipe& recipe, std::span<const Path> folders, const Path& out) {
  std::string text = recipe.chat_template;
  if (text == "auto") {
    MALMOI_ASSIGN(text, template_of_most(folders));
  }
  return text.empty() ? Status() : set_template(out, text);
}

Result<std::vector<Path>> folders_of(const merge::Recipe& recipe, const Path& out, const Job& job) {
  std::vector<Path> folders;
  for (const std::string& name : recipe.models()) {
    MALMOI_ASSIGN(const Path folder, find_model(name, job.message));
    std::error_code ignored;
    if (std::filesystem::equivalent(folder, out, ignored))
      return usage_error("is the folder of '" + name + "', which is merged", out.string(), "write to another folder");
    folders.push_back(folder);
  }
  return folders;
}

}  // namespace

Json to_json(const ModelMergeReport& report) {
  return {{"out", report.out.string()},
          {"method", report.method},
          {"models", report.models},
          {"tensors", report.written.tensors},
          {"parameters", report.written.parameters},
          {"bytes", report.written.bytes},
          {"layers", report.written.layers},
          {"vocab_size", report.written.vocab_size}};
}

Result<ModelMergeReport> merge_by_recipe(const ModelMergeOptions& options, const Job& job) {
  MALMOI_ASSIGN(const ConfigDocument document, read_config(options.recipe));
  MALMOI_ASSIGN(const merge::Recipe recipe, merge::read_recipe(document, job.warn));
  MALMOI_TRY(check_template(recipe));
  MALMOI_ASSIGN(const std::vector<Path> folders, folders_of(recipe, options.out, job));
  ModelMergeReport report{.out = options.out, .method = std::string(recipe.method->name), .models = recipe.models()};
  MALMOI_ASSIGN(report.written, merge::merge_models(recipe, folders, options.out, options.seed, job));
  MALMOI_TRY(copy_beside(folders[merge::tokenizer_model(recipe)], options.out));
  MALMOI_TRY(write_template(recipe, folders, options.out));
  MALMOI_ASSIGN(const std::string text, read_file(options.recipe));
  MALMOI_TRY(write_file(options.out / "mergekit_config.yml", text));
  return report;
}

}  // namespace malmoi::app
