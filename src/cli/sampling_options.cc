#include "cli/sampling_options.h"

#include <algorithm>

namespace malmoi::cli {
namespace {

constexpr const char* kGroup = "Sampling (see docs/generation.md)";

std::string option_name(std::string_view field) {
  std::string name(field);
  std::ranges::replace(name, '_', '-');
  return "--" + name;
}

// Every number among the options, by the table that requests and recipes are read by.
void add_numbers(CLI::App& command, chat::SamplingOptions& sampling) {
  for (const chat::SamplingField& field : chat::sampling_fields()) {
    std::string names = option_name(field.name);
    if (!field.alias.empty()) names += "," + option_name(field.alias);
    std::visit([&](auto member) { command.add_option(names, sampling.*member, field.help)->group(kGroup); },
               field.member);
  }
}

void add_breakers(CLI::App& command, chat::SamplingOptions& sampling) {
  auto set = [&sampling](const std::vector<std::string>& texts) {
    sampling.dry_sequence_breakers = texts == std::vector<std::string>{"none"} ? std::vector<std::string>{} : texts;
  };
  command
      .add_option_function<std::vector<std::string>>(
          "--dry-sequence-breaker", set,
          "a text at which DRY's repetitions end (may be repeated), in place of a new line : \" and *; none: no text")
      ->allow_extra_args(false)
      ->group(kGroup);
}

}  // namespace

void add_sampling_options(CLI::App& command, app::GenerateOptions& o) {
  command.add_option("--max-tokens", o.max_tokens, "tokens to generate at the most")
      ->check(CLI::Range(int64_t{0}, INT64_MAX));
  command.add_option("--stop", o.stop, "a text that ends the answer (may be repeated)");
  command.add_flag("--ignore-eos", o.ignore_eos, "go on after the end of text");
  command.add_option("--seed", o.sampling.seed, "of the draws")->group(kGroup);
  add_numbers(command, o.sampling);
  add_breakers(command, o.sampling);
  command
      .add_option("--logit-bias", o.token_biases, "ID=VALUE or TEXT=VALUE: added to a token's logit (may be repeated)")
      ->allow_extra_args(false)
      ->group(kGroup);
}

app::Given given_in(const CLI::App& command) {
  return [&command](std::string_view name) {
    const CLI::Option* option = command.get_option_no_throw("--" + std::string(name));
    return option && option->count() > 0;
  };
}

}  // namespace malmoi::cli
