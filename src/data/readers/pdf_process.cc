#include "data/readers/pdf_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "base/pipes.h"
#include "base/thread_time.h"
#include "data/readers/pdf_child.h"

namespace malmoi::data {
namespace {

constexpr size_t kMaxOutput = 256u << 20;  // of the child: words with their boxes

struct Outcome {
  std::string output;
  int status = 0;
  bool timed_out = false, too_long = false;
  bool stuck = false;  // waits for a lock that nobody in it holds
};

// Whether a process sleeps, by the letter behind its name.
bool sleeps(pid_t pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return false;
  char buffer[256];
  ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
  std::string_view text(buffer, n > 0 ? static_cast<size_t>(n) : 0);
  size_t name_end = text.rfind(')');
  return name_end != std::string_view::npos && text.substr(name_end).starts_with(") S");
}

// What a process has computed so far; 0 where the system does not say, and the limit of the child's own holds alone.
double processor_seconds(pid_t pid) {
  clockid_t clock{};
  return ::clock_getcpuclockid(pid, &clock) == 0 ? static_cast<double>(nanoseconds_of(clock)) / 1e9 : 0;
}

// Until the child closes its end, or is to be stopped. It computes or writes: one that sleeps for a second, while there
// is nothing to read, waits for a lock that another thread of this process held at the fork, and would wait for ever.
// One that waits for a processor, of which others leave little, loses nothing.
void read_output(const Descriptor& in, pid_t pid, double seconds, Outcome& outcome) {
  constexpr int kLook = 100, kLooks = 10;  // ms, times in a row
  int asleep = 0;
  while (true) {
    double left = seconds - processor_seconds(pid);
    if (left <= 0) {
      outcome.timed_out = true;
      return;
    }
    pollfd wait{in.get(), POLLIN, 0};
    int ready = ::poll(&wait, 1, std::min(kLook, static_cast<int>(left * 1000) + 1));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      asleep = sleeps(pid) ? asleep + 1 : 0;
      if (asleep < kLooks) continue;
      outcome.stuck = true;
      return;
    }
    asleep = 0;
    if (ready < 0 || !read_some(in, outcome.output)) return;
    if (outcome.output.size() > kMaxOutput) {
      outcome.too_long = true;
      return;
    }
  }
}

Result<Outcome> run_child(std::string_view bytes, const PdfLimits& limits, const std::string& where) {
  MALMOI_ASSIGN(Pipe pipe, make_pipe(where));
  pid_t pid = ::fork();
  if (pid < 0) return io_error("cannot start a process", where, errno);
  if (pid == 0) run_pdf_child(bytes, limits, pipe.write.get());
  pipe.write.close();
  Outcome outcome;
  read_output(pipe.read, pid, limits.seconds, outcome);
  pipe.read.close();
  if (outcome.timed_out || outcome.too_long || outcome.stuck) ::kill(pid, SIGKILL);
  while (::waitpid(pid, &outcome.status, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

Status check(const Outcome& outcome, const PdfLimits& limits, const std::string& where) {
  int signal = WIFSIGNALED(outcome.status) ? WTERMSIG(outcome.status) : 0;
  if (outcome.too_long) return invalid_data("holds more text than eight million words or so", where, "split it");
  if (outcome.stuck) return invalid_data("poppler stood still on it", where, "use fewer --threads");
  if (outcome.timed_out || signal == SIGXCPU)
    return invalid_data("poppler took longer than " + std::to_string(static_cast<int>(limits.seconds)) + " s", where,
                        "raise limits.pdf_seconds, or leave it out");
  if (signal == SIGKILL)
    return invalid_data("poppler was killed by the system, which had no memory left", where, "use fewer --threads");
  if (signal != 0)
    return invalid_data("poppler crashed on it (signal " + std::to_string(signal) + ")", where,
                        "print it to a new PDF");
  switch (WEXITSTATUS(outcome.status)) {
    case kDone: return {};
    case kNotPdf: return invalid_data("is not a PDF that poppler can open", where, "check that the file is whole");
    case kLocked: return invalid_data("needs a password", where, "save it without one");
    case kNoMemory:
      return invalid_data("poppler needs more memory than " + std::to_string(limits.memory_bytes >> 20) + " MiB", where,
                          "raise limits.pdf_memory, or leave it out");
    case kNoLimit:
      return invalid_data("poppler's memory cannot be limited: /proc/self/statm or setrlimit() is not to be had", where,
                          "mount /proc, and allow the call");
    default: return invalid_data("poppler failed on it", where, "print it to a new PDF");
  }
}

// What the child sent; it may be a poppler that a file has taken over, so nothing in it is believed.
class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  bool run(PdfWords& out, bool& missing) {
    if (!text(out.title)) return false;
    while (!bytes_.empty()) {
      char kind = bytes_[0];
      bytes_.remove_prefix(1);
      if (kind == 'P') {
        PdfPage page;
        if (!value(page.width) || !value(page.height)) return false;
        out.pages.push_back(std::move(page));
      } else if (kind == 'W' && !out.pages.empty()) {
        PdfWord word;
        char flags = 0;
        if (!value(word.left) || !value(word.top) || !value(word.right) || !value(word.bottom) || !value(flags) ||
            !text(word.text))
          return false;
        for (float* edge : {&word.left, &word.top, &word.right, &word.bottom})
          if (!std::isfinite(*edge)) *edge = 0;
        word.space_after = flags & 1;
        word.turns = flags >> 1 & 3;
        out.pages.back().words.push_back(std::move(word));
      } else {
        missing = bytes_ == "M";
        out.unmapped = bytes_ == "U";
        return kind == 'E' && bytes_.size() == 1;
      }
    }
    return false;
  }

 private:
  template <typename T>
  bool value(T& out) {
    if (bytes_.size() < sizeof out) return false;
    std::memcpy(&out, bytes_.data(), sizeof out);
    bytes_.remove_prefix(sizeof out);
    return true;
  }

  bool text(std::string& out) {
    uint32_t size = 0;
    if (!value(size) || bytes_.size() < size) return false;
    out.assign(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return true;
  }

  std::string_view bytes_;
};

}  // namespace

Result<PdfWords> read_pdf_words(std::string_view bytes, const PdfLimits& limits, const std::string& where) {
  if (bytes.size() > INT32_MAX) return invalid_data("is larger than 2 GiB", where, "split it");
  constexpr int kTries = 4;  // a lock is held for moments: what was stuck is not so again
  Outcome outcome;
  outcome.stuck = true;
  for (int i = 0; i < kTries && outcome.stuck; ++i) {
    MALMOI_ASSIGN(outcome, run_child(bytes, limits, where));
  }
  MALMOI_TRY(check(outcome, limits, where));
  PdfWords words;
  bool missing = false;
  if (!Parser(outcome.output).run(words, missing))
    return invalid_data("poppler broke off", where, "print it to a new PDF");
  if (missing)
    return invalid_data("uses an encoding for which poppler's tables are not installed, so that text would be lost",
                        where, "install the package poppler-data");
  return words;
}

}  // namespace malmoi::data
