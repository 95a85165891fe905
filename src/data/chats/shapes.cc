#include "data/chats/shapes.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

#include "base/ascii.h"
#include "base/mark_finder.h"
#include "base/utf8.h"
#include "data/chats/turns.h"

namespace malmoi::data {
namespace {

using Names = std::span<const std::string_view>;

// What the field calls the same thing, the first that is there.
constexpr std::string_view kInstruction[] = {"instruction", "question", "query", "problem", "prompt"};
constexpr std::string_view kInput[] = {"input", "context"};
constexpr std::string_view kOutput[] = {"output", "response", "answer", "solution"};
constexpr std::string_view kPrompt[] = {"prompt", "question", "instruction", "input"};
constexpr std::string_view kPromptAlone[] = {"prompt"}, kCompletion[] = {"completion"};
constexpr std::string_view kHistory[] = {"history"}, kLabel[] = {"label"};
constexpr std::string_view kSystem[] = {"system", "system_prompt"}, kTools[] = {"tools", "functions"};
constexpr std::string_view kChosen[] = {"chosen", "chosen_response"};
constexpr std::string_view kRejected[] = {"rejected", "rejected_response"};

struct Cell {
  std::string name;
  const Json* value = nullptr;
};
Cell cell_of(const Json& cells, Names names) {
  for (std::string_view name : names) {
    auto found = cells.find(name);
    if (found != cells.end() && !found->is_null()) return {std::string(name), &*found};
  }
  return {};
}

bool has_any(const Json& cells, Names names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return cells.contains(name); });
}

Result<std::string> text_in(const Cell& cell, Names names, const std::string& where) {
  const std::string name(cell.value ? std::string_view(cell.name) : names.front());
  if (cell.value && (cell.value->is_number() || cell.value->is_boolean())) return dump_json(*cell.value);
  if (cell.value && !cell.value->is_string()) return invalid_data("'" + name + "' is no text", where, "write a text");
  if (!cell.value || ascii_trim(cell.value->get_ref<const std::string&>()).empty())
    return invalid_data("'" + name + "' is missing or empty", where, "fill it, or take the row out");
  return cell.value->get<std::string>();
}

bool is_turn(const Json& value) { return value.is_object() && (value.contains("role") || value.contains("from")); }

// A list of messages, or one text that `role` says.
Result<Turns> turns_in(const Json& cells, Names names, const std::string& role, const std::string& where) {
  const Cell cell = cell_of(cells, names);
  if (cell.value) {
    Json list = unfolded(*cell.value);
    if (is_turn(list)) list = Json::array({list});
    // A text may be JSON by itself.
    const bool turns = list.is_array() && !list.empty() && is_turn(list[0]);
    if (turns || cell.value->is_array()) return read_turns(list, cell.name, where);
  }
  MALMOI_ASSIGN(std::string text, text_in(cell, names, where));
  Turns turns;
  turns.add({role, std::move(text)});
  return turns;
}

void take(Turns turns, ChatRow& row) {
  std::move(turns.messages.begin(), turns.messages.end(), std::back_inserter(row.messages));
  row.learned.insert(row.learned.end(), turns.learned.begin(), turns.learned.end());
}

Status check_answer(const std::vector<chat::Message>& messages, const std::string& name, const std::string& where) {
  auto answers = [](const chat::Message& message) { return message.role == "assistant"; };
  if (!messages.empty() && answers(messages.front())) return {};
  return invalid_data("'" + name + "' does not begin with a message of the assistant", where,
                      "write the answer alone there, and what was asked under prompt");
}

Status read_instruction(const Json& cells, ChatRow& row) {
  const Cell history = cell_of(cells, kHistory);
  for (const Json& pair : history.value&& history.value->is_array() ? *history.value : Json::array()) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
      return invalid_data("'history' is no list of questions with answers", row.where, "write [[question, answer]]");
    Turns turns;
    turns.add({"user", pair[0].get<std::string>()});
    turns.add({"assistant", pair[1].get<std::string>()});
    take(std::move(turns), row);
  }
  MALMOI_ASSIGN(std::string asked, text_in(cell_of(cells, kInstruction), kInstruction, row.where));
  const Cell input = cell_of(cells, kInput);
  if (input.value && input.value->is_string() && !ascii_trim(input.value->get_ref<const std::string&>()).empty())
    asked += "\n\n" + input.value->get<std::string>();
  MALMOI_ASSIGN(std::string answer, text_in(cell_of(cells, kOutput), kOutput, row.where));
  Turns turns;
  turns.add({"user", std::move(asked)});
  turns.add({"assistant", std::move(answer)});
  take(std::move(turns), row);
  return {};
}

