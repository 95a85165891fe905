#include "app/store/remote.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "app/store/address.h"
#include "app/store/digest.h"
#include "app/store/partial_file.h"
#include "base/log.h"
#include "net/http_client.h"

namespace malmoi::app {
namespace {

constexpr int kTries = 5;
constexpr int kMaxRedirects = 10;
constexpr int kStallSeconds = 30;
constexpr double kAnswerSeconds = 60;
constexpr uint64_t kUnknownSize = uint64_t{64} << 30;  // bytes, of a file whose size nobody tells
constexpr const char* kGoOn = "run it again to go on";

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What passes by itself.
bool is_busy(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

// Where a 206 begins: "bytes 100-199/200".
std::optional<uint64_t> begin_of(const std::string& content_range) {
  unsigned long long begin = 0;
  if (std::sscanf(content_range.c_str(), "bytes %llu-", &begin) != 1) return {};
  return begin;
}

std::string wrong_checksum(const RemoteFile& file, const std::string& sha256, const std::string& blob) {
  if (!file.sha256.empty() && sha256 != file.sha256)
    return fmt::format("has the SHA-256 {}, not {}", sha256, file.sha256);
  if (!file.git_blob.empty() && blob != file.git_blob)
    return fmt::format("is the git blob {}, not {}", blob, file.git_blob);
  return {};
}

// The SHA-256 of a file, or what is wrong with it.
struct Checked {
  std::string sha256, wrong;
};

Result<Checked> check_file(const RemoteFile& file, const Path& path, const StopToken& stop) {
  std::error_code ignored;
  const uint64_t size = std::filesystem::file_size(path, ignored);
  Checked checked;
  if (file.size && size != *file.size) {
    checked.wrong = fmt::format("has {} bytes, not {}", size, *file.size);
    return checked;
  }
  Digest sha256 = Digest::sha256(), blob = Digest::git_blob(size);
  MALMOI_TRY(read_pieces(path, [&](std::string_view bytes) {
    sha256.add(bytes);
    if (!file.git_blob.empty()) blob.add(bytes);
    return stop.check(path.string(), kGoOn);
  }));
  checked.sha256 = sha256.hex();
  checked.wrong = wrong_checksum(file, checked.sha256, blob.hex());
  return checked;
}

}  // namespace

// What is asked, and what became of it.
struct Remote::Transfer {
  std::vector<std::string> headers;
  uint64_t limit = 0;
  net::BodySink sink;
  std::optional<Error> refused;  // why the sink took no more
  bool again = false;            // another try may go better
  int status = 0;                // of the last answer
};

Status Remote::pause(int tries) const {
  const double end = monotonic_seconds() + 0.25 * (1 << tries);
  while (monotonic_seconds() < end) {
    MALMOI_TRY(server_.stop.check(server_.origin, kGoOn));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return {};
}

Result<RemoteAnswer> Remote::ask(std::string url, Transfer& transfer) const {
  transfer.again = false;
  const net::HttpOptions options{
      .agent = "malmoi", .timeout = transfer.sink ? 0 : kAnswerSeconds, .stall = kStallSeconds};
  MALMOI_ASSIGN(net::HttpClient client, net::HttpClient::create(options));
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    net::HttpRequest request{
        .url = url, .headers = transfer.headers, .max_bytes = transfer.limit, .sink = transfer.sink};
    if (!server_.authorization.empty() && origin_of(url) == server_.origin)
      request.headers.push_back("Authorization: " + server_.authorization);
    MALMOI_TRY(client.start(std::move(request)));
    std::vector<net::HttpResponse> done;
    while (done.empty()) {
      MALMOI_TRY(server_.stop.check(shown_url(url), kGoOn));
      done = client.wait(0.1);
    }
    net::HttpResponse& response = done[0];
    if (transfer.refused) return *transfer.refused;
    RemoteAnswer answer;
    answer.body = std::move(response.body);
    answer.url = url;
    answer.headers.parse_http(response.head);
    answer.headers.status = response.status;
    if (response.status == 0) {
      transfer.again = answered_;
      return Error{ErrorCode::kIo, "cannot be reached: " + response.failure, origin_of(url), server_.remedy};
    }
    answered_ = true;
    transfer.status = response.status;
    if (is_redirect(response.status)) {
      url = follow(url, answer.headers.get("location"));
      if (url.empty())
        return invalid_data("redirects to no address that may be followed", shown_url(answer.url), server_.remedy);
      continue;
    }
    transfer.again = is_busy(response.status);
    if (response.status >= 400) return server_.explain(answer.headers, shown_url(url));
    if (response.too_large)
      return invalid_data(fmt::format("answers with more than {}", format_bytes(static_cast<double>(transfer.limit))),
                          shown_url(url), server_.remedy);
    transfer.again = !response.failure.empty();
    if (transfer.again)
      return Error{ErrorCode::kIo, "the connection broke: " + response.failure, shown_url(url), kGoOn};
    return answer;
  }
  return invalid_data(fmt::format("redirects more than {} times", kMaxRedirects), shown_url(url), server_.remedy);
}

Result<RemoteAnswer> Remote::get(const std::string& url, uint64_t limit, std::vector<std::string> headers) const {
  Transfer transfer{.headers = std::move(headers), .limit = limit};
  for (int tries = 0;; ++tries) {
    Result<RemoteAnswer> answer = ask(url, transfer);
    if (answer.ok() || !transfer.again || tries + 1 == kTries) return answer;
    MALMOI_TRY(pause(tries));
  }
}

namespace {

// Takes the bytes of one answer behind those that are there.
class Intake {
 public:
  Intake(const RemoteFile& file, PartialFile& out, const OnBytes& on_bytes)
      : file_(file), out_(out), on_bytes_(on_bytes), before_(out.size()) {}

