// Options and printing that commands share.
#include "cli/command.h"

#include <fmt/format.h>

#include "base/parallel.h"
#include "base/shown.h"

namespace malmoi::cli {

void add_json_flag(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "print one JSON object on stdout and nothing else");
}

void add_threads_option(CLI::App& command) {
  command
      .add_option_function<int>(
          "--threads", [](int n) { set_num_threads(n); }, "compute threads (default: all cores)")
      ->check(CLI::Range(1, 1024));
}

void add_dtype_option(CLI::App& command, DType& dtype) {
  add_choice(command, "--dtype", dtype, {{"f32", DType::kF32}, {"bf16", DType::kBF16}},
             "type of products: f32 or bf16");
}

void add_adapter_option(CLI::App& command, std::vector<Path>& adapters) {
  command.add_option_function<Path>(
      "--adapter", [&adapters](const Path& adapter) { adapters = {adapter}; },
      "a LoRA adapter around the model: a folder as PEFT saves it, or a GGUF file");
}

void add_chat_template_option(CLI::App& command, std::string& choice) {
  command.add_option("--chat-template", choice, "auto: the model's own, or the plain one where it has none; plain")
      ->check(CLI::IsMember({"auto", "plain"}));
}

}  // namespace malmoi::cli
