#include "app/serve/document_extractor.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/log.h"
#include "data/carry.h"
#include "data/readers/convert.h"

namespace malmoi::app {
namespace {

using protocol::ApiError;
using protocol::Reply;

constexpr size_t kMostUnread = 20;                     // parts that are named
constexpr const char* kNobodyAsksForLanguage = "und";  // ISO 639: so that it is not found out
constexpr const char* kUnnamed = "document";

// Tables and records are read as they are written: whoever asks about them wants every field, not the text of each record.
bool holds_records(const std::string& name) {
  const std::string low = ascii_lower(name);
  return std::ranges::any_of(std::initializer_list<const char*>{".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson"},
                             [&](const char* ending) { return low.ends_with(ending); });
}

// What readers advise where a file is more than they may read.
constexpr std::string_view kRaiseLimits = "raise limits.";

// How a failure is told to programs, by its rule or by what the readers say of it.
struct KnownFailure {
  std::string_view rule, words;  // empty: any
  const char* code;
  const char* remedy;  // where the readers say none
};
constexpr KnownFailure kKnownFailures[] = {
    {"", "needs a password", "document_locked", "save it without one"},
    {"", kRaiseLimits, "document_too_large", ""},
    {"", "no text layer", "document_without_text", ""},
    {"", "do not say which characters", "document_without_text", ""},
    {"read.mail", "no text", "document_without_text", "check that it is the file that was meant"},
    {"read.empty", "", "document_without_text", "check that it is the file that was meant"},
    {"read.no_text", "", "document_without_text", "check that it is the file that was meant"},
    {"extract.no_content", "", "document_without_text", "check that it is the file that was meant"},
    {"read.unsupported", "", "unsupported_document", "convert it to PDF, DOCX or text"},
    {"read.binary", "", "not_a_document", "send a document or a text"},
    {"read.ignored", "", "not_a_document", "send a document or a text"},
    {"", "", "unreadable_document", "check that the file is whole"},
};

// What readers advise is said to whoever runs them; a client can do other things.
struct ClientRemedy {
  std::string_view begins, instead;
};
constexpr ClientRemedy kClientRemedies[] = {
    {kRaiseLimits, "send a part of it"},
    {"use fewer --threads", "try again later"},
    {"install the package", "save it as text"},
    {"mount /proc", "save it as text"},
};

std::string for_clients(std::string detail) {
  for (const ClientRemedy& client : kClientRemedies) {
    const size_t at = detail.find("; " + std::string(client.begins));
    if (at != detail.npos) detail.replace(at + 2, detail.npos, client.instead);
  }
  return detail;
}

ApiError cannot_read(const std::string& name, std::string_view rule, const std::string& detail) {
  const KnownFailure& known = *std::ranges::find_if(kKnownFailures, [&](const KnownFailure& failure) {
    return (failure.rule.empty() || failure.rule == rule) && detail.find(failure.words) != detail.npos;
  });
  std::string told = for_clients(detail);
  if (told.find("; ") == told.npos && *known.remedy) (told += "; ") += known.remedy;
  if (!told.starts_with(name + ": ")) told = name + ": " + told;
  return {.message = std::move(told), .code = known.code};
}

ApiError cannot_read(const std::string& name, const Error& error) {
  if (error.code == ErrorCode::kInternal || error.code == ErrorCode::kOutOfMemory)
    return protocol::to_api_error({error.code, name + ": " + error.what, "", "send a part of it"});
  const bool unsupported = error.code == ErrorCode::kUnsupported;
  return cannot_read(name, unsupported ? "read.unsupported" : "", error.to_string());
}

struct FoundText {
  std::string title, text, encoding;
};

// Whether the whole file is more than may be read, as an archive of too many entries is: what came before that is a part of it.
bool is_over_limit(const Error& error) { return error.remedy.starts_with(kRaiseLimits); }

// The documents of one file as they come.
class FileText {
 public:
  FileText(std::string name, const ExtractLimits& limits)
      : name_(std::move(name)), limits_(limits), end_(monotonic_seconds() + limits.seconds) {}

  void skip(data::Skip skip) {
    if (!skip.failed && first_skip_) return;
    if (!first_skip_ || (skip.failed && !first_skip_->failed)) first_skip_ = skip;
    if (skip.failed && ++unread_ <= kMostUnread)
      unread_parts_.push_back({{"name", skip.id}, {"reason", for_clients(skip.detail)}});
  }

  // Errors: more than a file may hold, or longer than it may take.
  std::optional<ApiError> add(data::RawDocument raw) {
    if (begun_ && monotonic_seconds() > end_)
      return too_large("takes longer than " + std::to_string(static_cast<int>(limits_.seconds)) + " s");
    begun_ = true;
    if (raw.payload == data::Payload::kHtml) return add_page(std::move(raw));
    data::Converted converted;
    data::Skip why;
    if (convert(std::move(raw), false, converted, why)) return keep(std::move(converted));
    skip(std::move(why));
    return {};
  }

