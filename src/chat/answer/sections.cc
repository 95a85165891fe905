#include "chat/answer/sections.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/begun.h"
#include "chat/answer/events.h"

namespace malmoi::chat {
namespace {

using Kind = AnswerEvent::Kind;
constexpr std::string_view kSpaces = " \t\r\n";

std::string_view without_spaces_before(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kSpaces), text.size()));
}

std::string_view without_spaces_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

class SectionParser : public AnswerParser {
 public:
  SectionParser(std::span<const Section> sections, const Section* open, const AnswerStart& start)
      : sections_(sections),
        section_(open),
        with_calls_(start.with_calls),
        trims_(!start.in_content),
        said_(start.in_content) {}

  std::vector<AnswerEvent> push(std::string_view text) override {
    held_ += text;
    return told(false);
  }
  std::vector<AnswerEvent> finish() override { return told(true); }
  std::string_view thought_end() const override {
    return section_ && !section_->calls && !section_->closes.empty() ? section_->closes[0] : std::string_view();
  }

 private:
  std::vector<AnswerEvent> told(bool last) {
    while (section_ ? within(last) : outside(last)) {
    }
    return events_.take();
  }

  void say(std::string_view text) {
    if (trims_) text = without_spaces_before(text);
    if (text.empty()) return;
    trims_ = false;
    said_ = said_ || !without_spaces_before(text).empty();
    events_.add(Kind::kContent, text);
  }

  void think(std::string_view text) {
    if (!thought_) text = without_spaces_before(text);
    thought_ = thought_ || !text.empty();
    events_.add(Kind::kReasoning, text);
  }

  void call(const Section& section, const std::string& text, const std::string& close) {
    auto calls = section.calls(text);
    if (!calls || calls->empty()) {  // as it was written
      say(gap_ + (section.keeps_open ? "" : std::string(section.open)) + text + close);
      return;
    }
    for (ToolCall& one : *calls) events_.add(std::move(one));
    trims_ = true;
  }

  // Content up to the next section. False: more text is needed.
  bool outside(bool last) {
    size_t first = held_.npos, waits = 0;
    const Section* found = nullptr;
    for (const Section& section : sections_) {
      if ((section.at_start && said_) || (section.calls && !with_calls_)) continue;
      const std::string_view rest = section.at_start ? without_spaces_before(held_) : std::string_view(held_);
      const size_t before = held_.size() - rest.size();
      size_t at = section.at_start && !rest.starts_with(section.open) ? rest.npos : rest.find(section.open);
      if (at != rest.npos && before + at < first) first = before + at, found = &section;
      const size_t wait = begun(rest, section.open);
      if (!section.at_start || wait == rest.size()) waits = std::max(waits, wait);
    }
    if (found) {
      const std::string before = held_.substr(0, first);
      const std::string_view content = without_spaces_behind(before);
      say(content);
      gap_ = before.substr(content.size());
      held_.erase(0, first + (found->keeps_open ? 0 : found->open.size()));
      section_ = found;
      return true;
    }
    // White space waits, too: before a section it goes.
    const std::string_view held = held_;
    const size_t sure = last ? held.size() : without_spaces_behind(held.substr(0, held.size() - waits)).size();
    say(held.substr(0, sure));
    held_.erase(0, sure);
    return false;
  }

  // Within a section, up to its end. False: more text is needed.
  bool within(bool last) {
    size_t end = held_.npos, length = 0, waits = 0;
    for (std::string_view close : section_->closes) {
      size_t at = held_.find(close);
      if (at < end) end = at, length = close.size();
      waits = std::max(waits, begun(held_, close));
    }
    const bool ended = end != held_.npos;
    if (!ended && !last) {
      if (section_->calls) return false;
      const std::string_view sure = without_spaces_behind(std::string_view(held_).substr(0, held_.size() - waits));
      think(sure);
      held_.erase(0, sure.size());
      return false;
    }
    // Without its end a call may still be whole: some models end their turn in place of it.
    const std::string text = held_.substr(0, end), close = ended ? held_.substr(end, length) : "";
    held_.erase(0, text.size() + close.size());
    const Section& section = *std::exchange(section_, nullptr);
    if (section.calls) {
      call(section, text, close);
    } else {
      think(without_spaces_behind(text));
      thought_ = false;
      trims_ = true;
    }
    return true;
  }

  std::span<const Section> sections_;
  const Section* section_;
  bool with_calls_;
  std::string held_;
  std::string gap_;  // white space before the section
  AnswerEvents events_;
  bool trims_;            // white space at the beginning and after a section
  bool said_;             // some content
  bool thought_ = false;  // some of this thought
};

}  // namespace

std::unique_ptr<AnswerParser> section_parser(std::span<const Section> sections, const AnswerStart& start) {
  auto open = std::find_if(sections.begin(), sections.end(), [&](const Section& section) {
    return !section.calls && without_spaces_behind(start.prompt).ends_with(section.open);
  });
  return std::make_unique<SectionParser>(sections, open == sections.end() ? nullptr : &*open, start);
}

}  // namespace malmoi::chat
