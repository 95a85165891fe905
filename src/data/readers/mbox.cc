// Mailboxes (mbox): messages one after the other, each behind a line "From sender date" that an empty line precedes.
#include <cctype>
#include <utility>

#include "data/readers/formats.h"
#include "data/readers/lines.h"

namespace malmoi::data {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether a line ends a message: "From someone@example.com Mon Jan  1 12:34:56 2024", with or without seconds, zone and
// weekday. Sentences that begin with "From" have no time of day and year; a bare address will do, too.
bool is_postmark(std::string_view line) {
  constexpr std::string_view kMark = "From ";
  if (!line.starts_with(kMark)) return false;
  std::string_view rest = line.substr(kMark.size());
  bool time = false, year = false;
  for (size_t i = 0; i < rest.size(); ++i) {
    if (!is_digit(rest[i])) continue;
    size_t end = i;
    while (end < rest.size() && is_digit(rest[end])) ++end;
    time |=
        end - i <= 2 && end + 2 < rest.size() && rest[end] == ':' && is_digit(rest[end + 1]) && is_digit(rest[end + 2]);
    bool apart = i > 0 && rest[i - 1] == ' ' && (end == rest.size() || rest[end] == ' ' || rest[end] == '\r');
    year |= end - i == 4 && apart && (rest[i] == '1' || rest[i] == '2');
    i = end - 1;
  }
  if (time && year) return true;
  while (rest.ends_with(' ') || rest.ends_with('\r')) rest.remove_suffix(1);
  return rest.find('@') != std::string_view::npos && rest.find(' ') == std::string_view::npos;
}

class MboxReader : public Reader {
 public:
  MboxReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : id_(std::move(input.id)),
        path_(std::move(input.path)),
        limit_(options.limits.document_bytes),
        on_skip_(on_skip),
        lines_(std::move(input.bytes), limit_) {}

  Result<bool> next(RawDocument& out) override {
    std::string message;
    bool oversized = false, inside = std::exchange(pending_, false);
    std::string_view line;
    while (true) {
      MALMOI_ASSIGN(bool more, lines_.next(line));
      bool separator = more && is_postmark(line) && (lines_.number() == 1 || last_empty_);
      if (!more || separator) {
        if (inside) {
          ++count_;
          std::string id = id_ + "#" + std::to_string(count_);
          pending_ = separator;
          if (!oversized) {
            out = {};
            out.payload = Payload::kMail;
            out.document.id = std::move(id);
            out.document.path = path_;
            out.bytes = std::move(message);
            return true;
          }
          on_skip_({id, "read.too_large", "a message longer than the limit", true});
        }
        if (!more) return false;
        message.clear();
        oversized = false;
        inside = true;
        pending_ = false;
        continue;
      }
      last_empty_ = line.empty();
      if (!inside) continue;
      // ">From " was quoted when the message was stored, ">>From " so that one mark is left.
      size_t quotes = line.find_first_not_of('>');
      if (quotes != std::string_view::npos && quotes > 0 && line.substr(quotes).starts_with("From "))
        line.remove_prefix(1);
      oversized |= lines_.too_long() || message.size() + line.size() > limit_;
      if (!oversized) message.append(line) += '\n';
    }
  }

 private:
  std::string id_, path_;
  uint64_t limit_;
  OnSkip on_skip_;
  SourceLines lines_;
  uint64_t count_ = 0;
  bool pending_ = false, last_empty_ = true;
};

}  // namespace

std::unique_ptr<Reader> make_mbox_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<MboxReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
