// `malmoi doctor`: what this machine has, what Malmoi uses of it, and what is missing.
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
      print_fields(to_json(app::doctor()), *json, 20);
      return {};
    };
  });
}

}  // namespace malmoi::cli
