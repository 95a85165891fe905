// `malmoi train` and `malmoi plan`.
#include "app/train/plan.h"
#include "app/train/train.h"

#include <fmt/format.h>

#include "base/log.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

struct TrainCommand {
  Path config;
  std::vector<std::string> overrides;
  app::TrainOptions train;
  app::PlanOptions plan;
  bool json = false;
};

Result<ConfigDocument> read(const TrainCommand& o) {
  MALMOI_ASSIGN(ConfigDocument document, read_config(o.config));
  for (const std::string& assignment : o.overrides) MALMOI_TRY(override_config(document, assignment));
  return document;
}

Status run_train(const TrainCommand& o, Terminal& terminal) {
  MALMOI_ASSIGN(ConfigDocument document, read(o));
  MALMOI_ASSIGN(app::TrainReport report, app::train(document, o.train, terminal.job()));
  terminal.finish();
  const std::string made = report.adapter_parameters ? "adapter" : "model";
  if (o.json) print_json(to_json(report));
  else
    terminal.job().message(fmt::format("{} after {} steps in {}; the {} is in {}", report.status, report.steps,
                                       format_duration(report.seconds), made,
                                       ConfigReader(document).text("out", "") + "/" + made));
  return {};
}

// The same run by all weights, an adapter, and one around a base in blocks, side by side.
void print_ways(const app::PlanReport& plan) {
  if (plan.ways.empty()) return;
  fmt::print("ways         {:<8}{:>12}{:>12}{:>16}\n", "", "trained", "memory", "time");
  for (const app::PlanReport::Way& way : plan.ways)
    fmt::print("             {:<8}{:>12}{:>12}{:>16}{}{}\n", way.name, format_count(static_cast<double>(way.trained)),
               format_bytes(static_cast<double>(way.memory)), format_duration(way.seconds),
               way.name == plan.way ? "  (this configuration)" : "", way.fits ? "" : "  (does not fit)");
}

Status run_plan(const TrainCommand& o, const Terminal& terminal) {
  MALMOI_ASSIGN(ConfigDocument document, read(o));
  MALMOI_ASSIGN(app::PlanReport p, app::plan(document, o.plan, terminal.job().stop));
  if (o.json) {
    print_json(to_json(p));
    return {};
  }
  auto bytes = [](size_t n) { return format_bytes(static_cast<double>(n)); };
  fmt::print("model        {}, {} parameters\n", p.architecture, format_count(static_cast<double>(p.parameters)));
  fmt::print("step         {} tokens, {} FLOP\n", p.tokens_per_step, format_count(p.flops_per_step()));
  std::string more = p.memory.answers > 0 ? "answers " + bytes(p.memory.answers) + ", " : "";
  if (p.memory.asked > 0) more += "a teacher, before the steps, " + bytes(p.memory.asked) + ", ";
  if (p.memory.judges > 0) more += "reward models " + bytes(p.memory.judges) + ", ";
  fmt::print("memory       {} (weights {}, gradients {}, optimizer {}, activations {}, {}process {})\n",
             bytes(p.memory.total()), bytes(p.memory.weights), bytes(p.memory.gradients), bytes(p.memory.optimizer),
             bytes(p.memory.activations), more, bytes(p.memory.process));
  if (p.does_not_fit.empty())
    fmt::print("machine      {} of memory: it fits\n", bytes(static_cast<size_t>(p.machine_memory)));
  else fmt::print("machine      it does not fit: {}; {}\n", p.does_not_fit, p.remedy);
  fmt::print("speed        about {} tokens/s in {} ({} FLOP/s {} in products)\n", format_count(p.tokens_per_second()),
             p.dtype, format_count(p.flops_per_second), p.measured ? "measured" : "given");
  fmt::print("time         about {} for {} steps, {} tokens\n",
             format_duration(p.seconds_per_step * static_cast<double>(p.steps)), p.steps,
             format_count(static_cast<double>(p.tokens_per_step * p.steps)));
  print_ways(p);
  return {};
}

void add_override_options(CLI::App& command, const std::shared_ptr<TrainCommand>& o) {
  command.add_option("--set", o->overrides, "override a key: a.b=value (may be repeated)");
  command.add_option_function<std::string>(
      "--memory-limit", [o](const std::string& text) { o->overrides.push_back("train.memory_limit=" + text); },
      "choose checkpointing and the largest batch that fit, as 2GB");
}

}  // namespace

void add_train(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<TrainCommand>();
  CLI::App* command = root.add_subcommand("train", "train a model from a configuration");
  command->footer(
      "Example: malmoi train recipes/shakespeare-char.yaml --set train.minutes=0.5\n"
      "Ctrl-C leaves a checkpoint; --resume goes on from it.");
  command->add_option("config", o->config, "training configuration (YAML)")->required();
  add_override_options(*command, o);
  command->add_flag("--resume", o->train.resume, "go on from the newest good checkpoint");
  command->add_option("--profile", o->train.trace, "print time a kernel and write a Chrome trace here");
  add_json_flag(*command, o->json);
  add_threads_option(*command);
  command->callback(
      [&invocation, o] { invocation.run = [&invocation, o] { return run_train(*o, invocation.terminal); }; });
}

void add_plan(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<TrainCommand>();
  CLI::App* command = root.add_subcommand("plan", "parameters, FLOPs, memory and time of a training configuration");
  command->footer(
      "For another machine, name its memory and what its products reach (`malmoi plan` prints that of this "
      "one).\nExample: "
      "malmoi plan recipes/shakespeare-char.yaml --memory 512GB --rate 4e12");
  command->add_option("config", o->config, "training configuration (YAML)")->required();
  add_override_options(*command, o);
  command->add_option("--memory", o->plan.memory, "of the machine that is planned for, as 64GB (default: this one's)");
  command->add_option("--rate", o->plan.rate, "its products in FLOP/s, as 2e12 (default: measured here)")
      ->check(CLI::PositiveNumber);
  add_json_flag(*command, o->json);
  add_threads_option(*command);
  command->callback(
      [&invocation, o] { invocation.run = [&invocation, o] { return run_plan(*o, invocation.terminal); }; });
}

}  // namespace malmoi::cli
