#include "chat/answer_trace.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "chat/template_messages.h"

namespace malmoi::chat {
namespace {

constexpr size_t kQuestion = kMostAnchored - 1;  // the number of a message that is put in to see what stands before it
constexpr std::string_view kSpace = " \t\n\v\f\r";

Json question() {
  Json message = {{"role", "user"}, {"content", "?"}};
  place_anchors(message, kQuestion, CallAnchors::kNames);
  return message;
}

size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

size_t common_suffix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first - a.rbegin());
}

bool is_blank(std::string_view text) { return text.find_first_not_of(kSpace) == text.npos; }

std::string_view part_of(const AnchoredText& text, AnchoredText::Span part) {
  return std::string_view(text.text).substr(part.first, part.second - part.first);
}

// Whether somebody typed what stands there. Typed tokens stand in order and apart.
bool is_typed(const AnchoredText& text, size_t at) {
  auto behind = std::upper_bound(text.literal.begin(), text.literal.end(), at,
                                 [](size_t place, const AnchoredText::Span& span) { return place < span.first; });
  return behind != text.literal.begin() && at < std::prev(behind)->second;
}

Error not_traced(std::string what) {
  return unsupported(std::move(what), "chat template",
                     "use a template with {% generation %} blocks around answers, or leave such rows out");
}

}  // namespace

Result<AnchoredText> AnswerTrace::show(Json turns, bool asks) const {
  Json variables = variables_;
  variables["messages"] = std::move(turns);
  variables["add_generation_prompt"] = asks;
  MALMOI_ASSIGN(jinja::Rendered shown, published_.render(std::move(variables), now_));
  return read_anchors(tokens_, shown);
}

Json AnswerTrace::first_turns(size_t count) const {
  Json turns = Json::array();
  for (size_t i = 0; i < count; ++i) turns.push_back(turns_[i]);
  return turns;
}

std::vector<AnchoredText::Span> AnswerTrace::specials(const AnchoredText& text, Span part) const {
  std::vector<Span> found;
  for (size_t at = part.first; at < part.second;) {
    const std::string_view token = tokens_.at_beginning(part_of(text, {at, part.second}));
    if (!token.empty() && !is_typed(text, at)) found.emplace_back(at, at + token.size());
    at += std::max<size_t>(token.size(), 1);
  }
  return found;
}

bool AnswerTrace::ends_texts(std::string_view token) const {
  return !token.empty() && std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end();
}

// Marks the messages in the way that changes nothing of what the template says and shows the calls.
Status AnswerTrace::anchor(const Json& turns, const AnchoredText& plain) {
  auto hides_call = [&] {
    for (size_t i = 0; i < turns.size(); ++i) {
      if (turns[i].contains("tool_calls") && !whole_.behind(i, 0)) return true;
    }
    return false;
  };
  for (CallAnchors calls : {CallAnchors::kNames, CallAnchors::kArguments}) {
    turns_ = turns;
    for (size_t i = 0; i < turns_.size(); ++i) place_anchors(turns_[i], i, calls);
    MALMOI_ASSIGN(whole_, show(turns_, false));
    if (whole_.text == plain.text && !hides_call()) return {};
  }
  if (whole_.text == plain.text) return {};
  return not_traced("what it writes changes with marks around the words of messages, so that answers cannot be found");
}

Result<LearnedText> AnswerTrace::follow(Json turns) {
  if (turns.size() > kQuestion)
    return unsupported("has more than " + std::to_string(kQuestion) + " messages", "messages", "split it");
  mark_typed(tokens_, turns);
  MALMOI_ASSIGN(const AnchoredText plain, show(turns, false));
  MALMOI_TRY(anchor(turns, plain));
  LearnedText made{.text = whole_.text, .literal = whole_.literal};
  if (whole_.generated.empty()) MALMOI_TRY(take_traced(made));
  else take_blocks(made);
  for (size_t i = 0; i < turns_.size(); ++i) {
    auto is_its = [&](const LearnedText::Answer& answer) { return answer.message == i; };
    if (is_answer(i) && std::none_of(made.answers.begin(), made.answers.end(), is_its)) made.hidden.push_back(i);
  }
  return made;
}

