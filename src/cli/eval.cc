// `malmoi eval`: perplexity and bits per byte on held-out text; figures of a table of rows.
#include "app/eval/eval.h"

#include <fmt/format.h>

#include "app/eval/table_eval.h"

#include "cli/command.h"

namespace malmoi::cli {

namespace {

Status eval_table(const app::EvalOptions& options, app::TableEvalOptions table, const std::vector<std::string>& columns,
                  bool json, Invocation& invocation) {
  if (!options.text.empty() || options.tokens)
    return usage_error("stands beside --text or --tokens", "--table", "give one of them");
  table.model = options.model;
  table.limit = options.max_documents;
  table.adapters = options.adapters;
  for (const std::string& column : columns) {
    const size_t at = column.find('=');
    if (at == std::string::npos || at == 0) return usage_error("'" + column + "' is not role=column", "--columns");
    table.columns[column.substr(0, at)] = column.substr(at + 1);
  }
  auto report = app::evaluate_table(table, invocation.terminal.job());
  invocation.terminal.finish();
  if (!report.ok()) return report.error();
  if (json) print_json(to_json(*report));
  else fmt::print("{}", to_text(*report));
  return {};
}

}  // namespace

void add_eval(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::EvalOptions>();
  auto table = std::make_shared<app::TableEvalOptions>();
  auto columns = std::make_shared<std::vector<std::string>>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("eval", "how well a model predicts held-out text");
  command->footer(
      "Example: malmoi eval --model runs/first/model --text corpus --json\n"
      "         malmoi eval --model runs/names/best --table dev.jsonl --columns tokens=words labels=tags");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--text", o->text, "built corpus (its validation split), .jsonl, .jsonl.zst or text files");
  command->add_option("--tokens", o->tokens, "flat ids (.bin) instead of text");
  command->add_option(
      "--table", table->tables,
      "rows of a .tsv, .csv or .jsonl instead of text: labels, numbers, labels of words, answers or outputs");
  command->add_option("--baseline-table", table->train_tables, "rows that baselines learn from");
  command->add_option("--columns", *columns, "role=column, e.g. text=document label=label; source=ko target=en");
  command->add_option("--split", o->split, "of a built corpus")->check(CLI::IsMember({"valid", "test", "train"}));
  command->add_option("--window", o->perplexity.window, "tokens per window (default: the model's context)")
      ->check(CLI::Range(int64_t{1}, INT64_MAX));
  using eval::Convention;
  add_choice(*command, "--convention", o->perplexity.convention,
             {{"strided", Convention::kStrided}, {"llama.cpp", Convention::kLlamaCpp}},
             "strided (windows overlap by half) or llama.cpp (side by side, second halves)");
  command->add_option("--max-documents", o->max_documents, "stop after so many")
      ->check(CLI::Range(int64_t{0}, INT64_MAX));
  add_adapter_option(*command, o->adapters);
  add_dtype_option(*command, o->dtype);
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, command, o, table, columns, json] {
    if (command->count("--dtype") > 0) table->dtype = o->dtype;  // they differ where nobody says
    invocation.run = [&invocation, o, table, columns, json]() -> Status {
      if (!table->tables.empty()) return eval_table(*o, *table, *columns, *json, invocation);
      auto report = app::evaluate(*o, invocation.terminal.job());
      invocation.terminal.finish();
      return print_report(report, *json, 18);
    };
  });
}

}  // namespace malmoi::cli