  Status take(const net::HttpResponse& so_far, std::string_view bytes) {
    if (!std::exchange(begun_, true)) MALMOI_TRY(begin(so_far));
    const uint64_t most = file_.size.value_or(kUnknownSize);
    if (bytes.size() > most - out_.size())
      return invalid_data(fmt::format("more than the {} bytes come that were told", most), shown_url(file_.url),
                          "pull it again later, or from another server");
    MALMOI_TRY(out_.append(bytes));
    on_bytes_(out_.size());
    return {};
  }

 private:
  Status begin(const net::HttpResponse& so_far) {
    net::Headers headers;
    headers.parse_http(so_far.head);
    if (so_far.status == 206 && before_ > 0 && begin_of(headers.get("content-range")) == before_) return {};
    MALMOI_TRY(out_.clear());  // servers without ranges send all of it
    if (so_far.status != 206) return {};
    return Error{ErrorCode::kIo, "another part came than was asked for", shown_url(file_.url), kGoOn};
  }

  const RemoteFile& file_;
  PartialFile& out_;
  const OnBytes& on_bytes_;
  const uint64_t before_;
  bool begun_ = false;
};

}  // namespace

Status Remote::fetch_bytes(const RemoteFile& file, const Path& partial, const OnBytes& on_bytes) const {
  constexpr int kRangeNotSatisfiable = 416;
  MALMOI_ASSIGN(PartialFile out, PartialFile::open(partial));
  if (file.size && out.size() > *file.size) MALMOI_TRY(out.clear());
  uint64_t furthest = 0;
  bool began_again = false;
  for (int tries = 0; !file.size || out.size() < *file.size;) {
    const uint64_t before = out.size();
    furthest = std::max(furthest, before);
    Transfer transfer;
    if (before > 0) transfer.headers.push_back(fmt::format("Range: bytes={}-", before));
    Intake intake(file, out, on_bytes);
    transfer.sink = [&](const net::HttpResponse& so_far, std::string_view bytes) {
      Status taken = server_.stop.check(partial.string(), kGoOn);
      if (taken.ok()) taken = intake.take(so_far, bytes);
      if (!taken.ok()) transfer.refused = taken.error();
      return taken.ok();
    };
    transfer.limit = uint64_t{1} << 20;  // of what an error says of itself
    Result<RemoteAnswer> answer = ask(file.url, transfer);
    const bool is_whole = answer.ok() && (!file.size || out.size() >= *file.size);
    if (is_whole) break;
    tries = out.size() > furthest ? 0 : tries + 1;
    // Nothing stands behind what is here: the file is shorter than was told, or what is here is of another one.
    const bool is_past_end = before > 0 && transfer.status == kRangeNotSatisfiable;
    if (is_past_end) MALMOI_TRY(out.clear());
    const bool is_short = (is_past_end && std::exchange(began_again, true)) || (answer.ok() && tries >= kTries);
    if (is_short)
      return Error{ErrorCode::kIo, fmt::format("{} bytes come, {} were told", before, file.size.value_or(0)),
                   shown_url(file.url), "pull it again later"};
    if (!answer.ok() && (tries >= kTries || !(transfer.again || is_past_end))) return answer.error();
    MALMOI_TRY(pause(tries));
  }
  return out.sync();
}

Result<std::string> Remote::fetch(const RemoteFile& file, const Path& path, const OnBytes& on_bytes) const {
  Path partial = path;
  partial += ".partial";
  std::error_code ignored;
  if (malmoi::exists(path)) {
    MALMOI_ASSIGN(Checked checked, check_file(file, path, server_.stop));
    if (checked.wrong.empty()) return checked.sha256;
    std::filesystem::remove(path, ignored);
  }
  std::string wrong;
  for (int round = 0; round < 2; ++round) {
    MALMOI_TRY(fetch_bytes(file, partial, on_bytes));
    MALMOI_ASSIGN(Checked checked, check_file(file, partial, server_.stop));
    wrong = std::move(checked.wrong);
    if (!wrong.empty()) {
      std::filesystem::remove(partial, ignored);
      continue;
    }
    std::error_code failed;
    std::filesystem::rename(partial, path, failed);
    if (failed) return io_error("cannot rename into place", path.string(), failed.value());
    return checked.sha256;
  }
  return invalid_data(wrong + ", twice; it was removed", shown_url(file.url), server_.remedy);
}

}  // namespace malmoi::app
