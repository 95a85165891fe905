// The table of families of answers, in the order in which a template is held to them.
#include "chat/answer/sections.h"

namespace malmoi::chat {
namespace {

const Section kSections[] = {kThink};
constexpr std::string_view kMarks[] = {"<think>", "</think>"};

bool wrote(std::string_view) { return true; }
CallForm call_form(std::string_view) { return {}; }

}  // namespace

extern const AnswerFamily harmony_answers, deepseek_answers, mistral_answers, llama3_answers, hermes_answers,
    gemma_answers;
const AnswerFamily plain_answers{"plain", wrote, kMarks, parser_of<kSections>, call_form};

std::span<const AnswerFamily* const> answer_families() {
  static constexpr const AnswerFamily* kFamilies[] = {&harmony_answers, &deepseek_answers, &mistral_answers,
                                                      &llama3_answers,  &hermes_answers,   &gemma_answers,
                                                      &plain_answers};
  return kFamilies;
}

const AnswerFamily& answer_family(std::string_view template_source) {
  for (const AnswerFamily* family : answer_families()) {
    if (family->wrote(template_source)) return *family;
  }
  return plain_answers;
}

}  // namespace malmoi::chat
