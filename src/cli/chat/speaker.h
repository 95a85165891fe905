// Shows answers as they come: text on stdout, and beside it, for who watches, thoughts and what they took.
#pragma once

#include <string>

#include "app/use/chat.h"
#include "cli/terminal.h"

namespace malmoi::cli {

/// `34 tokens, 21.3 tokens/s, the first after 0.21 s`, and why it ended where the model did not end it. `max_tokens`: those
/// that it might have had.
std::string summary_of(const app::ChatAnswer& answer, int64_t max_tokens);

/// One conversation's answers. `watched`: somebody sits at the terminal: a stop ends the answer alone.
class Speaker {
 public:
  Speaker(app::Chat& chat, Terminal& terminal, bool watched) : chat_(chat), terminal_(terminal), watched_(watched) {}
  /// Errors: those of Chat::say(); a stop, where nobody watches or the program is to end.
  Status say(const std::string& message);
  /// The same of Chat::retry().
  Status retry();

 private:
  void show(const std::string& text);
  void muse(const std::string& text);
  Status finish(const Result<app::ChatAnswer>& answer);

  app::Chat& chat_;
  Terminal& terminal_;
  bool watched_;
  bool musing_ = false;  // a thought stands on the line
  int64_t forgotten_ = 0;
};

}  // namespace malmoi::cli
