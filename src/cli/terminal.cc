#include "cli/terminal.h"

#include <unistd.h>

#include <csignal>

namespace malmoi::cli {
namespace {

// A signal handler has no argument of its own: this is the one flag of the process.
StopSource& stop_source() {
  static StopSource source;
  return source;
}

void on_signal(int signal) {
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

}  // namespace

Terminal::Terminal() {
  install_stop_handler();
  job_.progress = {[this](const std::string& line) { line_.update(line); }, [this] { return line_.due(); }};
  job_.message = [](const std::string& line) { log_info(line); };
  job_.warn = [](const std::string& line) { log_warning(line); };
  job_.stop = stop_source().token();
}

void Terminal::go_on() { stop_source().clear(); }

}  // namespace malmoi::cli
