// `malmoi bench`: figures of this machine; one line a sub-command in the table.
#include <iterator>
#include <set>

#include "app/bench/train.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

void add_step_options(CLI::App& command, app::BenchTrainOptions& o) {
  command.add_option("--config", o.config, "a Hugging Face config.json")->required();
  command.add_option("--objective", o.objective, "causal_lm (default), masked_lm or seq2seq")
      ->check(CLI::IsMember(std::set<std::string>(std::begin(app::kBenchObjectives), std::end(app::kBenchObjectives))));
  command.add_option("--batch", o.batch, "sequences")->check(CLI::Range(1, 1 << 20));
  command.add_option("--seq", o.sequence_length, "tokens a sequence")->check(CLI::Range(1, 1 << 20));
  command.add_option("--steps", o.steps, "counted steps")->check(CLI::Range(1, 1 << 20));
  std::map<std::string, Precision> precisions;
  for (size_t i = 0; i < kPrecisionNames.size(); ++i)
    precisions[std::string(kPrecisionNames[i])] = static_cast<Precision>(i);
  add_choice(command, "--dtype", o.precision, precisions, "type of products: bf16, f32 or int8");
  add_threads_option(command);
}

void add_bench_train(CLI::App& bench, Invocation& invocation) {
  auto o = std::make_shared<app::BenchTrainOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = bench.add_subcommand("train", "whole training steps on random ids");
  command->footer(
      "Example: malmoi bench train --config config.json --batch 4 --seq 256 --dtype bf16 --steps 10 --json");
  add_step_options(*command, *o);
  command->add_option("--optimizer", o->optimizer, "adamw, lion, sgd, muon or adafactor")
      ->check(CLI::IsMember(app::optimizer_names()));
  using autograd::Checkpointing;
  add_choice(*command, "--checkpointing", o->checkpointing,
             {{"none", Checkpointing::kNone}, {"cheap", Checkpointing::kCheap}, {"block", Checkpointing::kBlock}},
             "none, cheap or block");
  command->add_flag("--profile", o->profile, "print time a kernel");
  command->add_option("--trace", o->trace, "write a Chrome trace");
  add_json_flag(*command, *json);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json] {
      return print_report(app::bench_train(*o, invocation.terminal.job()), *json, kFigureWidth);
    };
  });
}

void add_bench_gemm(CLI::App& bench, Invocation& invocation) {
  auto o = std::make_shared<app::BenchTrainOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = bench.add_subcommand("gemm", "the products of a training step alone");
  command->footer("Example: malmoi bench gemm --config config.json --batch 4 --seq 256 --dtype bf16 --json");
  add_step_options(*command, *o);
  add_json_flag(*command, *json);
  command->callback([&invocation, o, json] {
    invocation.run = [o, json] { return print_report(app::bench_gemm(*o), *json, kFigureWidth); };
  });
}

// One line a bench.
constexpr AddCommand kBenches[] = {
    add_bench_train, add_bench_gemm, add_bench_tokenizer, add_bench_infer, add_bench_memory,
};

}  // namespace

void add_bench(CLI::App& root, Invocation& invocation) {
  CLI::App* bench = root.add_subcommand("bench", "measure this machine: train, gemm, tokenizer, infer, memory");
  bench->footer("Example: malmoi bench train --config config.json --batch 4 --seq 256 --json");
  bench->require_subcommand(1);
  for (AddCommand add : kBenches) add(*bench, invocation);
}

}  // namespace malmoi::cli
