// Fuzzes the parsers of answers: a byte chooses the family, then come the prompt, a zero byte and the answer. Whatever it is,
// the same is told of it whole and byte by byte, and calls have names.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/answer/answer_parser.h"

using namespace malmoi::chat;

namespace {

using Told = std::vector<std::pair<AnswerEvent::Kind, std::string>>;

void add(Told& told, const std::vector<AnswerEvent>& events) {
  for (const AnswerEvent& event : events) {
    if (event.kind == AnswerEvent::Kind::kToolCall) {
      if (event.call.name.empty()) std::abort();
      told.emplace_back(event.kind, event.call.name + " " + event.call.id + " " + event.call.arguments);
    } else if (!told.empty() && told.back().first == event.kind) {
      told.back().second += event.text;
    } else {
      told.emplace_back(event.kind, event.text);
    }
  }
}

Told told_of(const AnswerFamily& family, const AnswerStart& start, std::string_view answer, size_t step) {
  Told told;
  auto parser = family.parser(start);
  for (size_t at = 0; at < answer.size(); at += step) add(told, parser->push(answer.substr(at, step)));
  add(told, parser->finish());
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const AnswerFamily& family = *answer_families()[data[0] % answer_families().size()];
  const size_t end = text.find('\0');
  const std::string_view prompt = end == text.npos ? "" : text.substr(0, end);
  const std::string_view answer = end == text.npos ? text : text.substr(end + 1);
  for (const AnswerStart& start : {AnswerStart{prompt, false, false}, AnswerStart{prompt, true, false},
                                   AnswerStart{prompt, false, true}, AnswerStart{prompt, true, true}}) {
    const Told told = told_of(family, start, answer, size);
    if (told_of(family, start, answer, 1) != told) std::abort();
    for (const auto& [kind, text] : told) {
      if (kind == AnswerEvent::Kind::kToolCall && !start.with_calls) std::abort();
    }
  }
  return 0;
}
