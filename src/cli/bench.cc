// `malmoi bench`: figures of this machine; one line a sub-command in the table.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/bench_train.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

void add_precision_option(CLI::App& command, Precision& precision) {
  command
      .add_option_function<std::string>(
          "--dtype",
          [&precision](const std::string& name) {
            auto at = std::find(kPrecisionNames.begin(), kPrecisionNames.end(), name);
            precision = static_cast<Precision>(at - kPrecisionNames.begin());
          },
          "type of products: bf16, f32 or int8")
      ->check(CLI::IsMember(std::vector<std::string>(kPrecisionNames.begin(), kPrecisionNames.end())));
}

void add_step_options(CLI::App& command, app::BenchTrainOptions& o) {
  command.add_option("--config", o.config, "a Hugging Face config.json")->required();
  command.add_option("--batch", o.batch, "sequences")->check(CLI::Range(1, 1 << 20));
  command.add_option("--seq", o.sequence_length, "tokens a sequence")->check(CLI::Range(1, 1 << 20));
  command.add_option("--steps", o.steps, "counted steps")->check(CLI::Range(1, 1 << 20));
  add_precision_option(command, o.precision);
  add_threads_option(command);
}

void finish(const Result<Json>& result, bool json, Status& status) {
  if (!result.ok()) {
    status = result.error();
    return;
  }
  if (json) {
    print_json(*result);
    return;
  }
  for (const auto& [key, value] : result->items()) fmt::print("{:<26} {}\n", key, dump_json(value));
}

void add_bench_train(CLI::App& bench, Invocation& invocation) {
  auto o = std::make_shared<app::BenchTrainOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = bench.add_subcommand("train", "whole training steps on random ids");
  command->footer(
      "Example: malmoi bench train --config config.json --batch 4 --seq 256 --dtype bf16 --steps 10 --json");
  add_step_options(*command, *o);
  command->add_option("--optimizer", o->optimizer, "adamw, muon, lion or sgd")
      ->check(CLI::IsMember({"adamw", "muon", "lion", "sgd"}));
  static const std::array<std::string, 3> kLevels = {"none", "cheap", "block"};
  command
      ->add_option_function<std::string>(
          "--checkpointing",
          [o](const std::string& name) {
            o->checkpointing =
                static_cast<autograd::Checkpointing>(std::find(kLevels.begin(), kLevels.end(), name) - kLevels.begin());
          },
          "none, cheap or block")
      ->check(CLI::IsMember(kLevels));
  command->add_flag("--profile", o->profile, "print time a kernel");
  command->add_option("--trace", o->trace, "write a Chrome trace");
  add_json_flag(*command, *json);
  command->callback([&invocation, o, json] {
    invocation.run = [o, json]() -> Status {
      Status status;
      finish(app::bench_train(*o), *json, status);
      return status;
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
    invocation.run = [o, json]() -> Status {
      Status status;
      finish(app::bench_gemm(*o), *json, status);
      return status;
    };
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