// What was asked is not learned from, whoever says it.
Status read_completion(const Json& cells, ChatRow& row) {
  MALMOI_ASSIGN(Turns prompt, turns_in(cells, kPromptAlone, "user", row.where));
  MALMOI_ASSIGN(Turns completion, turns_in(cells, kCompletion, "assistant", row.where));
  MALMOI_TRY(check_answer(completion.messages, "completion", row.where));
  prompt.learned.assign(prompt.messages.size(), false);
  take(std::move(prompt), row);
  take(std::move(completion), row);
  return {};
}

bool same_message(const chat::Message& a, const chat::Message& b) {
  return a.role == b.role && a.content == b.content && a.tool_calls.size() == b.tool_calls.size();
}

// Turns of a dialogue that is written out, as "\n\nHuman: ...\n\nAssistant: ..."; none where a text is no such thing.
std::vector<chat::Message> written_turns(std::string_view text) {
  constexpr std::pair<std::string_view, const char*> kSpeakers[] = {{"Human:", "user"}, {"Assistant:", "assistant"}};
  static constexpr std::array<std::string_view, 2> kNextTurns = {"\n\nHuman:", "\n\nAssistant:"};
  std::vector<chat::Message> turns;
  text = ascii_trim(text);
  MarkFinder next(text, kNextTurns);
  for (size_t begin = 0; begin < text.size();) {
    const auto* speaker = std::find_if(std::begin(kSpeakers), std::end(kSpeakers),
                                       [&](const auto& known) { return text.substr(begin).starts_with(known.first); });
    if (speaker == std::end(kSpeakers)) return {};
    begin += speaker->first.size();
    const size_t end = std::min(next.next(begin).at, text.size());
    turns.push_back({speaker->second, std::string(ascii_trim(text.substr(begin, end - begin)))});
    begin = end;
    while (begin < text.size() && ascii_trim(text.substr(begin, 1)).empty()) ++begin;
  }
  return turns;
}

// The beginning that two texts share, up to a word.
size_t shared_words(std::string_view a, std::string_view b) {
  auto same = static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  while (same > 0 && ascii_trim(a.substr(same - 1, 1)).size() > 0) --same;
  return same;
}

// The texts by value: what they come from is written anew.
void split_texts(std::string chosen, std::string rejected, ChatRow& row) {
  row.chosen = written_turns(chosen);
  row.rejected = written_turns(rejected);
  if (!row.chosen.empty() && !row.rejected.empty()) return;
  const size_t same = shared_words(chosen, rejected);
  const chat::Message asked{"user", std::string(ascii_trim(std::string_view(chosen).substr(0, same)))};
  row.chosen = {asked, {"assistant", chosen.substr(same)}};
  row.rejected = {asked, {"assistant", rejected.substr(same)}};
  if (!asked.content.empty()) return;
  row.chosen.erase(row.chosen.begin());
  row.rejected.erase(row.rejected.begin());
}

// The messages that both begin with are what was asked.
void move_shared(ChatRow& row) {
  size_t same = 0;
  while (same + 1 < row.chosen.size() && same + 1 < row.rejected.size() &&
         same_message(row.chosen[same], row.rejected[same]))
    ++same;
  row.messages.assign(row.chosen.begin(), row.chosen.begin() + static_cast<std::ptrdiff_t>(same));
  row.learned.assign(same, std::nullopt);
  for (auto* answers : {&row.chosen, &row.rejected})
    answers->erase(answers->begin(), answers->begin() + static_cast<std::ptrdiff_t>(same));
}

