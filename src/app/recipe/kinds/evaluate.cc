#include <fmt/format.h>

#include "base/counted.h"
#include "base/json_read.h"
#include "app/eval/eval.h"
#include "app/eval/table_eval.h"
#include "app/eval/table_page.h"
#include "app/recipe/kinds/kinds.h"

namespace malmoi::app::kinds {
namespace {

std::vector<Path> evaluate_inputs(const Json& settings) {
  std::vector<Path> paths{json_string(settings, "model")};
  if (settings.contains("corpus")) paths.emplace_back(json_string(settings, "corpus"));
  for (const char* tables : {"table", "baseline_table"}) {
    if (settings.contains(tables)) paths.emplace_back(json_string(settings, tables));
  }
  return paths;
}

// Rows of a table instead of text, for models that do not go on with one.
Status run_on_table(const StageCall& call, ConfigReader& reader, const std::string& model) {
  TableEvalOptions options{.model = model, .tables = {reader.text("table", "")}};
  if (reader.has("baseline_table")) options.train_tables = {reader.text("baseline_table", "")};
  if (const Json& columns = reader.raw("columns"); columns.is_object()) {
    for (const auto& [role, name] : columns.items()) options.columns[role] = json_string(columns, role);
  }
  options.limit = reader.integer("limit", 0, 0);
  options.examples = reader.integer("examples", 20, 0, 10'000);
  MALMOI_TRY(reader.finish());
  MALMOI_ASSIGN(TableEvalReport report, evaluate_table(options, call.job));
  MALMOI_TRY(make_folder(call.out));
  MALMOI_TRY(write_file(call.out / "summary.txt", to_text(report)));
  MALMOI_TRY(write_table_page(report, call.out / "report.html"));
  return write_file(call.out / "evaluation.json", dump_json(to_json(report), 2) + "\n");
}

Status evaluate_run(const StageCall& call) {
  ConfigReader reader(call.settings);
  EvalOptions options;
  options.model = reader.text("model", "");
  if (options.model.empty()) reader.fail("model", "the folder of the model is missing");
  if (reader.has("table")) return run_on_table(call, reader, options.model);
  std::string corpus = reader.text("corpus", "");
  if (corpus.empty()) reader.fail("corpus", "the held-out text is missing");
  options.text = {corpus};
  options.split = reader.text("split", "valid");
  options.perplexity.window = reader.integer("window", 0, 0, 1 << 24);
  options.max_documents = reader.integer("max_documents", 0, 0);
  MALMOI_TRY(reader.finish());
  MALMOI_ASSIGN(EvalReport report, app::evaluate(options, call.job));
  MALMOI_TRY(make_folder(call.out));
  return write_file(call.out / "evaluation.json", dump_json(to_json(report), 2) + "\n");
}

Result<Json> evaluate_result(const Path& out) { return read_json((out / "evaluation.json").string()); }

Result<std::string> evaluate_show(const Path& out) {
  if (auto summary = read_file(out / "summary.txt"); summary.ok()) return *summary;
  MALMOI_ASSIGN(Json f, evaluate_result(out));
  auto count = [&](const char* key) { return static_cast<uint64_t>(json_count(f, key).value_or(0)); };
  auto number = [&](const char* key) { return json_number(f, key).value_or(NAN); };
  const auto bits = json_number(f, "bits_per_byte");
  return fmt::format("held-out text: {}, {}, {} bytes\nloss {:.4f} nats per token, perplexity {:.2f}{}\n",
                     counted(count("documents"), "document"), counted(count("tokens"), "token"), count("bytes"),
                     number("loss"), number("perplexity"), bits ? fmt::format(", {:.4f} bits per byte", *bits) : "");
}

}  // namespace

const StageKind kEvaluate = {"evaluate",
                             "loss and perplexity on held-out text, or figures of what is said of the rows of a table",
                             2,
                             false,
                             evaluate_inputs,
                             evaluate_run,
                             evaluate_show,
                             evaluate_result};

}  // namespace malmoi::app::kinds