Result<size_t> AnswerTrace::begin_of(size_t message) const {
  if (message > 0) {
    MALMOI_ASSIGN(const AnchoredText asked, show(first_turns(message), true));
    return behind_header(asked, whole_, message);
  }
  // Nobody is asked for a conversation's first message: what an answer to a question begins with is its beginning, too.
  Json turns = Json::array({question()});
  MALMOI_ASSIGN(const AnchoredText asked, show(turns, true));
  for (const Json& turn : turns_) turns.push_back(turn);
  MALMOI_ASSIGN(const AnchoredText whole, show(std::move(turns), false));
  MALMOI_ASSIGN(const size_t begin, behind_header(asked, whole, 0));
  const std::string_view answer = part_of(whole, {begin, whole.text.size()});
  if (!whole_.text.ends_with(answer))
    return not_traced("a first message of the assistant's reads otherwise than one that answers");
  return whole_.text.size() - answer.size();
}

// `asked` ends where the model would go on. What stands there behind the words before is looked for in the whole, at the same words.
Result<size_t> AnswerTrace::behind_header(const AnchoredText& asked, const AnchoredText& whole, size_t message) const {
  auto its = std::find_if(whole.anchors.begin(), whole.anchors.end(),
                          [&](const Anchor& anchor) { return anchor.message == message; });
  const size_t words = its == whole.anchors.end() ? whole.text.size() : its->at;
  Span header{0, asked.text.size()}, room{0, words};
  bool found = false;
  for (auto before = asked.anchors.rbegin(); before != asked.anchors.rend() && !found; ++before) {
    for (size_t at : whole.of(before->message, before->begins)) {
      if (at > words) break;
      found = true;
      header.first = before->at;
      room.first = at;
    }
  }
  const std::string_view wanted = part_of(asked, header), there = part_of(whole, room);
  const size_t same = common_prefix(wanted, there);
  if (same == wanted.size()) return room.first + same;
  // What closes the words before may read otherwise in the whole: the end of the header, with a special token, is enough.
  size_t longest = 0, end = 0;
  for (size_t at = 1; at <= there.size(); ++at) {
    const size_t length = common_suffix(wanted, there.substr(0, at));
    if (length <= longest) continue;
    longest = length;
    end = at;
  }
  if (!specials(asked, {header.second - longest, header.second}).empty()) return room.first + end;
  // The question may ask for more than is there (for thoughts): the header is what both have, up to a token or a line. Nothing of it is
  // left over where no special token is, on either side.
  size_t behind = wanted.substr(0, same).rfind('\n') + 1;
  for (const Span& token : specials(whole, {room.first, room.first + same}))
    behind = std::max(behind, token.second - room.first);
  if (specials(whole, {room.first + behind, words}).empty() ||
      specials(asked, {header.first + behind, header.second}).empty())
    return room.first + behind;
  return not_traced("the header of an answer is another one than where an answer is asked for");
}

// Where the turn ends whose words end at tail.first, seen in what stands there as well when something else follows, or nothing.
std::optional<size_t> AnswerTrace::end_before_another(Span tail, const AnchoredText& other, Span others_tail,
                                                      bool alone_ends) const {
  const std::string_view text = part_of(whole_, tail);
  const size_t same = common_prefix(text, part_of(other, others_tail));
  const std::vector<Span> found = specials(whole_, tail);
  std::optional<size_t> end;
  std::string_view last;
  for (const Span& token : found) {
    if (token.second - tail.first > same) break;
    end = token.second;
    last = part_of(whole_, token);
  }
  const size_t behind = end.value_or(tail.first);
  auto next = std::find_if(found.begin(), found.end(), [&](const Span& token) { return token.first == behind; });
  // Of some models the next turn's first token ends the turn before it.
  if (next != found.end() && !ends_texts(last) && ends_texts(part_of(whole_, *next))) return next->second;
  if (end) return end;
  // A conversation's last turn may end otherwise than those before it.
  if (!found.empty() && alone_ends) return found.front().second;
  const size_t blank = text.substr(0, same).find_last_not_of(kSpace);
  return blank == text.npos ? std::nullopt : std::optional(tail.first + blank + 1);
}

