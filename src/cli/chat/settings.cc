#include "cli/chat/settings.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/config.h"
#include "cli/chat/commands.h"
#include "cli/sampling_options.h"
#include "cli/usage.h"

namespace malmoi::cli {
namespace {

constexpr const char* kEmptyList = "[]";  // as CLI11 spells it

// The options as `malmoi chat` declares them, around values of our own.
class DeclaredOptions {
 public:
  explicit DeclaredOptions(const app::GenerateOptions& options) : values_(options), app_("", "/set") {
    app_.set_help_flag();
    add_sampling_options(app_, values_);
    check_integers(app_);
    keep_brackets(app_);
  }

  std::vector<Setting> settings() {
    std::vector<Setting> all;
    for (CLI::Option* option : app_.get_options()) {
      if (option->get_items_expected_max() == 0) continue;  // a flag
      option->capture_default_str();
      const std::string value = option->get_default_str();
      all.push_back({option->get_lnames().front(), value == kEmptyList ? "" : value, option->get_description()});
    }
    return all;
  }

  Result<app::GenerateOptions> with(const std::string& name, const std::string& value) {
    std::string program, word = "--" + name + "=" + value;
    char* words[] = {program.data(), word.data()};
    try {
      app_.parse(words_as_written(app_, 2, words));
    } catch (const CLI::ParseError& error) {
      Error explained = explain_parse_error(app_, error);
      explained.remedy = "/set shows what there is";
      return explained;
    }
    MALMOI_TRY(values_.sampling.check());
    return values_;
  }

 private:
  app::GenerateOptions values_;
  CLI::App app_;
};

std::string as_spelled(std::string name) {
  std::ranges::replace(name, '_', '-');
  return name;
}

Result<Setting> find_setting(const app::GenerateOptions& options, const std::string& name) {
  std::vector<std::string> names;
  for (Setting& setting : settings_of(options)) {
    if (setting.name == as_spelled(name)) return std::move(setting);
    names.push_back(setting.name);
  }
  const std::string near = nearest_word(as_spelled(name), names);
  return usage_error("there is no setting '" + name + "'", "/set",
                     near.empty() ? "/set shows what there is" : "did you mean " + near + "?");
}

std::string shown(const Setting& setting) {
  return fmt::format("  {:<19} {:<7} {}", setting.name, setting.value, setting.what);
}

}  // namespace

std::vector<Setting> settings_of(const app::GenerateOptions& options) { return DeclaredOptions(options).settings(); }

Status change_setting(app::GenerateOptions& options, const std::string& name, const std::string& value) {
  MALMOI_ASSIGN(Setting setting, find_setting(options, name));
  MALMOI_ASSIGN(options, DeclaredOptions(options).with(setting.name, value));
  return {};
}

Status set_option(CommandContext& context, const std::string& words) {
  app::GenerateOptions options = context.chat.options();
  if (words.empty()) {
    for (const Setting& setting : settings_of(options)) context.tell(shown(setting));
    return {};
  }
  const size_t end = std::min(words.find_first_of(" \t\n"), words.size());
  const std::string name = words.substr(0, end);
  if (end < words.size()) {
    const std::string value = words.substr(words.find_first_not_of(" \t\n", end));
    MALMOI_TRY(change_setting(options, name, value));
    MALMOI_TRY(context.chat.set_options(options));
  }
  MALMOI_ASSIGN(Setting now, find_setting(options, name));
  context.tell(shown(now));
  return {};
}

}  // namespace malmoi::cli
