// `malmoi vocab`: fewer tokens, or more.
#include "app/compress/vocab.h"

#include "cli/command.h"

namespace malmoi::cli {
namespace {

constexpr int kVocabWidth = 18;

void add_trim(CLI::App& parent, Invocation& invocation) {
  auto o = std::make_shared<app::VocabTrimOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = parent.add_subcommand("trim", "a model with the tokens alone that a corpus uses");
  command->footer("Example: malmoi vocab trim --model models/base --data corpus --out models/korean --min-count 2");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--data", o->data, "texts that shall be cut into the same tokens as before")->required();
  command->add_option("--out", o->out, "the model folder to write")->required();
  command->add_option("--size", o->rule.size, "of the vocabulary at most: the most frequent tokens stay")
      ->check(CLI::PositiveNumber);
  command->add_option("--min-count", o->rule.min_count, "tokens that the texts have less often go (default: 1)")
      ->check(CLI::PositiveNumber);
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json]() -> Status {
      auto report = app::trim_model(*o, invocation.terminal.job());
      invocation.terminal.finish();
      return print_report(report, *json, kVocabWidth);
    };
  });
}

void add_extend(CLI::App& parent, Invocation& invocation) {
  auto o = std::make_shared<app::VocabExtendOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      parent.add_subcommand("extend", "a model with more tokens, whose rows are means of their old ones");
  command->footer(
      "Example: malmoi vocab extend --model models/base --data corpus --add 4000 --out models/more\n"
      "         malmoi vocab extend --model models/base --tokens words.txt --out models/more");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--out", o->out, "the model folder to write")->required();
  command->add_option("--tokens", o->tokens, "a file with a token a line, found whole in any text");
  command->add_option("--data", o->data,
                      "texts from which --add tokens are learned (BPE), and that --init focus reads");
  command->add_option("--add", o->add, "so many tokens, or as many as stand at least twice")
      ->check(CLI::PositiveNumber);
  add_choice(*command, "--init", o->focus, {{"mean", false}, {"focus", true}},
             "rows of new tokens: mean of their old pieces (default), or focus: of old tokens in like company");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json]() -> Status {
      auto report = app::extend_model(*o, invocation.terminal.job());
      invocation.terminal.finish();
      return print_report(report, *json, kVocabWidth);
    };
  });
}

}  // namespace

void add_vocab(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand("vocab", "a model's vocabulary: trim it to a corpus, or extend it");
  command->require_subcommand(1);
  command->footer("Example: malmoi vocab trim --model models/base --data corpus --out models/small");
  add_trim(*command, invocation);
  add_extend(*command, invocation);
}

}  // namespace malmoi::cli