  Reply reply(std::string_view format) const {
    if (found_.empty()) {
      if (first_skip_) return cannot_read(name_, first_skip_->rule, first_skip_->detail);
      return cannot_read(name_, "read.empty", "no text");
    }
    Json json = {
        {"name", name_},    {"format", std::string(format)}, {"title", found_.size() == 1 ? found_[0].title : ""},
        {"text", joined()}, {"documents", found_.size()},    {"encoding", found_[0].encoding}};
    if (pages_ > 0) json["pages"] = pages_;
    json["unread"] = unread_parts_;
    json["unread_count"] = unread_;
    return json;
  }

 private:
  bool convert(data::RawDocument raw, bool whole_page, data::Converted& out, data::Skip& why) const {
    raw.document.language = kNobodyAsksForLanguage;
    const data::ConvertOptions options{data::TextFormat::kMarkdown, whole_page, limits_.reader};
    return data::convert_document(std::move(raw), options, out, why);
  }

  // Of a page without a main text everything that is shown.
  std::optional<ApiError> add_page(data::RawDocument raw) {
    data::Converted converted;
    data::Skip why;
    if (convert(raw, false, converted, why)) return keep(std::move(converted));
    if (why.rule == "extract.no_content" && convert(std::move(raw), true, converted, why))
      return keep(std::move(converted));
    skip(std::move(why));
    return {};
  }

  std::optional<ApiError> keep(data::Converted converted) {
    data::Document& document = converted.document;
    bytes_ += document.text.size();
    if (bytes_ > limits_.text_bytes)
      return too_large("holds more than " + std::to_string(limits_.text_bytes) + " bytes of text");
    if (auto pages = document.meta.find("pages"); pages != document.meta.end()) pages_ += pages->get<int64_t>();
    for (data::Skip& part : converted.missing) skip(std::move(part));
    // In an archive what has no title has a name.
    const std::string folder = name_ + "/";
    std::string title = std::move(document.title);
    if (title.empty() && document.id.starts_with(folder)) title = document.id.substr(folder.size());
    std::ranges::replace(title, '\n', ' ');
    std::string text = std::move(document.text);
    text.erase(text.find_last_not_of(" \t\n") + 1);
    found_.push_back({std::move(title), std::move(text), std::move(document.encoding)});
    return {};
  }

  ApiError too_large(const std::string& what) const {
    return {.message = name_ + ": " + what + "; send a part of it", .code = "document_too_large"};
  }

  std::string joined() const {
    if (found_.size() == 1) return found_[0].text;
    std::string all;
    for (const FoundText& found : found_) {
      if (!all.empty()) all += "\n\n";
      const std::string heading = "# " + found.title;
      if (!found.title.empty() && !found.text.starts_with(heading)) (all += heading) += "\n\n";
      all += found.text;
    }
    return all;
  }

  const std::string name_;
  const ExtractLimits& limits_;
  const double end_;
  std::vector<FoundText> found_;
  uint64_t bytes_ = 0, unread_ = 0;
  int64_t pages_ = 0;
  bool begun_ = false;                    // a document was
  std::optional<data::Skip> first_skip_;  // the first failure; before there is one, whatever was passed over first
  Json unread_parts_ = Json::array();
};

}  // namespace

Reply DocumentExtractor::extract(const std::string& name, const std::string& bytes) const {
  const std::string called = name.empty() ? kUnnamed : name;
  Reply reply;
  const Status done = data::carry_exceptions(called, [&]() -> Status {
    reply = read(called, bytes);
    return {};
  });
  if (!done.ok()) return cannot_read(called, done.error());
  return reply;
}

Reply DocumentExtractor::read(const std::string& name, const std::string& bytes) const {
  data::ReaderOptions options{.limits = limits_.reader, .source_trees = true};  // what is sent is meant
  if (holds_records(name)) options.format = "text";
  FileText text(name, limits_);
  auto on_skip = [&text](data::Skip skip) { text.skip(std::move(skip)); };
  data::Input input{.bytes = data::memory_source(bytes), .id = name, .path = name, .name = name, .named = true};
  const auto reader = data::open_reader(std::move(input), options, on_skip);
  if (!reader.ok()) return cannot_read(name, reader.error());
  if (!*reader) return text.reply("");
  data::RawDocument raw;
  while (true) {
    const Result<bool> more = (*reader)->next(raw);
    if (!more.ok() && is_over_limit(more.error())) return cannot_read(name, more.error());
    if (!more.ok()) text.skip({name, "read.damaged", more.error().to_string(), true});
    if (!more.ok() || !*more) return text.reply((*reader)->format());
    if (auto error = text.add(std::move(raw))) return *std::move(error);
    raw = {};
  }
}

}  // namespace malmoi::app
