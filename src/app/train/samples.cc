#include "app/train/samples.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "app/train/chats.h"
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

// A prompt as the question of a conversation; empty where the template cannot show it.
std::vector<int32_t> SampleWriter::ask(const chat::ChatTemplate& chat_template, const std::string& question,
                                       std::vector<int32_t>& ends) const {
  auto chat = chat_template.render({{.role = "user", .content = question}}, {.date = config_.data.chat.date});
  if (!chat.ok()) return {};
  std::ranges::copy(infer::end_of_turn_ids(*tokenizer_, *chat), std::back_inserter(ends));
  return infer::chat_ids(model_, *tokenizer_, ends, *chat);
}

std::vector<SampleWriter::Sample> SampleWriter::texts() const {
  std::vector<Sample> samples;
  if (!tokenizer_ || !model_.generates()) return samples;
  std::vector<int32_t> ends;
  if (auto end = tokenizer::document_marks(*tokenizer_).after) ends.push_back(*end);
  std::optional<chat::ChatTemplate> of_chats;
  if (config_.data.format == train::DataFormat::kChat) {
    auto opened = chat_template_of(config_, *tokenizer_);
    if (!opened.ok()) return samples;
    of_chats = *std::move(opened);
  }
  for (const std::string& prompt : config_.samples.prompts) {
    infer::Request request;
    std::vector<int32_t> own_ends = ends;
    if (of_chats) request.prompt = ask(*of_chats, prompt, own_ends);
    else request.prompt = infer::prompt_ids(model_, *tokenizer_, ends, prompt, false);
    if (request.prompt.empty()) continue;
    request.max_tokens = config_.samples.tokens;
    request.sampling.temperature = config_.samples.temperature;
    request.sampling.seed = config_.seed;
    request.stop_ids = own_ends;
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
