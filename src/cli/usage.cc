#include "cli/usage.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"

namespace malmoi::cli {
namespace {

// CLI11 alone would wrap -1, clip what is too large and read 010 as 8.
std::string strict_integer(std::string& text, bool is_signed) {
  bool negative = is_signed && text.starts_with('-');
  std::string_view digits = std::string_view(text).substr(negative ? 1 : 0);
  while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  uint64_t limit = !is_signed ? UINT64_MAX : static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || value > limit)
    return "'" + text + "' is not a whole number" + (is_signed ? "" : " from 0 on") + " of at most 64 bits";
  text = (negative ? "-" : "") + std::string(digits);
  return "";
}

// The innermost command that was named, and its words.
const CLI::App& named_command(const CLI::App& root, std::string& words) {
  const CLI::App* app = &root;
  words = root.get_name();
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    words += " " + app->get_name();
  }
  return *app;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names, std::string otherwise) {
  std::string near = nearest_word(word, names);
  return near.empty() ? otherwise : "did you mean '" + near + "'?";
}

Error unknown_option(const CLI::App& command, const std::string& word, const std::string& words) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  std::string name = word.substr(0, word.find('='));
  return usage_error("unknown option '" + name + "'", words, did_you_mean(name, names, "see " + words + " --help"));
}

// Stands before a word in brackets until it has been parsed; no one types it.
constexpr char kWordMark = '\x1f';

}  // namespace

void check_integers(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    std::string type = option->get_type_name();
    bool is_unsigned = type.starts_with("UINT");
    if (!is_unsigned && !type.starts_with("INT")) continue;
    if (type.find(":SIZE") != type.npos) continue;  // a number with a unit, such as 8GiB
    auto strict = [is_unsigned](std::string& text) { return strict_integer(text, !is_unsigned); };
    option->transform(CLI::Validator(strict, ""));
  }
  for (CLI::App* command : app.get_subcommands({})) check_integers(*command);
}

Error explain_parse_error(const CLI::App& root, const CLI::ParseError& error) {
  std::string words;
  const CLI::App& command = named_command(root, words);
  std::vector<std::string> left = root.remaining(true);
  for (const std::string& word : left) {
    if (word.size() > 1 && word[0] == '-') return unknown_option(command, word, words);
  }
  std::vector<std::string> commands = command_names(command);
  if (!commands.empty()) {
    std::string remedy = "use one of: " + listed(commands);
    if (left.empty()) return usage_error("a command is missing", words, remedy);
    return usage_error("unknown command '" + left.front() + "'", words, did_you_mean(left.front(), commands, remedy));
  }
  std::string what = left.empty() ? error.what() : "one word too many: '" + left.front() + "'";
  return usage_error(what, words, "see " + words + " --help");
}

void keep_brackets(CLI::App& app) {
  auto unmark = [](std::string& word) {
    if (word.starts_with(kWordMark)) word.erase(0, 1);
    return std::string();
  };
  for (CLI::Option* option : app.get_options()) {
    if (option->get_allow_extra_args()) option->transform(CLI::Validator(unmark, ""));
  }
  for (CLI::App* command : app.get_subcommands({})) keep_brackets(*command);
}

std::vector<std::string> words_as_written(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const CLI::App* command = &app;
  bool many = false;  // the option that the next words belong to takes any number of them
  for (std::string& word : words) {
    size_t value = 0;  // where it begins in the word
    if (word.starts_with("-")) {
      const size_t equals = word.find('=');
      const CLI::Option* option = command->get_option_no_throw(word.substr(0, equals));
      many = option && option->get_allow_extra_args();
      value = equals == word.npos ? word.size() : equals + 1;
    } else if (!many) {
      auto called = command->get_subcommands([&](const CLI::App* next) { return next->check_name(word); });
      if (!called.empty()) command = called.front();
    }
    const std::string_view said = std::string_view(word).substr(value);
    if (many && said.starts_with("[") && said.ends_with("]")) word.insert(value, 1, kWordMark);
  }
  std::reverse(words.begin(), words.end());
  return words;
}

}  // namespace malmoi::cli
