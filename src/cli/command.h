// What every command of the program shares: registration, global options, and the way a Status becomes an exit code.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/terminal.h"
#include "tensor/dtype.h"

namespace malmoi::cli {

/// State shared by the commands of one invocation. A command's callback stores its work in `run`;
/// main calls it after parsing, so that no error has to cross CLI11 as an exception.
struct Invocation {
  Terminal terminal;
  std::function<Status()> run;
  int exit_code = 0;  // of a run that is done with a remark: 3 where inputs had to be skipped
};

/// Adds one command (with its options and an example in its footer) to `root`.
using AddCommand = void (*)(CLI::App& root, Invocation& invocation);

/// `--json`: one JSON object on stdout and nothing else.
void add_json_flag(CLI::App& command, bool& json);
/// `--threads N`: compute threads for this invocation.
void add_threads_option(CLI::App& command);
/// `--dtype f32|bf16`: the type of products.
void add_dtype_option(CLI::App& command, DType& dtype);
/// `--adapter DIR`: a LoRA adapter around the model.
void add_adapter_option(CLI::App& command, std::vector<Path>& adapters);
/// `--chat-template auto|plain`: by which conversations become prompts.
void add_chat_template_option(CLI::App& command, std::string& choice);
/// An option that takes one of the names of a table.
template <typename T>
CLI::Option* add_choice(CLI::App& command, const std::string& option, T& value, const std::map<std::string, T>& choices,
                        const std::string& help) {
  std::vector<std::string> names;
  for (const auto& [name, choice] : choices) names.push_back(name);
  auto choose = [&value, choices](const std::string& name) { value = choices.at(name); };
  return command.add_option_function<std::string>(option, choose, help)->check(CLI::IsMember(names));
}
/// Prints one JSON value as a line on stdout.
void print_json(const Json& value);
/// One JSON object: as one line, or a line a field, whose names take `width` columns.
void print_fields(const Json& object, bool json, int width);
/// Columns for the names of what a bench measures.
inline constexpr int kFigureWidth = 26;
/// The same of a report that has a to_json beside it.
template <typename Report>
Status print_report(const Result<Report>& report, bool json, int width) {
  if (!report.ok()) return report.error();
  print_fields(to_json(*report), json, width);
  return {};
}

// The commands, one file each; main.cc's table lists them.
void add_doctor(CLI::App& root, Invocation& invocation);
void add_tokenizer(CLI::App& root, Invocation& invocation);
// Subcommands of `malmoi tokenizer` that stand in tokenizer_train.cc.
void add_tokenizer_train(CLI::App& parent, Invocation& invocation);
void add_tokenizer_import(CLI::App& parent, Invocation& invocation);
void add_tokenizer_export(CLI::App& parent, Invocation& invocation);
void add_tokenizer_add(CLI::App& parent, Invocation& invocation);
void add_plan(CLI::App& root, Invocation& invocation);
void add_train(CLI::App& root, Invocation& invocation);
void add_tune(CLI::App& root, Invocation& invocation);
void add_compare(CLI::App& root, Invocation& invocation);
void add_generate(CLI::App& root, Invocation& invocation);
void add_chat(CLI::App& root, Invocation& invocation);
void add_template(CLI::App& root, Invocation& invocation);
void add_adapter(CLI::App& root, Invocation& invocation);
void add_score(CLI::App& root, Invocation& invocation);
void add_eval(CLI::App& root, Invocation& invocation);
void add_reward(CLI::App& root, Invocation& invocation);
void add_classify(CLI::App& root, Invocation& invocation);  // classify.cc, as fill
void add_fill(CLI::App& root, Invocation& invocation);
void add_bench(CLI::App& root, Invocation& invocation);
void add_serve(CLI::App& root, Invocation& invocation);
void add_key(CLI::App& root, Invocation& invocation);
void add_quantize(CLI::App& root, Invocation& invocation);  // quantize.cc, as convert
void add_convert(CLI::App& root, Invocation& invocation);
void add_merge_models(CLI::App& root, Invocation& invocation);
void add_prune(CLI::App& root, Invocation& invocation);
void add_vocab(CLI::App& root, Invocation& invocation);
void add_run(CLI::App& root, Invocation& invocation);
void add_pull(CLI::App& root, Invocation& invocation);
void add_models(CLI::App& root, Invocation& invocation);
void add_data(CLI::App& root, Invocation& invocation);

// Subcommands of `malmoi data`.
void add_data_build(CLI::App& data, Invocation& invocation);
void add_data_extract(CLI::App& data, Invocation& invocation);
void add_data_crawl(CLI::App& data, Invocation& invocation);
void add_data_tokenize(CLI::App& data, Invocation& invocation);
void add_data_pack(CLI::App& data, Invocation& invocation);
void add_data_pairs(CLI::App& data, Invocation& invocation);
void add_data_pii(CLI::App& data, Invocation& invocation);
void add_data_dedup(CLI::App& data, Invocation& invocation);
void add_data_train_filter(CLI::App& data, Invocation& invocation);
void add_data_preview(CLI::App& data, Invocation& invocation);
void add_data_prefer(CLI::App& data, Invocation& invocation);

// Subcommands of `malmoi bench`; those of training stand in bench.cc itself.
void add_bench_tokenizer(CLI::App& bench, Invocation& invocation);
void add_bench_infer(CLI::App& bench, Invocation& invocation);
void add_bench_memory(CLI::App& bench, Invocation& invocation);

}  // namespace malmoi::cli
