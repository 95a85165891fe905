// `malmoi doctor`: what this machine has, what Malmoi uses of it, and what is missing.
#include <fmt/format.h>

#include "app/doctor.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_doctor(CLI::App& root, Invocation& invocation) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("doctor", "what this machine has, and what is missing");
  command->footer("Example: malmoi doctor --json");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, json] {
    invocation.run = [json]() -> Status {
      Json report = app::doctor();
      if (*json) {
        print_json(report);
        return {};
      }
      for (const auto& [key, value] : report.items())
        fmt::print("{:<20} {}\n", key, value.is_string() ? value.get<std::string>() : dump_json(value));
      return {};
    };
  });
}

}  // namespace malmoi::cli
