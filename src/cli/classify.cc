// `malmoi classify` and `malmoi fill`: what encoders say of texts.
#include <fmt/format.h>

#include "app/use/classify_lines.h"
#include "app/use/fill.h"
#include "base/shown.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_classify(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<app::ClassifyOptions>();
  CLI::App* command =
      root.add_subcommand("classify", "what a model says of each line, as JSON: labels, a number, an answer");
  command->footer(
      "Example: malmoi classify --model runs/sentiment/best reviews.txt\n"
      "         echo '{\"question\": \"Who came?\", \"context\": \"Mina came home.\"}' | malmoi classify --model "
      "runs/squad/best");
  command->add_option("--model", options->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option(
      "file", options->file,
      "a text per line (default: standard input); of a question answering model {\"question\": ..., \"context\": ...}");
  command->add_flag(
      "--explain", options->explain,
      "each token's share of the label's logit, by integrated gradients, and what they lack of their sum");
  add_adapter_option(*command, options->adapters);
  add_dtype_option(*command, options->dtype);
  add_threads_option(*command);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] {
      return app::classify(
          *options,
          [](const app::ClassifiedLine& line) -> Status {
            print_json(to_json(line));
            return {};
          },
          invocation.terminal.job());
    };
  });
}

void add_fill(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<app::FillOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("fill", "what a masked language model puts into the gaps of a text");
  command->footer("Example: malmoi fill --model runs/encoder/best 'the [MASK] sat on the mat'");
  command->add_option("--model", options->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("text", options->text, "the text, with the vocabulary's mask in it")->required();
  command->add_option("--top", options->top, "words for each gap")->check(CLI::Range(1, 1000));
  command->add_option("--words", options->words, "the probabilities of these words instead")->delimiter(',');
  add_json_flag(*command, *json);
  add_adapter_option(*command, options->adapters);
  add_dtype_option(*command, options->dtype);
  add_threads_option(*command);
  command->callback([&invocation, options, json] {
    invocation.run = [&invocation, options, json]() -> Status {
      MALMOI_ASSIGN(const chat::FilledGaps filled, app::fill(*options, invocation.terminal.job()));
      if (*json) {
        print_json(app::to_json(filled));
        return {};
      }
      for (const auto& gap : filled.gaps) {
        for (const auto& word : gap) fmt::print("{:>8.2f} %  {}\n", 100 * word.probability, show_controls(word.text));
        fmt::print("\n");
      }
      fmt::print("{}\n", show_controls(filled.text));
      return {};
    };
  });
}

}  // namespace malmoi::cli
