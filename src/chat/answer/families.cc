// The table of families of answers: those of table.inc, then the plain one, which every template agrees with.
#include "chat/answer/sections.h"

namespace malmoi::chat {
namespace {

const Section kSections[] = {kThink};
constexpr std::string_view kMarks[] = {"<think>", "</think>"};

bool wrote(std::string_view) { return true; }
CallForm call_form(std::string_view) { return {}; }

}  // namespace

#define ANSWERS(name)                \
  namespace name {                   \
  extern const AnswerFamily answers; \
  }
#include "chat/answer/table.inc"
#undef ANSWERS

const AnswerFamily plain_answers{"plain", wrote, kMarks, parser_of<kSections>, call_form};

std::span<const AnswerFamily* const> answer_families() {
  static constexpr const AnswerFamily* kFamilies[] = {
#define ANSWERS(name) &name::answers,
#include "chat/answer/table.inc"
#undef ANSWERS
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
