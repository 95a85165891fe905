// `malmoi bench infer` and `malmoi bench memory`.
#include "app/bench/infer.h"

#include "cli/command.h"
#include "cli/load_options.h"

namespace malmoi::cli {
void add_bench_infer(CLI::App& bench, Invocation& invocation) {
  auto o = std::make_shared<app::BenchInferOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = bench.add_subcommand("infer", "reading a prompt and writing tokens, on random ids");
  command->footer("Example: malmoi bench infer --model runs/first/model --prompt 512 --gen 128 --json");
  command->add_option("--model", o->model, "a model's folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--prompt", o->prompt, "tokens read at once")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  command->add_option("--gen", o->generate, "tokens written")->check(CLI::Range(0, 1 << 20))->capture_default_str();
  command->add_option("--batch", o->batch, "sequences that write together")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  auto* depth = command->add_option("--depth", o->depth, "tokens each sequence holds before (128 with --batch)");
  depth->check(CLI::Range(0, 1 << 20));
  command->add_option("--repeat", o->repeat, "counted runs, after one that is not")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_dtype_option(*command, o->dtype);
  add_key_type_option(*command, o->keys);
  add_threads_option(*command);
  add_json_flag(*command, *json);
  command->callback([&invocation, o, json, depth] {
    if (o->batch > 1 && depth->count() == 0) o->depth = 128;
    invocation.run = [o, json] { return print_report(app::bench_infer(*o), *json, kFigureWidth); };
  });
}

void add_bench_memory(CLI::App& bench, Invocation& invocation) {
  auto repeat = std::make_shared<int>(5);
  auto json = std::make_shared<bool>(false);
  CLI::App* command = bench.add_subcommand("memory", "reading memory on all threads");
  command->footer("Example: malmoi bench memory --threads 2 --json");
  command->add_option("--repeat", *repeat, "counted runs, after one that is not")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_threads_option(*command);
  add_json_flag(*command, *json);
  command->callback([&invocation, repeat, json] {
    invocation.run = [repeat, json] { return print_report(app::bench_memory(*repeat), *json, kFigureWidth); };
  });
}

}  // namespace malmoi::cli
