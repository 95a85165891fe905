#include "cli/chat/message_lines.h"

#include <utility>

namespace malmoi::cli {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";
constexpr std::string_view kSpaceBehind = " \t\r\n";

std::string_view without_space_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpaceBehind) + 1);
}

// What stands between the quotes, without the line breaks beside them; false while the second ones are missing.
bool unquote(std::string_view typed, std::string& text) {
  std::string_view inner = without_space_behind(typed.substr(kQuotes.size()));
  if (!inner.ends_with(kQuotes)) return false;
  inner.remove_suffix(kQuotes.size());
  if (inner.starts_with('\n')) inner.remove_prefix(1);
  if (inner.ends_with('\n')) inner.remove_suffix(1);
  text = inner;
  return true;
}

}  // namespace

bool MessageLines::add(std::string_view line) {
  if (std::exchange(begun_, true)) typed_ += '\n';
  typed_ += line;
  if (std::string text; typed_.starts_with(kQuotes)) {
    begun_ = !unquote(typed_, text);
  } else {
    begun_ = typed_.ends_with('\\');
    if (begun_) typed_.pop_back();
  }
  return !begun_;
}

Entry MessageLines::take() {
  Entry entry{.typed = std::exchange(typed_, {})};
  entry.text = entry.typed;
  if (entry.typed.starts_with(kQuotes)) {
    unquote(entry.typed, entry.text);
    entry.kind = Entry::Kind::kMessage;
  } else if (entry.typed.starts_with("//")) {
    entry.text.erase(0, 1);
    entry.kind = Entry::Kind::kMessage;
  } else if (entry.typed.starts_with('/')) {
    entry.kind = Entry::Kind::kCommand;
  } else {
    entry.kind = Entry::Kind::kMessage;
  }
  if (without_space_behind(entry.text).empty()) entry.kind = Entry::Kind::kNothing;
  return entry;
}

void MessageLines::drop() {
  typed_.clear();
  begun_ = false;
}

}  // namespace malmoi::cli
