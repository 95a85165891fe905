#include "chat/answer/sections.h"

#include <algorithm>
#include <utility>

namespace malmoi::chat {
namespace {

using Kind = AnswerEvent::Kind;
constexpr std::string_view kSpaces = " \t\r\n";

std::string_view without_spaces_before(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kSpaces), text.size()));
}

// How much of the end of a text may be the beginning of a marker.
size_t begun(std::string_view text, std::string_view marker) {
  size_t most = std::min(text.size(), marker.size() - 1);
  for (size_t length = most; length > 0; --length) {
    if (text.ends_with(marker.substr(0, length))) return length;
  }
  return 0;
}

class SectionParser : public AnswerParser {
 public:
  SectionParser(std::span<const Section> sections, const Section* open) : sections_(sections), section_(open) {}

  std::vector<AnswerEvent> push(std::string_view text) override {
    held_ += text;
    while (section_ ? within(false) : outside(false)) {
    }
    return std::exchange(events_, {});
  }

  std::vector<AnswerEvent> finish() override {
    while (!held_.empty() || (section_ && section_->calls)) {
      if (!(section_ ? within(true) : outside(true))) break;
    }
    return std::exchange(events_, {});
  }

 private:
  void tell(Kind kind, std::string_view text) {
    if (kind == Kind::kContent && trims_) text = without_spaces_before(text);
    if (text.empty()) return;
    trims_ = false;
    if (kind == Kind::kContent && text.find_first_not_of(kSpaces) != text.npos) said_ = true;
    if (!events_.empty() && events_.back().kind == kind && kind != Kind::kToolCall) events_.back().text += text;
    else events_.push_back({.kind = kind, .text = std::string(text)});
  }

  // Content up to the next section. False: more text is needed.
  bool outside(bool last) {
    size_t first = held_.npos;
    const Section* found = nullptr;
    size_t waits = 0;
    for (const Section& section : sections_) {
      if (section.at_start) {
        if (said_) continue;
        std::string_view rest = without_spaces_before(held_);
        size_t at = held_.size() - rest.size();
        if (rest.starts_with(section.open) && at < first) first = at, found = &section;
        else if (section.open.starts_with(rest)) waits = std::max(waits, rest.size());
        continue;
      }
      size_t at = held_.find(section.open);
      if (at < first) first = at, found = &section;
      waits = std::max(waits, begun(held_, section.open));
    }
    if (found) {
      std::string before = held_.substr(0, first);
      before.erase(before.find_last_not_of(kSpaces) + 1);
      tell(Kind::kContent, before);
      held_.erase(0, first + (found->keeps_open ? 0 : found->open.size()));
      section_ = found;
      trims_ = true;
      return true;
    }
    if (last) waits = 0;
    // White space waits, too: before a section it goes.
    size_t sure = held_.size() - waits;
    if (!last) sure = std::string_view(held_).substr(0, sure).find_last_not_of(kSpaces) + 1;
    tell(Kind::kContent, std::string_view(held_).substr(0, sure));
    held_.erase(0, sure);
    return false;
  }

  // Within a section, up to its end.
  bool within(bool last) {
    size_t end = held_.npos, length = 0, waits = 0;
    for (std::string_view close : section_->closes) {
      size_t at = held_.find(close);
      if (at < end) end = at, length = close.size();
      waits = std::max(waits, begun(held_, close));
    }
    const bool ended = end != held_.npos;
    if (!section_->calls) {
      if (ended || last) {
        think(held_.substr(0, end), true);
        trims_ = true;
      } else {
        size_t sure = std::string_view(held_).substr(0, held_.size() - waits).find_last_not_of(kSpaces) + 1;
        think(held_.substr(0, sure), false);
        held_.erase(0, sure);
        return false;
      }
    } else if (ended || last) {
      // Without its end a call may still be whole: some models end their turn in place of it.
      call(held_.substr(0, end), ended ? held_.substr(end, length) : "");
    } else {
      return false;
    }
    held_.erase(0, ended ? end + length : held_.npos);
    section_ = nullptr;
    thought_ = false;
    return true;
  }

  void think(std::string text, bool whole) {
    if (!thought_) text.erase(0, std::min(text.find_first_not_of(kSpaces), text.size()));
    if (whole) text.erase(text.find_last_not_of(kSpaces) + 1);
    if (text.empty()) return;
    thought_ = true;
    if (!events_.empty() && events_.back().kind == Kind::kReasoning) events_.back().text += text;
    else events_.push_back({.kind = Kind::kReasoning, .text = std::move(text)});
  }

  void call(const std::string& text, const std::string& close) {
    auto calls = section_->calls(text);
    if (!calls || calls->empty()) {
      trims_ = false;
      tell(Kind::kContent, (section_->keeps_open ? "" : std::string(section_->open)) + text + close);
      return;
    }
    for (ToolCall& one : *calls) events_.push_back({.kind = Kind::kToolCall, .call = std::move(one)});
    trims_ = true;
  }

  std::span<const Section> sections_;
  const Section* section_;
  std::string held_;
  std::vector<AnswerEvent> events_;
  bool trims_ = true;     // white space at the beginning and after a section
  bool said_ = false;     // some content
  bool thought_ = false;  // some of this thought
};

}  // namespace

std::unique_ptr<AnswerParser> section_parser(std::span<const Section> sections, const Section* open_section) {
  return std::make_unique<SectionParser>(sections, open_section);
}

bool prompt_opens(std::string_view prompt, const Section& section) {
  return prompt.substr(0, prompt.find_last_not_of(kSpaces) + 1).ends_with(section.open);
}

}  // namespace malmoi::chat
