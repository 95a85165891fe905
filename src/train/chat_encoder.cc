#include "train/chat_encoder.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "base/counted.h"
#include "train/objective.h"

namespace malmoi::train {
namespace {

using chat::LearnedText;
using data::ChatRow;

EncodedChat refused_row(ChatProblem problem, std::string reason) {
  EncodedChat made;
  made.problem = problem;
  made.reason = std::move(reason);
  return made;
}

bool is_learned(const ChatRow& row, size_t message) {
  return message >= row.learned.size() || row.learned[message].value_or(true);
}

// What of the text counts, rising and apart.
std::vector<TextSpan> learned_spans(const LearnedText& text, const ChatRow& row, LearnedPart part) {
  std::vector<TextSpan> spans;
  if (part == LearnedPart::kAll) {
    size_t at = 0;
    for (const LearnedText::Answer& answer : text.answers) {
      if (is_learned(row, answer.message)) continue;
      if (answer.place.first > at) spans.emplace_back(at, answer.place.first);
      at = std::max(at, answer.place.second);
    }
    if (at < text.text.size()) spans.emplace_back(at, text.text.size());
    return spans;
  }
  for (const LearnedText::Answer& answer : text.answers) {
    const bool last = answer.message == text.answers.back().message;
    if (is_learned(row, answer.message) && (last || part == LearnedPart::kAnswers)) spans.push_back(answer.place);
  }
  std::sort(spans.begin(), spans.end());
  return spans;
}

// Whether some answer has no end: of several parts of one message the last one counts.
bool has_endless(const LearnedText& text) {
  for (size_t i = 0; i < text.answers.size(); ++i) {
    const bool goes_on = i + 1 < text.answers.size() && text.answers[i + 1].message == text.answers[i].message;
    if (!goes_on && !text.answers[i].ends) return true;
  }
  return false;
}

std::string why_nothing(const LearnedText& text, const ChatRow& row) {
  if (!text.answers.empty()) return "none of its answers is to be learned from";
  auto answers = [](const chat::Message& message) { return message.role == "assistant"; };
  if (std::none_of(row.messages.begin(), row.messages.end(), answers)) return "it has no message of the assistant";
  return "its answers are empty, or the template does not show them";
}

Error too_long(size_t length, const ChatRules& rules, const std::string& where) {
  return invalid_data(
      fmt::format("{} more than fit ({})", counted(length - rules.max_length, "token"), rules.max_length), where,
      "raise data.sequence_length, or say data.long_rows: cut or skip");
}

Result<LearnedText> render_row(const std::vector<chat::Message>& messages, const ChatRow& row, const ChatRules& rules) {
  chat::LearnOptions options = rules.learn;
  options.render.tools = row.tools;
  return rules.chat_template.render_learned(messages, options);
}

std::string objectives_that_use(std::initializer_list<ChatUse> uses) {
  std::string names;
  for (const ObjectiveEntry* entry : objective_table()) {
    const auto use = chat_use(entry->arrays);
    if (use && std::ranges::find(uses, *use) != uses.end())
      names += (names.empty() ? "" : ", ") + std::string(entry->name);
  }
  return names;
}

std::string told(const Error& error) { return error.where.empty() ? error.what : error.where + ": " + error.what; }

// Says what becomes of a row whose longest ids are `length`.
Status note_length(size_t length, const ChatRules& rules, const std::string& where, EncodedChat& made) {
  if (length <= rules.max_length) return {};
  if (rules.config.long_rows == LongRows::kError) return too_long(length, rules, where);
  made.problem = rules.config.long_rows == LongRows::kCut ? ChatProblem::kCut : ChatProblem::kSkipped;
  made.reason = fmt::format("{} of {}", counted(length - rules.max_length, "token"), length) +
                (made.problem == ChatProblem::kCut ? " cut off" : " too many");
  return {};
}

Result<EncodedChat> encode_conversation(const ChatRow& row, const ChatRules& rules) {
  auto text = render_row(row.messages, row, rules);
  if (!text.ok()) return refused_row(ChatProblem::kTemplate, told(text.error()));
  EncodedChat made;
  made.chosen = rules.tokenizer.tokens(*text, learned_spans(*text, row, rules.config.learn));
  if (made.chosen.ids.empty()) return refused_row(ChatProblem::kNoTarget, why_nothing(*text, row));
  made.endless = has_endless(*text) || (text->end_of_text && !rules.tokenizer.end_of_text());
  MALMOI_TRY(note_length(made.chosen.ids.size(), rules, row.where, made));
  made.chosen.cut(rules.max_length);
  if (made.problem == ChatProblem::kCut && made.chosen.targets() == 0)
    return refused_row(ChatProblem::kNoTarget, made.reason + ", and with them all that is to be learned");
  return made;
}

// A prompt and an answer to it, as a text and as ids.
struct Answered {
  LearnedText text;
  TextSpan answer{0, 0};
  PlacedTokens tokens;  // to the answer's end
  size_t prompt = 0;    // tokens before it
};

Result<Answered> answered(const ChatRow& row, const std::vector<chat::Message>& answer, const ChatRules& rules) {
  std::vector<chat::Message> messages = row.messages;
  messages.insert(messages.end(), answer.begin(), answer.end());
  Answered made;
  MALMOI_ASSIGN(made.text, render_row(messages, row, rules));
  auto first = std::find_if(made.text.answers.begin(), made.text.answers.end(),
                            [&](const LearnedText::Answer& a) { return a.message >= row.messages.size(); });
  if (first == made.text.answers.end()) return made;
  made.answer = {first->place.first, made.text.answers.back().place.second};
  made.tokens = rules.tokenizer.place(made.text, {0, made.answer.second}, true);
  const auto& places = made.tokens.places;
  made.prompt =
      static_cast<size_t>(std::find_if(places.begin(), places.end(),
                                       [&](const TextSpan& place) {
                                         return place.second > place.first && place.first >= made.answer.first;
                                       }) -
                          places.begin());
  return made;
}

// Where a token reaches over the border, prompt and answer are encoded apart, so that two answers have the same prompt.
void encode_apart(const ChatTokenizer& tokenizer, Answered& of) {
  of.tokens = tokenizer.place(of.text, {0, of.answer.first}, true);
  of.prompt = of.tokens.ids.size();
  PlacedTokens answer = tokenizer.place(of.text, of.answer, false);
  of.tokens.ids.insert(of.tokens.ids.end(), answer.ids.begin(), answer.ids.end());
}

bool has_clean_border(const Answered& of) {
  return of.prompt == 0 || of.tokens.places[of.prompt - 1].second <= of.answer.first;
}

bool same_prompt(const Answered& a, const Answered& b) {
  return a.prompt == b.prompt &&
         std::equal(a.tokens.ids.begin(), a.tokens.ids.begin() + static_cast<std::ptrdiff_t>(a.prompt),
                    b.tokens.ids.begin());
}

ChatTokens targets_behind(Answered of, const ChatTokenizer& tokenizer) {
  ChatTokens made{.ids = std::move(of.tokens.ids)};
  if (of.text.end_of_text && tokenizer.end_of_text()) made.ids.push_back(*tokenizer.end_of_text());
  made.learned.assign(made.ids.size(), 1);
  std::fill_n(made.learned.begin(), of.prompt, uint8_t{0});
  return made;
}

// Cuts the answers, never the prompt, and looks whether enough is left.
Result<EncodedChat> finish_answers(EncodedChat made, const ChatRow& row, const ChatRules& rules, bool pair) {
  MALMOI_TRY(note_length(std::max(made.chosen.ids.size(), made.rejected.ids.size()), rules, row.where, made));
  made.chosen.cut(rules.max_length);
  made.rejected.cut(rules.max_length);
  const bool nothing = made.chosen.targets() == 0 || (pair && made.rejected.targets() == 0);
  if (nothing)
    return refused_row(ChatProblem::kNoTarget,
                       made.problem ? made.reason + ", and with them an answer" : "an answer is empty");
  if (pair && made.chosen.ids == made.rejected.ids)
    return refused_row(ChatProblem::kNoTarget, made.problem
                                                   ? made.reason + ", and what is left of both answers is the same"
                                                   : "both answers are the same");
  return made;
}

Result<EncodedChat> encode_pair(const ChatRow& row, const ChatRules& rules) {
  auto chosen = answered(row, row.chosen, rules), rejected = answered(row, row.rejected, rules);
  for (const auto* one : {&chosen, &rejected}) {
    if (!one->ok()) return refused_row(ChatProblem::kTemplate, told(one->error()));
    if ((*one)->answer.second == 0) return refused_row(ChatProblem::kNoTarget, "an answer is empty or not shown");
  }
  if (chosen->text.text.substr(0, chosen->answer.first) != rejected->text.text.substr(0, rejected->answer.first))
    return refused_row(ChatProblem::kTemplate, "the template writes another prompt before each of the two answers");
  if (!has_clean_border(*chosen) || !has_clean_border(*rejected) || !same_prompt(*chosen, *rejected)) {
    encode_apart(rules.tokenizer, *chosen);
    encode_apart(rules.tokenizer, *rejected);
  }
  EncodedChat made{.prompt = chosen->prompt, .endless = has_endless(chosen->text) || has_endless(rejected->text)};
  made.chosen = targets_behind(*std::move(chosen), rules.tokenizer);
  made.rejected = targets_behind(*std::move(rejected), rules.tokenizer);
  return finish_answers(std::move(made), row, rules, true);
}

Result<EncodedChat> encode_judgement(const ChatRow& row, const ChatRules& rules) {
  auto one = answered(row, row.chosen, rules);
  if (!one.ok()) return refused_row(ChatProblem::kTemplate, told(one.error()));
  if (one->answer.second == 0) return refused_row(ChatProblem::kNoTarget, "the answer is empty or not shown");
  if (!has_clean_border(*one)) encode_apart(rules.tokenizer, *one);
  EncodedChat made{.prompt = one->prompt, .liked = row.liked, .endless = has_endless(one->text)};
  made.chosen = targets_behind(*std::move(one), rules.tokenizer);
  return finish_answers(std::move(made), row, rules, false);
}

}  // namespace

std::optional<ChatUse> chat_use(const ArrayFormat& format) {
  auto reads = [&](std::string_view name) {
    return std::any_of(format.columns.begin(), format.columns.end(),
                       [&](const ArrayColumn& column) { return column.name == name; });
  };
  if (reads("kl_ids")) return ChatUse::kJudgements;
  if (reads("chosen_ids")) return ChatUse::kPairs;
  if (reads("loss_mask")) return ChatUse::kConversations;
  return {};
}

Result<EncodedChat> encode_chat(const data::ChatRow& row, const ChatRules& rules) {
  if (!row.rejected.empty()) return encode_pair(row, rules);
  if (!row.chosen.empty()) return encode_judgement(row, rules);
  return encode_conversation(row, rules);
}

Status check_shape(data::ChatShape shape, ChatUse use, const std::string& where) {
  using enum data::ChatShape;
  const bool pairs = shape == kPreference, judged = shape == kUnpaired;
  const std::string name(data::shape_name(shape));
  if (use == ChatUse::kConversations && (pairs || judged))
    return usage_error(
        "rows of the shape '" + name + "' are not conversations", where,
        pairs
            ? "use an objective that compares answers: " + objectives_that_use({ChatUse::kPairs, ChatUse::kJudgements})
            : "use an objective that learns from judgements: " + objectives_that_use({ChatUse::kJudgements}));
  if (use == ChatUse::kPairs && !pairs)
    return usage_error("rows of the shape '" + name + "' have no two answers to compare", where,
                       "give prompt, chosen and rejected, or use another objective");
  if (use == ChatUse::kJudgements && !pairs && !judged)
    return usage_error("rows of the shape '" + name + "' say of no answer whether it is liked", where,
                       "give prompt, completion and label, or prompt, chosen and rejected");
  return {};
}

}  // namespace malmoi::train
