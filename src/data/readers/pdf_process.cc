#include "data/readers/pdf_process.h"

#include <fcntl.h>
#include <poll.h>
#include <poppler-document.h>
#include <poppler-page.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "base/log.h"

namespace malmoi::data {
namespace {

constexpr size_t kMaxOutput = 256u << 20;  // of the child: words with their boxes

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitMemory = false;  // the sanitizers map what they may need
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kLimitMemory = false;
#else
constexpr bool kLimitMemory = true;
#endif
#else
constexpr bool kLimitMemory = true;
#endif

// How the child ends.
enum Exit : int { kDone = 0, kNotPdf = 2, kLocked = 3, kNoReader = 4, kFailed = 5, kNoMemory = 6, kNoLimit = 7 };

// --- the child --------------------------------------------------------------------------------------------------------

// Of the child alone: text is lost for want of a table; a font does not say which characters it shows.
bool tables_missing = false, fonts_unmapped = false;

// Poppler says what it lacks in messages only.
void notice(const std::string& message, void*) {
  for (const char* sign : {"Missing language pack", "' CMap file for '", "Unknown CMap"})
    if (message.find(sign) != std::string::npos) tables_missing = true;
  for (const char* sign : {"ToUnicode CMap", "Unknown character collection"})
    if (message.find(sign) != std::string::npos) fonts_unmapped = true;
}

void send(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::_exit(kNoReader);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

template <typename T>
void append_value(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& out, const poppler::ustring& text) {
  poppler::byte_array bytes = text.to_utf8();
  append_value(out, static_cast<uint32_t>(bytes.size()));
  out.append(bytes.begin(), bytes.end());
}

// What is mapped already is not the child's doing: threads' stacks, weights, a corpus.
bool limit_memory(uint64_t memory_bytes) {
  char buffer[64];
  int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = ::read(fd, buffer, sizeof buffer);
  ::close(fd);
  uint64_t pages = 0;
  if (n <= 0 || std::from_chars(buffer, buffer + n, pages).ec != std::errc()) return false;
  uint64_t whole = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) + memory_bytes;
  rlimit limit{whole, whole};
  return ::setrlimit(RLIMIT_AS, &limit) == 0;
}

// Nothing of the parent's: ends of other children's pipes would keep those from ending, and what poppler prints is noise.
int close_others(int out) {
  int null = ::open("/dev/null", O_RDWR);
  for (int fd : {0, 1, 2}) ::dup2(null, fd);
  constexpr int kOut = 3;
  if (out != kOut) ::dup2(out, kOut);
  if (::close_range(kOut + 1, ~0u, 0) != 0)
    for (int fd = kOut + 1; fd < 65536; ++fd) ::close(fd);
  return kOut;
}

char printed[256];  // by the child, on what it takes for its standard error

// Where its memory ends, operator new comes here, and poppler's own functions print so and call exit() or abort().
// What stands in this process's buffers is the parent's to write.
void tell_end_of_memory() {
  std::atexit([] { ::_exit(kNoMemory); });
  std::set_new_handler([] { ::_exit(kNoMemory); });
  if (std::FILE* file = ::fmemopen(printed, sizeof printed, "w")) {
    std::setvbuf(file, nullptr, _IONBF, 0);
    stderr = file;
  }
  ::signal(SIGABRT, [](int) {
    if (std::strstr(printed, "Out of memory")) ::_exit(kNoMemory);
    ::signal(SIGABRT, SIG_DFL);
  });
}

void send_page(int out, const poppler::page& page) {
  std::string record = "P";
  poppler::rectf box = page.page_rect();
  append_value(record, static_cast<float>(box.width()));
  append_value(record, static_cast<float>(box.height()));
  for (const poppler::text_box& word : page.text_list()) {
    poppler::rectf place = word.bbox();
    record += 'W';
    for (double edge : {place.left(), place.top(), place.right(), place.bottom()})
      append_value(record, static_cast<float>(edge));
    record += static_cast<char>((word.has_space_after() ? 1 : 0) | (word.rotation() == 0 ? 2 : 0));
    append_text(record, word.text());
  }
  send(out, record);
}

// A title, pages with words, and an end with what was missing.
[[noreturn]] void child(std::string_view bytes, const PdfLimits& limits, int out) {
  tell_end_of_memory();
  if (kLimitMemory && !limit_memory(limits.memory_bytes)) ::_exit(kNoLimit);
  rlimit cpu{static_cast<rlim_t>(limits.seconds) + 1, static_cast<rlim_t>(limits.seconds) + 2};
  ::setrlimit(RLIMIT_CPU, &cpu);
  rlimit core{0, 0};
  ::setrlimit(RLIMIT_CORE, &core);
  try {
    poppler::set_debug_error_function(notice, nullptr);
    std::unique_ptr<poppler::document> document(
        poppler::document::load_from_raw_data(bytes.data(), static_cast<int>(bytes.size())));
    if (!document) ::_exit(kNotPdf);
    if (document->is_locked()) ::_exit(kLocked);
    std::string title;
    append_text(title, document->get_title());
    send(out, title);
    for (int i = 0; i < document->pages(); ++i) {
      std::unique_ptr<poppler::page> page(document->create_page(i));
      if (page) send_page(out, *page);
    }
    send(out, tables_missing ? "EM" : fonts_unmapped ? "EU" : "E.");
  } catch (...) {
    ::_exit(kFailed);
  }
  ::_exit(kDone);
}

// --- the parent -------------------------------------------------------------------------------------------------------

struct Outcome {
  std::string output;
  int status = 0;
  bool timed_out = false, too_long = false;
};

// Until the child closes its end, or is to be stopped.
void read_output(int in, double seconds, Outcome& outcome) {
  double deadline = monotonic_seconds() + seconds;
  std::string buffer(1 << 16, '\0');
  while (true) {
    double left = deadline - monotonic_seconds();
    pollfd wait{in, POLLIN, 0};
    int ready = left > 0 ? ::poll(&wait, 1, static_cast<int>(left * 1000) + 1) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      outcome.timed_out = true;
      return;
    }
    ssize_t n = ::read(in, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    outcome.output.append(buffer, 0, static_cast<size_t>(n));
    if (outcome.output.size() > kMaxOutput) {
      outcome.too_long = true;
      return;
    }
  }
}

Result<Outcome> run_child(std::string_view bytes, const PdfLimits& limits, const std::string& where) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return io_error("cannot make a pipe", where, errno);
  pid_t pid = ::fork();
  if (pid < 0) {
    int error = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    return io_error("cannot start a process", where, error);
  }
  if (pid == 0) {
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    child(bytes, limits, close_others(ends[1]));
  }
  ::close(ends[1]);
  Outcome outcome;
  read_output(ends[0], limits.seconds, outcome);
  ::close(ends[0]);
  if (outcome.timed_out || outcome.too_long) ::kill(pid, SIGKILL);
  while (::waitpid(pid, &outcome.status, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

Status check(const Outcome& outcome, const PdfLimits& limits, const std::string& where) {
  int signal = WIFSIGNALED(outcome.status) ? WTERMSIG(outcome.status) : 0;
  if (outcome.too_long) return invalid_data("holds more text than eight million words or so", where, "split it");
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
      return invalid_data("poppler's memory cannot be limited: /proc/self/statm is not to be read", where,
                          "mount /proc");
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
        word.space_after = flags & 1, word.upright = flags & 2;
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
  MALMOI_ASSIGN(Outcome outcome, run_child(bytes, limits, where));
  // A lock that another thread held at the fork can stop a child that is not at fault: one more try, unless it computed.
  if (outcome.timed_out && outcome.output.empty()) {
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
