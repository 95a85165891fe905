#include "data/readers/pdf_child.h"

#include <fcntl.h>
#include <poppler-document.h>
#include <poppler-page.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>

namespace malmoi::data {
namespace {

#if defined(MALMOI_SANITIZED)
constexpr bool kLimitMemory = false;  // the sanitizers map what they may need
#else
constexpr bool kLimitMemory = true;
#endif

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
    record += static_cast<char>((word.has_space_after() ? 1 : 0) | (word.rotation() & 3) << 1);
    append_text(record, word.text());
  }
  send(out, record);
}

}  // namespace

void run_pdf_child(std::string_view bytes, const PdfLimits& limits, int out) {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  out = close_others(out);
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

}  // namespace malmoi::data
