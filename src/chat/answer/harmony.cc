// gpt-oss: messages in channels. `analysis` is thought, `final` is said, one that goes to=functions.NAME is a call.
//
// Source: OpenAI's Harmony response format.
#include <algorithm>
#include <array>

#include "base/begun.h"
#include "base/json.h"
#include "chat/answer/events.h"

namespace malmoi::chat::harmony {
namespace {

using Kind = AnswerEvent::Kind;

constexpr std::string_view kMessage = "<|message|>", kChannel = "<|channel|>", kStart = "<|start|>";
constexpr std::array<std::string_view, 6> kMarks = {kChannel, kMessage, "<|end|>", "<|call|>", "<|return|>", kStart};

// A recipient, which may stand behind a message's role; whole or begun.
bool is_recipient(std::string_view text) {
  constexpr std::string_view kRecipient = " to=";
  return text.starts_with(kRecipient) || kRecipient.starts_with(text);
}

class HarmonyParser : public AnswerParser {
 public:
  explicit HarmonyParser(const AnswerStart& start)
      : with_calls_(start.with_calls), in_header_(start.prompt.ends_with("<|start|>assistant")), in_role_(in_header_) {}

  std::vector<AnswerEvent> push(std::string_view text) override {
    held_ += text;
    while (true) {
      size_t first = held_.npos, waits = 0;
      std::string_view found;
      for (std::string_view mark : kMarks) {
        if (size_t at = held_.find(mark); at < first) first = at, found = mark;
        waits = std::max(waits, begun(held_, mark));
      }
      if (found.empty()) {
        take(held_.size() - waits);
        break;
      }
      take(first);
      held_.erase(0, found.size());
      meet(found);
    }
    return events_.take();
  }

  std::vector<AnswerEvent> finish() override {
    take(held_.size());
    if (in_role_) end_role();
    end_message();
    return events_.take();
  }

 private:
  // Text up to a mark: of a header, a call, or what is told at once.
  void take(size_t length) {
    const std::string_view text = std::string_view(held_).substr(0, length);
    if (in_header_) header_ += text;
    else if (!recipient_.empty()) body_ += text;
    else events_.add(thinks_ ? Kind::kReasoning : Kind::kContent, text);
    held_.erase(0, length);
    if (in_role_ && !is_recipient(header_)) end_role();
  }
  // What follows the prompt's role is no header: it is said.
  void end_role() {
    in_role_ = in_header_ = false;
    events_.add(Kind::kContent, header_);
    header_.clear();
  }
  void meet(std::string_view mark) {
    in_role_ = false;
    if (mark == kMessage) {
      in_header_ = false;
      thinks_ = header_.find("analysis") != header_.npos;
      constexpr std::string_view kTo = "to=functions.";
      if (size_t to = header_.find(kTo); with_calls_ && to != header_.npos) {
        size_t begin = to + kTo.size();
        recipient_ = header_.substr(begin, header_.find_first_of(" <\n", begin) - begin);
      }
      header_.clear();
      return;
    }
    end_message();
    in_header_ = mark == kChannel || mark == kStart;
    if (mark == kStart) header_.clear();
    else header_ += ' ';  // between a recipient behind the role and the channel
  }
  void end_message() {
    if (!in_header_ && !recipient_.empty()) {
      auto read = parse_json(body_, "arguments");
      if (read.ok() && read->is_object()) events_.add({.name = recipient_, .arguments = dump_json(*read)});
      else events_.add(Kind::kContent, body_);
      recipient_.clear();
      body_.clear();
    }
    if (!in_header_) thinks_ = false;
  }

  bool with_calls_;
  std::string held_, header_, recipient_, body_;
  AnswerEvents events_;
  bool in_header_, thinks_ = false;
  bool in_role_;  // nothing but the prompt's header so far, or what may be its recipient
};

bool wrote(std::string_view source) { return source.find("<|channel|>") != source.npos; }

std::unique_ptr<AnswerParser> parser(const AnswerStart& start) { return std::make_unique<HarmonyParser>(start); }

CallForm call_form(std::string_view) {
  return {.body = CallForm::Body::kArguments,
          .before = "<|channel|>commentary to=functions.",
          .after_name = " <|constrain|>json<|message|>"};
}

}  // namespace

extern const AnswerFamily answers{"harmony", wrote, kMarks, parser, call_form};

}  // namespace malmoi::chat::harmony
