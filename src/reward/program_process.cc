#include "reward/program_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/ascii.h"
#include "base/log.h"
#include "base/shown.h"
#include "base/spawn.h"

namespace malmoi::reward {
namespace {

constexpr size_t kLongestReply = size_t{1} << 20;
constexpr size_t kKeptErrors = size_t{4} << 10;
constexpr double kSecondsToLeave = 0.5;
constexpr int kLookMs = 100;

// Of what a program wrote to its standard error, the last line says most.
std::string last_line(std::string_view errors) {
  std::string_view text = ascii_trim(errors);
  if (const size_t end = text.rfind('\n'); end != std::string_view::npos) text.remove_prefix(end + 1);
  return show_controls(text.substr(0, 200));
}

}  // namespace

Status ProgramProcess::start(const std::vector<std::string>& command) {
  kill();
  MALMOI_ASSIGN(Pipe in, make_pipe("rewards"));
  MALMOI_ASSIGN(Pipe out, make_pipe("rewards"));
  MALMOI_ASSIGN(Pipe err, make_pipe("rewards"));
  const SpawnOptions streams{.in = in.read.get(), .out = out.write.get(), .err = err.write.get(), .folder = {}};
  const int failed = spawn(command.front(), command, streams, pid_);
  if (failed != 0) {
    pid_ = -1;
    return usage_error(std::string("the program cannot be started: ") + std::strerror(failed), command.front(),
                       "name one that is there and may be run");
  }
  in_ = std::move(in.write);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  for (const Descriptor* fd : {&in_, &out_, &err_}) do_not_wait(*fd);
  output_.clear();
  errors_.clear();
  answers_ = 0;
  return {};
}

Result<ProgramProcess::Answer> ProgramProcess::ask(std::string_view request, double seconds, const StopToken& stop) {
  const HeldPipeSignal held;
  const double end_at = monotonic_seconds() + seconds;
  if (!output_.empty()) return fail("it printed more than was asked for: '" + last_line(output_) + "'");
  while (true) {
    MALMOI_TRY(stop.check("rewards"));
    if (const size_t end = output_.find('\n'); end != std::string::npos) {
      Answer answer{.line = output_.substr(0, end), .failure = {}};
      output_.erase(0, end + 1);
      ++answers_;
      return answer;
    }
    if (output_.size() > kLongestReply) return fail("it printed a line of more than 1 MiB");
    if (!out_.is_open()) return fail(death());
    const double left = end_at - monotonic_seconds();
    if (left <= 0) return fail("it gave no answer within " + std::to_string(static_cast<int>(seconds + 0.5)) + " s");
    step(request, left);
  }
}

// Writes and reads what can be written and read, or waits for a moment.
void ProgramProcess::step(std::string_view& request, double seconds) {
  pollfd waits[] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {request.empty() ? -1 : in_.get(), POLLOUT, 0}};
  if (::poll(waits, 3, std::min(kLookMs, static_cast<int>(seconds * 1000) + 1)) <= 0) return;
  if (waits[0].revents != 0 && !read_some(out_, output_)) out_.close();
  if (waits[1].revents != 0 && !read_some(err_, errors_)) err_.close();
  if (errors_.size() > kKeptErrors) errors_.erase(0, errors_.size() - kKeptErrors);
  if (waits[2].revents == 0) return;
  const ssize_t n = ::write(in_.get(), request.data(), request.size());
  if (n > 0) request.remove_prefix(static_cast<size_t>(n));
  else if (n < 0 && errno != EAGAIN && errno != EINTR) request = {};  // it reads no more; its end says why
}

ProgramProcess::Answer ProgramProcess::fail(std::string why) {
  kill();
  return {.line = {}, .failure = std::move(why)};
}

// How it ended, in words.
std::string ProgramProcess::death() {
  while (err_.is_open() && read_some(err_, errors_) && errors_.size() < 2 * kKeptErrors) {
    pollfd wait{err_.get(), POLLIN, 0};
    if (::poll(&wait, 1, kLookMs) <= 0) break;
  }
  std::string words = "it closed its output";
  if (wait_for_end(kSecondsToLeave))
    words = WIFSIGNALED(status_) ? "it was ended by signal " + std::to_string(WTERMSIG(status_))
                                 : "it ended with status " + std::to_string(WEXITSTATUS(status_));
  const std::string said = last_line(errors_);
  return said.empty() ? words : words + ": " + said;
}

bool ProgramProcess::wait_for_end(double seconds) {
  const double end_at = monotonic_seconds() + seconds;
  while (pid_ > 0) {
    const pid_t ended = ::waitpid(pid_, &status_, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno != EINTR)) pid_ = -1;
    else if (monotonic_seconds() > end_at) return false;
    else std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void ProgramProcess::kill() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // it may have gone to another group
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }
  in_.close();
  out_.close();
  err_.close();
  output_.clear();
}

void ProgramProcess::end() {
  in_.close();
  wait_for_end(kSecondsToLeave);
  kill();
}

}  // namespace malmoi::reward
