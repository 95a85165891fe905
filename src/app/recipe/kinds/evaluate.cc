#include <fmt/format.h>

#include "base/counted.h"
#include "base/json_read.h"
#include "app/eval/eval.h"
#include "app/recipe/kinds/kinds.h"

namespace malmoi::app::kinds {
namespace {

std::vector<Path> inputs(const Json& settings) {
  return {json_string(settings, "model"), json_string(settings, "corpus")};
}

Status run(const StageCall& call) {
  ConfigReader reader(call.settings);
  EvalOptions options;
  options.model = reader.text("model", "");
  if (options.model.empty()) reader.fail("model", "the folder of the model is missing");
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

Result<Json> result(const Path& out) { return read_json((out / "evaluation.json").string()); }

Result<std::string> show(const Path& out) {
  MALMOI_ASSIGN(Json f, result(out));
  auto count = [&](const char* key) { return static_cast<uint64_t>(json_count(f, key).value_or(0)); };
  auto number = [&](const char* key) { return json_number(f, key).value_or(NAN); };
  const auto bits = json_number(f, "bits_per_byte");
  return fmt::format("held-out text: {}, {}, {} bytes\nloss {:.4f} nats a token, perplexity {:.2f}{}\n",
                     counted(count("documents"), "document"), counted(count("tokens"), "token"), count("bytes"),
                     number("loss"), number("perplexity"), bits ? fmt::format(", {:.4f} bits a byte", *bits) : "");
}

}  // namespace

const StageKind kEvaluate = {"evaluate", "loss and perplexity on held-out text", 1, false, inputs, run, show, result};

}  // namespace malmoi::app::kinds
