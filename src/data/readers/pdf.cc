#include "data/readers/pdf.h"

#include <poll.h>
#include <poppler-document.h>
#include <poppler-page.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/log.h"

namespace malmoi::data {
namespace {

constexpr size_t kMaxText = 256u << 20;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitAddressSpace = false;  // the sanitizers' shadow is larger than any limit
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kLimitAddressSpace = false;
#else
constexpr bool kLimitAddressSpace = true;
#endif
#else
constexpr bool kLimitAddressSpace = true;
#endif

void send(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::_exit(4);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string utf8(const poppler::ustring& text) {
  poppler::byte_array bytes = text.to_utf8();
  return {bytes.begin(), bytes.end()};
}

void quiet(const std::string&, void*) {}

// The child: title, page count, then the pages, each ended by a form feed. Exit: 0 done, 2 not a PDF, 3 locked.
[[noreturn]] void child(std::string_view bytes, double seconds, uint64_t memory_bytes, int out) {
  if (kLimitAddressSpace) {
    rlimit memory{memory_bytes, memory_bytes};
    ::setrlimit(RLIMIT_AS, &memory);
  }
  rlimit cpu{static_cast<rlim_t>(seconds) + 1, static_cast<rlim_t>(seconds) + 2};
  ::setrlimit(RLIMIT_CPU, &cpu);
  rlimit core{0, 0};
  ::setrlimit(RLIMIT_CORE, &core);
  try {
    poppler::set_debug_error_function(quiet, nullptr);
    std::unique_ptr<poppler::document> document(
        poppler::document::load_from_raw_data(bytes.data(), static_cast<int>(bytes.size())));
    if (!document) ::_exit(2);
    if (document->is_locked()) ::_exit(3);
    std::string title = utf8(document->get_title());
    for (char& c : title)
      if (c == '\f' || c == '\n') c = ' ';
    send(out, title + "\f");
    for (int i = 0; i < document->pages(); ++i) {
      std::unique_ptr<poppler::page> page(document->create_page(i));
      if (page) send(out, utf8(page->text()) + "\f");
      else send(out, "\f");
    }
  } catch (...) {
    ::_exit(5);
  }
  ::_exit(0);
}

// Lines of a page to paragraphs: a line that goes on into the next is joined to it, words broken by a hyphen too.
void append_page(std::string& out, std::string_view page) {
  std::string paragraph;
  auto end_paragraph = [&] {
    if (!paragraph.empty()) (out += out.empty() ? "" : "\n\n") += paragraph;
    paragraph.clear();
  };
  size_t longest = 0;
  for (size_t begin = 0; begin < page.size();) {
    size_t end = std::min(page.find('\n', begin), page.size());
    longest = std::max(longest, end - begin);
    begin = end + 1;
  }
  bool short_line = false;
  for (size_t begin = 0; begin < page.size();) {
    size_t end = std::min(page.find('\n', begin), page.size());
    std::string_view line = page.substr(begin, end - begin);
    begin = end + 1;
    size_t width = line.size();
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    if (line.empty()) {
      end_paragraph();
      continue;
    }
    bool ended = !paragraph.empty() && std::strchr(".!?:", paragraph.back());
    if (short_line && (ended || paragraph.size() < 80)) end_paragraph();
    if (!paragraph.empty()) {
      bool hyphen = paragraph.back() == '-' && line[0] >= 'a' && line[0] <= 'z' && paragraph.size() > 1 &&
                    (paragraph[paragraph.size() - 2] | 32) >= 'a';
      if (hyphen) paragraph.pop_back();
      else paragraph += ' ';
    }
    paragraph += line;
    short_line = width * 4 < longest * 3;
  }
  end_paragraph();
}

struct Outcome {
  std::string output;
  int status = 0;
  bool timed_out = false;
};

Result<Outcome> run_child(std::string_view bytes, double seconds, uint64_t memory_bytes, const std::string& where) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) return io_error("cannot make a pipe", where, errno);
  pid_t pid = ::fork();
  if (pid < 0) {
    int error = errno;
    ::close(pipe_ends[0]), ::close(pipe_ends[1]);
    return io_error("cannot start a process", where, error);
  }
  if (pid == 0) {
    ::close(pipe_ends[0]);
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    child(bytes, seconds, memory_bytes, pipe_ends[1]);
  }
  ::close(pipe_ends[1]);
  Outcome outcome;
  double deadline = monotonic_seconds() + seconds;
  char buffer[1 << 16];
  bool stop = false;
  while (true) {
    double left = deadline - monotonic_seconds();
    pollfd wait{pipe_ends[0], POLLIN, 0};
    int ready = left > 0 ? ::poll(&wait, 1, static_cast<int>(left * 1000) + 1) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      outcome.timed_out = stop = true;
      break;
    }
    ssize_t n = ::read(pipe_ends[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    outcome.output.append(buffer, static_cast<size_t>(n));
    if (outcome.output.size() > kMaxText) {
      stop = true;
      break;
    }
  }
  ::close(pipe_ends[0]);
  if (stop) ::kill(pid, SIGKILL);
  while (::waitpid(pid, &outcome.status, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

}  // namespace

Result<PdfText> read_pdf(std::string_view bytes, double seconds, uint64_t memory_bytes, const std::string& where) {
  if (bytes.size() > INT32_MAX) return invalid_data("is larger than 2 GiB", where, "split it");
  MALMOI_ASSIGN(Outcome outcome, run_child(bytes, seconds, memory_bytes, where));
  // A lock that another thread held at the fork can stop a child that is not at fault: one more try, unless it computed.
  if (outcome.timed_out && outcome.output.empty()) {
    MALMOI_ASSIGN(outcome, run_child(bytes, seconds, memory_bytes, where));
  }
  if (outcome.timed_out || (WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGXCPU))
    return invalid_data("poppler took longer than " + std::to_string(static_cast<int>(seconds)) + " s", where,
                        "raise limits.pdf_seconds, or leave it out");
  if (WIFSIGNALED(outcome.status))
    return invalid_data("poppler failed on it (signal " + std::to_string(WTERMSIG(outcome.status)) + ")", where,
                        "print it to a new PDF");
  switch (WEXITSTATUS(outcome.status)) {
    case 0: break;
    case 2: return invalid_data("is not a PDF that poppler can open", where, "check that the file is whole");
    case 3: return invalid_data("needs a password", where, "save it without one");
    default: return invalid_data("poppler failed on it", where, "print it to a new PDF");
  }
  PdfText text;
  size_t begin = outcome.output.find('\f');
  if (begin == std::string::npos) return invalid_data("poppler gave no pages", where);
  text.title = outcome.output.substr(0, begin++);
  while (begin < outcome.output.size()) {
    size_t end = std::min(outcome.output.find('\f', begin), outcome.output.size());
    append_page(text.text, std::string_view(outcome.output).substr(begin, end - begin));
    ++text.pages;
    begin = end + 1;
  }
  if (text.text.empty())
    return invalid_data("has no text (scanned pages?)", where, "run a character recognition on it first");
  return text;
}

}  // namespace malmoi::data
