#include "cli/chat/line_editor.h"

#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include <readline/history.h>
#include <readline/readline.h>

namespace malmoi::cli {
namespace {

// A signal may come between the look at its flag and the wait for a key.
constexpr int kLookAgainMilliseconds = 200;

// readline calls functions without an argument of theirs, so what they fill is the process's, too.
struct State {
  LineEditor::Complete complete;
  std::optional<std::string> line;  // that was ended with Enter
  bool ended = false;               // by Enter, or by the end of the input
  std::vector<std::string> words;   // left of a completion
};
State state;
volatile std::sig_atomic_t continued = 0;  // after Ctrl-Z

void on_line(char* line) {
  state.ended = true;
  if (line) state.line = line;
  std::free(line);
  rl_callback_handler_remove();  // or it would show its prompt again
}

char* next_word(const char*, int) {
  if (state.words.empty()) return nullptr;
  char* word = ::strdup(state.words.back().c_str());
  state.words.pop_back();
  return word;
}

char** complete(const char* word, int start, int) {
  Completion found = state.complete(std::string(rl_line_buffer, static_cast<size_t>(start)), word);
  if (found.files) return nullptr;  // readline's own completion is of files
  rl_attempted_completion_over = 1;
  state.words = std::move(found.words);
  return rl_completion_matches(word, next_word);
}

int insert_line_break(int, int) { return rl_insert_text("\n"), 0; }

// Numbers stay as they are: LC_CTYPE alone is set. Where the user's has no UTF-8, one takes its place that has; in the
// environment, for readline sets it by that whenever it begins a line.
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0) return;
  ::setenv("LC_ALL", "C.UTF-8", 1);
  std::setlocale(LC_CTYPE, "");
}

std::pair<int, int> terminal_size() {
  winsize size{};
  ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
  return {size.ws_row, size.ws_col};
}

// The line stays as it stands on the screen, and is no more.
void abandon_line() {
  rl_point = rl_end;
  rl_redisplay();
  rl_free_line_state();
  rl_callback_sigcleanup();
  std::fputs("^C\n", stderr);  // before the terminal is given back, which goes to the beginning of the line
  rl_replace_line("", 0);
  rl_callback_handler_remove();
}

}  // namespace

LineEditor::LineEditor(StopToken stop, Complete complete_word) : stop_(std::move(stop)) {
  state.complete = std::move(complete_word);
  rl_readline_name = "malmoi";
  rl_instream = stdin;
  rl_outstream = stderr;
  use_utf8();
  rl_catch_signals = 0;  // ours are looked at below
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  rl_attempted_completion_function = complete;
  rl_bind_keyseq("\\e\\C-m", insert_line_break);
  using_history();
  struct sigaction action {};
  action.sa_handler = [](int) { continued = 1; };
  ::sigaction(SIGCONT, &action, nullptr);
}

LineEditor::~LineEditor() {
  ::signal(SIGCONT, SIG_DFL);
  clear_history();
  state = {};
}

LineEditor::Line LineEditor::read(const std::string& prompt) {
  state.line.reset();
  state.ended = false;
  auto size = terminal_size();
  rl_callback_handler_install(prompt.c_str(), on_line);
  while (!state.ended) {
    pollfd key{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&key, 1, kLookAgainMilliseconds);
    if (stop_.requested()) {
      abandon_line();
      return {End::kStop, ""};
    }
    if (std::exchange(continued, 0)) {  // others used the terminal meanwhile
      rl_deprep_terminal();
      rl_prep_terminal(1);
      rl_forced_update_display();
    }
    if (auto now = terminal_size(); now != std::exchange(size, now)) rl_resize_terminal();
    if (ready > 0) rl_callback_read_char();
  }
  if (state.line) return {End::kLine, *std::move(state.line)};
  std::fputs("\n", stderr);
  return {End::kInput, ""};
}

void LineEditor::remember(const std::string& entry) {
  const HIST_ENTRY* last = history_length > 0 ? history_get(history_base + history_length - 1) : nullptr;
  if (!last || entry != last->line) add_history(entry.c_str());
}

}  // namespace malmoi::cli
