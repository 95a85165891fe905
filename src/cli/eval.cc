// `malmoi eval`: perplexity and bits a byte on held-out text.
#include "app/eval/eval.h"

#include "cli/command.h"

namespace malmoi::cli {

void add_eval(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::EvalOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("eval", "how well a model predicts held-out text");
  command->footer("Example: malmoi eval --model runs/first/model --text corpus --json");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--text", o->text, "built corpus (its validation split), .jsonl, .jsonl.zst or text files");
  command->add_option("--tokens", o->tokens, "flat ids (.bin) instead of text");
  command->add_option("--split", o->split, "of a built corpus")->check(CLI::IsMember({"valid", "test", "train"}));
  command->add_option("--window", o->perplexity.window, "tokens a window (default: the model's context)")
      ->check(CLI::Range(int64_t{1}, INT64_MAX));
  using eval::Convention;
  add_choice(*command, "--convention", o->perplexity.convention,
             {{"strided", Convention::kStrided}, {"llama.cpp", Convention::kLlamaCpp}},
             "strided (windows overlap by half) or llama.cpp (side by side, second halves)");
  command->add_option("--max-documents", o->max_documents, "stop after so many")
      ->check(CLI::Range(int64_t{0}, INT64_MAX));
  add_dtype_option(*command, o->dtype);
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json]() -> Status {
      auto report = app::evaluate(*o, invocation.terminal.job());
      invocation.terminal.finish();
      return print_report(report, *json, 18);
    };
  });
}

}  // namespace malmoi::cli