Status read_preference(const Json& cells, ChatRow& row) {
  MALMOI_ASSIGN(Turns chosen, turns_in(cells, kChosen, "assistant", row.where));
  MALMOI_ASSIGN(Turns rejected, turns_in(cells, kRejected, "assistant", row.where));
  const bool asked = cell_of(cells, kPrompt).value != nullptr;
  row.chosen = std::move(chosen.messages);
  row.rejected = std::move(rejected.messages);
  const bool alone = row.chosen.size() == 1 && row.rejected.size() == 1 && row.chosen[0].role == "assistant";
  if (alone && !asked) split_texts(row.chosen[0].content, row.rejected[0].content, row);
  // Both may be whole conversations, also beside a column that says again what was asked.
  const bool whole = row.chosen.front().role != "assistant" && row.rejected.front().role != "assistant";
  if (whole) {
    move_shared(row);
  } else if (asked) {
    MALMOI_ASSIGN(Turns prompt, turns_in(cells, kPrompt, "user", row.where));
    take(std::move(prompt), row);
  }
  if (row.messages.empty())
    return invalid_data("chosen and rejected have no beginning in common, and nothing says what was asked", row.where,
                        "write it under prompt");
  MALMOI_TRY(check_answer(row.chosen, "chosen", row.where));
  return check_answer(row.rejected, "rejected", row.where);
}

Status read_judgement(const Json& cells, ChatRow& row) {
  MALMOI_ASSIGN(Turns prompt, turns_in(cells, kPrompt, "user", row.where));
  constexpr std::string_view kAnswer[] = {"completion", "response", "output", "answer"};
  MALMOI_ASSIGN(Turns completion, turns_in(cells, kAnswer, "assistant", row.where));
  MALMOI_TRY(check_answer(completion.messages, "completion", row.where));
  take(std::move(prompt), row);
  row.chosen = std::move(completion.messages);
  const Cell label = cell_of(cells, kLabel);
  const std::string said = !label.value               ? ""
                           : label.value->is_string() ? ascii_lower(label.value->get_ref<const std::string&>())
                                                      : dump_json(*label.value);
  row.liked = said == "true" || said == "1" || said == "1.0";
  if (row.liked || said == "false" || said == "0" || said == "0.0") return {};
  return invalid_data("the label is neither true nor false", row.where, "write one of them");
}

Status read_shape(const Json& cells, ChatShape shape, ChatRow& row) {
  switch (shape) {
    case ChatShape::kAlpaca: return read_instruction(cells, row);
    case ChatShape::kPromptCompletion: return read_completion(cells, row);
    case ChatShape::kPreference: return read_preference(cells, row);
    case ChatShape::kUnpaired: return read_judgement(cells, row);
    case ChatShape::kMessages:
    case ChatShape::kShareGpt: break;
  }
  const std::string column = shape == ChatShape::kMessages ? "messages" : "conversations";
  if (!cells.contains(column))
    return invalid_data("the row has no '" + column + "'", row.where, "write a list of messages there");
  MALMOI_ASSIGN(Turns turns, read_turns(cells[column], column, row.where));
  take(std::move(turns), row);
  return {};
}

}  // namespace

std::optional<ChatShape> find_shape(const Json& cells) {
  if (has_any(cells, kChosen) && has_any(cells, kRejected)) return ChatShape::kPreference;
  if (cells.contains("messages")) return ChatShape::kMessages;
  if (cells.contains("conversations")) return ChatShape::kShareGpt;
  if (cells.contains("prompt") && cells.contains("completion"))
    return cells.contains("label") ? ChatShape::kUnpaired : ChatShape::kPromptCompletion;
  if (has_any(cells, kInstruction) && has_any(cells, kOutput)) return ChatShape::kAlpaca;
  return {};
}

Result<ChatRow> read_chat_row(const Json& cells, ChatShape shape, const std::string& where) {
  ChatRow row{.where = where};
  MALMOI_TRY(read_shape(cells, shape, row));
  const Cell system = cell_of(cells, kSystem);
  const bool told = row.messages.front().role == "system" || row.messages.front().role == "developer";
  if (system.value && system.value->is_string() && !told &&
      !ascii_trim(system.value->get_ref<const std::string&>()).empty()) {
    row.messages.insert(row.messages.begin(), {"system", system.value->get<std::string>()});
    row.learned.insert(row.learned.begin(), std::nullopt);
  }
  if (const Cell tools = cell_of(cells, kTools); tools.value) {
    MALMOI_ASSIGN(row.tools, read_tools(*tools.value, where));
  }
  return row;
}

}  // namespace malmoi::data
