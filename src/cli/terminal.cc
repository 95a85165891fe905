#include "cli/terminal.h"

#include <unistd.h>

#include <csignal>

#include "base/mapped_files.h"
#include "base/shown.h"

namespace malmoi::cli {
namespace {

// A signal handler has no argument of its own: this is the one flag of the process.
StopSource& stop_source() {
  static StopSource source;
  return source;
}

volatile std::sig_atomic_t told_to_end = 0;

void on_signal(int signal) {
  if (signal == SIGTERM) told_to_end = 1;
  if (stop_source().request()) _exit(128 + signal);
}

void install_stop_handler() {
  stop_source();  // made before a signal can come
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stdout_is_terminal() {
  static const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  return terminal;
}

}  // namespace

Terminal::Terminal() {
  install_stop_handler();
  survive_lost_pages();
  job_.progress = {[this](const std::string& line) { line_.update(line); }, [this] { return line_.due(); }};
  job_.message = [](const std::string& line) { log_info(line); };
  job_.warn = [](const std::string& line) { log_warning(line); };
  job_.stop = stop_source().token();
}

std::string for_stdout(std::string_view text) {
  return stdout_is_terminal() ? show_controls(text, Shown::kAsText) : std::string(text);
}

app::LineSink stdout_lines() {
  if (!stdout_is_terminal()) return app::standard_output();
  return [out = app::standard_output()](std::string_view line) { return out(show_controls(line, Shown::kAsText)); };
}

bool Terminal::terminated() const { return told_to_end != 0; }

void Terminal::go_on() { stop_source().clear(); }

}  // namespace malmoi::cli
