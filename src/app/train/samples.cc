#include "app/train/samples.h"

#include <fstream>
#include <optional>
#include <utility>

#include "base/json.h"
#include "infer/generate.h"
#include "infer/prompt.h"
#include "tokenizer/document_marks.h"
#include "train/metrics_file.h"

namespace malmoi::app {

void SampleWriter::begin(int64_t done) {
  if (std::exchange(begun_, true)) return;
  const Path path = folder_ / "samples.jsonl";
  std::ifstream file(path);
  if (!file) return;
  std::string kept, text;
  while (std::getline(file, text)) {
    std::optional<int64_t> step = train::step_of_line(text);
    if (step && *step <= done) kept += text + "\n";
  }
  if (!file.eof()) return;
  if (Status written = write_file(path, kept); !written.ok()) job_.warn(written.error().to_string());
}

void SampleWriter::write(int64_t step) {
  begin(step - 1);
  const std::vector<Sample> samples = texts();
  if (samples.empty()) return;
  std::ofstream file(folder_ / "samples.jsonl", std::ios::app);
  for (const Sample& sample : samples)
    file << dump_json(Json{{"step", step}, {"prompt", sample.prompt}, {"text", sample.text}}) << "\n";
}

std::vector<SampleWriter::Sample> SampleWriter::texts() const {
  std::vector<Sample> samples;
  if (!tokenizer_ || !model_.generates()) return samples;
  std::vector<int32_t> ends;
  if (auto end = tokenizer::document_marks(*tokenizer_).after) ends.push_back(*end);
  for (const std::string& prompt : config_.samples.prompts) {
    infer::Request request;
    request.prompt = infer::prompt_ids(model_, *tokenizer_, ends, prompt, false);
    if (request.prompt.empty()) continue;
    request.max_tokens = config_.samples.tokens;
    request.sampling.temperature = config_.samples.temperature;
    request.sampling.seed = config_.seed;
    request.stop_ids = ends;
    std::string text;
    Status done = infer::generate(model_, *tokenizer_, std::move(request), [&](const chat::TokenEvent& event) {
      text += event.text;
      return true;
    });
    if (done.ok()) samples.push_back({prompt, std::move(text)});
  }
  return samples;
}

}  // namespace malmoi::app