std::optional<size_t> AnswerTrace::end_alone(Span tail, bool last) const {
  const std::vector<Span> found = specials(whole_, tail);
  if (!found.empty()) return last ? found.back().second : found.front().second;
  const size_t blank = last ? part_of(whole_, tail).find_last_not_of(kSpace) : std::string::npos;
  return blank == std::string::npos ? std::nullopt : std::optional(tail.first + blank + 1);
}

std::string AnswerTrace::end_before_question(std::string_view tail, std::string_view others_tail) const {
  if (!is_blank(tail)) return {};
  others_tail.remove_prefix(std::min(others_tail.find_first_not_of(kSpace), others_tail.size()));
  const std::string_view token = tokens_.at_beginning(others_tail);
  return ends_texts(token) ? std::string(token) : std::string();
}

AnswerTrace::End AnswerTrace::end_of(size_t message) const {
  const bool last = message + 1 == turns_.size();
  // A call's words may stand again with its result: how often they stand in the turn itself, the turns up to it say.
  std::optional<AnchoredText> up_to, followed;
  if (auto shown = last ? Result<AnchoredText>(whole_) : show(first_turns(message + 1), false); shown.ok())
    up_to = *std::move(shown);
  const size_t ends = up_to ? up_to->of(message, false).size() : SIZE_MAX;
  const size_t nth = ends > 0 ? ends - 1 : SIZE_MAX;
  const Span tail = whole_.behind(message, nth).value_or(Span{whole_.text.size(), whole_.text.size()});
  if (last) {
    Json turns = first_turns(turns_.size());
    turns.push_back(question());
    if (auto shown = show(std::move(turns), false); shown.ok()) followed = *std::move(shown);
  }
  const std::optional<AnchoredText>& other = last ? followed : up_to;
  const std::optional<Span> others_tail = other ? other->behind(message, nth) : std::nullopt;
  if (!others_tail) {
    const std::optional<size_t> end = end_alone(tail, last);
    return {end.value_or(tail.first), end.has_value()};
  }
  const bool alone_ends = last ? !specials(whole_, tail).empty() : !specials(*other, *others_tail).empty();
  const std::optional<size_t> end = end_before_another(tail, *other, *others_tail, alone_ends);
  if (end) return {*end, true};
  const std::string missing = last && tail.second == whole_.text.size()
                                  ? end_before_question(part_of(whole_, tail), part_of(*other, *others_tail))
                                  : std::string();
  return {tail.first, false, missing};
}

Status AnswerTrace::take_traced(LearnedText& made) const {
  for (size_t i = 0; i < turns_.size(); ++i) {
    if (!is_answer(i) || !whole_.behind(i, 0)) continue;
    MALMOI_ASSIGN(const size_t begin, begin_of(i));
    const End end = end_of(i);
    made.answers.push_back({i, {begin, end.at}, end.found});
    if (end.missing.empty()) continue;
    made.text.resize(end.at);
    made.text += end.missing;
    made.answers.back() = {i, {begin, made.text.size()}, true};
  }
  return {};
}

// What blocks of the template wrote, each the answer whose words stand in it; without headers and what follows a turn.
void AnswerTrace::take_blocks(LearnedText& made) const {
  for (Span block : whole_.generated) {
    // The first words of an answer in it, or the words before it.
    const Anchor *inside = nullptr, *before = nullptr;
    for (const Anchor& anchor : whole_.anchors) {
      if (inside || anchor.at > block.second) break;
      if (anchor.at >= block.first && is_answer(anchor.message)) inside = &anchor;
      else if (anchor.at <= block.first) before = &anchor;
    }
    const Anchor* words = inside ? inside : before;
    if (!words || !is_answer(words->message)) continue;
    const size_t message = words->message;
    if (inside) {
      const auto begin = begin_of(message);
      if (begin.ok() && *begin > block.first && *begin <= words->at) block.first = *begin;
    }
    const std::vector<Span> found = specials(whole_, block);
    if (!found.empty() && is_blank(part_of(whole_, {found.back().second, block.second})))
      block.second = found.back().second;
    const std::optional<Span> tail = whole_.behind(message, SIZE_MAX);
    const bool ends = tail && tail->first < block.second && !is_blank(part_of(whole_, {tail->first, block.second}));
    made.answers.push_back({message, block, ends});
  }
}

}  // namespace malmoi::chat
