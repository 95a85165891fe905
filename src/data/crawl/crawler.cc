#include "data/crawl/crawler.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "data/crawl/links.h"
#include "data/crawl/robots.h"
#include "data/crawl/transfer.h"
#include "data/crawl/url.h"
#include "data/crawl/warc_writer.h"
#include "data/readers/headers.h"
#include "formats/zstd_stream.h"

namespace malmoi::data {
namespace {

struct Validators {
  std::string etag, modified;
};

struct Host {
  bool robots_known = false, robots_asked = false, busy = false;
  Robots robots;
  double next = 0;  // not before
  std::deque<Task> waiting;
};

class Crawler {
 public:
  Crawler(const CrawlOptions& options, const Job& job) : options_(options), job_(job) {}
  ~Crawler() {
    running_.clear();
    if (multi_) curl_multi_cleanup(multi_);
    if (log_fd_ >= 0) ::close(log_fd_);
  }

  Result<CrawlResult> run() {
    MALMOI_TRY(start());
    while (!job_.stop.requested()) {
      MALMOI_TRY(launch());
      if (running_.empty() && waiting_ == 0) break;
      if (limit_reached() && running_.empty()) break;
      int active = 0;
      curl_multi_perform(multi_, &active);
      MALMOI_TRY(collect());
      int wait =
          running_.empty() ? static_cast<int>(std::clamp((soonest() - monotonic_seconds()) * 1000, 1.0, 200.0)) : 100;
      curl_multi_poll(multi_, nullptr, 0, wait, nullptr);
    }
    result_.left = waiting_ + running_.size();
    return result_;
  }

 private:
  Status start() {
    if (options_.out.empty()) return usage_error("no folder for the pages", "out", "say --out DIR");
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    if (global != CURLE_OK || !multi_) return internal_error("cannot start libcurl");
    MALMOI_TRY(make_folder(options_.out));
    std::vector<Url> seeds;
    for (const std::string& seed : options_.seeds) {
      auto url = parse_url(seed);
      if (!url) return usage_error("'" + seed + "' is no http or https URL", "seed", "write https://host/path");
      seeds.push_back(*url);
      if (options_.hosts.empty()) allowed_.insert(url->host);
    }
    allowed_.insert(options_.hosts.begin(), options_.hosts.end());
    MALMOI_TRY(replay());
    if (seeds.empty() && seen_.empty()) return usage_error("no page to begin with", "command line", "name a URL");
    for (const Url& url : seeds) MALMOI_TRY(discover(url, 0, Purpose::kPage));
    MALMOI_ASSIGN(warc_, open_warc());
    return {};
  }

  Result<std::optional<WarcWriter>> open_warc() {
    MALMOI_ASSIGN(WarcWriter writer,
                  WarcWriter::open(options_.out, warc_number_, warc_size_, options_.warc_bytes, options_.agent));
    return std::optional<WarcWriter>(std::move(writer));
  }

  // --- the log ----------------------------------------------------------------------------------------------------------

  // What an earlier crawl found and did. A last line that was cut off is cut away.
  Status replay() {
    Path path = options_.out / "crawl.log";
    std::error_code ignored;
    uint64_t good = 0;
    std::map<std::string, Task> found;
    std::vector<std::string> order;
    if (std::filesystem::exists(path, ignored)) {
      MALMOI_ASSIGN(std::string text, read_file(path));
      for (size_t begin = 0; begin < text.size();) {
        size_t end = text.find('\n', begin);
        if (end == std::string::npos) break;
        auto line = parse_json(std::string_view(text).substr(begin, end - begin), path.string());
        if (!line.ok()) return std::move(line).error();
        MALMOI_TRY(replay_line(*line, found, order));
        begin = good = end + 1;
      }
    }
    for (const std::string& name : order) {
      auto task = found.find(name);
      if (task != found.end()) enqueue(std::move(task->second));
    }
    log_fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (log_fd_ < 0 || ::ftruncate(log_fd_, static_cast<off_t>(good)) != 0 || ::lseek(log_fd_, 0, SEEK_END) < 0)
      return io_error("cannot write", path.string(), errno);
    return {};
  }

  Status replay_line(const Json& line, std::map<std::string, Task>& found, std::vector<std::string>& order) {
    std::string name = json_string(line, "url");
    auto url = parse_url(name);
    if (!url) return invalid_data("a line without a url", (options_.out / "crawl.log").string(), "name a new folder");
    if (line.contains("found")) {
      if (options_.hosts.empty()) allowed_.insert(url->host);  // run again without its seeds, it knows them
      int depth = line.value("found", 0);
      if (!seen_.insert(name).second) return {};
      found[name] = {*url, depth, line.value("sitemap", false) ? Purpose::kSitemap : Purpose::kPage, 0};
      order.push_back(name);
      depths_[name] = depth;
      return {};
    }
    validators_[name] = {json_string(line, "etag"), json_string(line, "modified")};
    warc_number_ = line.value("warc", warc_number_);
    warc_size_ = line.value("end", warc_size_);
    if (line.value("status", 0) == 200 && line.value("stored", true)) {
      ++result_.before;
      bytes_before_ += line.value("bytes", uint64_t{0});
    }
    // For a later visit the page waits again, with what tells whether it changed.
    if (!options_.revisit) found.erase(name);
    return {};
  }

  Status append_log(const Json& line) {
    std::string text = dump_json(line) + "\n";
    for (std::string_view rest = text; !rest.empty();) {
      ssize_t n = ::write(log_fd_, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("cannot write", (options_.out / "crawl.log").string(), errno);
      rest.remove_prefix(static_cast<size_t>(n));
    }
    return {};
  }

  // --- the frontier -----------------------------------------------------------------------------------------------------

  Status discover(const Url& url, int depth, Purpose purpose) {
    if (!allowed_.contains(url.host) || depth > options_.max_depth) {
      ++result_.passed_over;
      return {};
    }
    if (!seen_.insert(url.str()).second) return {};
    Json line{{"url", url.str()}, {"found", depth}};
    if (purpose == Purpose::kSitemap) line["sitemap"] = true;
    depths_[url.str()] = depth;
    enqueue({url, depth, purpose, 0});
    return append_log(line);
  }

  void enqueue(Task task) {
    Host& host = hosts_[task.url.scheme + "://" + task.url.host];
    host.waiting.push_back(std::move(task));
    ++waiting_;
  }

  bool limit_reached() const {
    return visited_ >= options_.max_pages || bytes_before_ + result_.bytes >= options_.max_bytes;
  }

  double soonest() const {
    double soonest = monotonic_seconds() + 1;
    for (const auto& [name, host] : hosts_)
      if (!host.busy && !host.waiting.empty()) soonest = std::min(soonest, host.next);
    return soonest;
  }

  Status launch() {
    double now = monotonic_seconds();
    for (auto& [name, host] : hosts_) {
      if (static_cast<int>(running_.size()) >= options_.parallel) return {};
      if (host.busy || host.waiting.empty() || host.next > now || limit_reached()) continue;
      if (!host.robots_known) {
        Task robots{host.waiting.front().url, 0, Purpose::kRobots, 0};
        robots.url.path = "/robots.txt";
        begin(host, std::move(robots));
        continue;
      }
      Task task = std::move(host.waiting.front());
      host.waiting.pop_front();
      --waiting_;
      if (!host.robots.allows(task.url.path)) {
        ++result_.disallowed;
        MALMOI_TRY(finish(task, {{"status", 0}, {"refused", "robots.txt"}}));
        continue;
      }
      ++visited_;
      begin(host, std::move(task));
    }
    return {};
  }

  void begin(Host& host, Task task) {
    auto transfer = std::make_unique<Transfer>();
    transfer->task = std::move(task);
    transfer->limit = transfer->task.purpose == Purpose::kRobots ? 1 << 20 : options_.max_page_bytes;
    prepare(*transfer, {options_.agent, options_.timeout});
    CURL* handle = transfer->handle;
    std::string url = transfer->task.url.str();
    auto known = validators_.find(url);
    if (options_.revisit && known != validators_.end() && transfer->task.purpose == Purpose::kPage) {
      if (!known->second.etag.empty())
        transfer->headers = curl_slist_append(transfer->headers, ("If-None-Match: " + known->second.etag).c_str());
      if (!known->second.modified.empty())
        transfer->headers =
            curl_slist_append(transfer->headers, ("If-Modified-Since: " + known->second.modified).c_str());
    }
    if (transfer->headers) curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
    host.busy = true;
    curl_multi_add_handle(multi_, handle);
    running_[handle] = std::move(transfer);
  }

  // --- what comes back --------------------------------------------------------------------------------------------------

  Status collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* handle = message->easy_handle;
      CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_, handle);
      std::unique_ptr<Transfer> transfer = std::move(running_[handle]);
      running_.erase(handle);
      Host& host = hosts_[transfer->task.url.scheme + "://" + transfer->task.url.host];
      host.busy = false;
      host.next = monotonic_seconds() + std::max(options_.delay, host.robots.crawl_delay());
      MALMOI_TRY(arrived(*transfer, code, host));
    }
    return {};
  }

  Status arrived(Transfer& transfer, CURLcode code, Host& host) {
    Headers headers;
    headers.parse_http(transfer.head);
    if (transfer.task.purpose == Purpose::kRobots) return take_robots(transfer, code, headers.status, host);
    Task& task = transfer.task;
    std::string url = task.url.str();
    if (code != CURLE_OK || headers.status >= 500 || headers.status == 429) {
      // Twice more, later; a server in trouble is given time.
      if (!transfer.too_large && ++task.attempts < 3) {
        host.next += options_.delay * (1 << task.attempts);
        enqueue(std::move(task));
        --visited_;
        return {};
      }
      ++result_.failed;
      return finish(task, {{"status", headers.status},
                           {"failed", transfer.too_large ? "larger than the limit" : curl_easy_strerror(code)}});
    }
    if (headers.status >= 300 && headers.status < 400 && headers.status != 304) {
      auto target = resolve_url(task.url, headers.get("location"));
      if (target) MALMOI_TRY(discover(*target, task.depth, task.purpose));
      return finish(task, {{"status", headers.status}});
    }
    if (headers.status == 304) {
      ++result_.unchanged;
      MALMOI_TRY(warc_->revisit(url, transfer.head));
      return finish(task, {{"status", 304}, {"etag", validators_[url].etag}, {"modified", validators_[url].modified}});
    }
    if (headers.status != 200) {
      ++result_.failed;
      return finish(task, {{"status", headers.status}});
    }
    return take_page(transfer, headers);
  }

  Status take_page(Transfer& transfer, const Headers& headers) {
    const Task& task = transfer.task;
    bool packed = task.url.path.ends_with(".gz") && task.purpose == Purpose::kSitemap;
    PageLinks found = find_links(task.url, headers.get("content-type"),
                                 packed ? gunzip(transfer.body, options_.max_page_bytes * 4) : transfer.body);
    for (const Url& link : found.links) MALMOI_TRY(discover(link, task.depth + 1, Purpose::kPage));
    for (const Url& map : found.sitemaps) MALMOI_TRY(discover(map, task.depth, Purpose::kSitemap));
    Json done{{"status", 200},
              {"bytes", transfer.body.size()},
              {"etag", headers.get("etag")},
              {"modified", headers.get("last-modified")}};
    if (found.store && task.purpose == Purpose::kPage) {
      MALMOI_TRY(warc_->response(task.url.str(), plain_head(transfer.head, transfer.body.size()), transfer.body));
      ++result_.fetched;
      result_.bytes += transfer.body.size();
    } else {
      done["stored"] = false;
    }
    if (job_.progress.due())
      job_.progress(fmt::format("{} pages, {}, {} waiting  {}", result_.fetched,
                                format_bytes(static_cast<double>(result_.bytes)), waiting_, task.url.str()));
    return finish(task, std::move(done));
  }

  Status take_robots(Transfer& transfer, CURLcode code, int status, Host& host) {
    host.robots_known = true;
    if (code == CURLE_OK && status == 200)
      host.robots = Robots::parse(transfer.body, options_.agent.substr(0, options_.agent.find('/')));
    else if (code != CURLE_OK || status >= 500) host.robots = Robots::closed();
    host.next = monotonic_seconds() +
                (host.robots.crawl_delay() > 0 || code == CURLE_OK ? std::max(0.0, std::min(options_.delay, 1.0)) : 0);
    if (code != CURLE_OK || status >= 500)
      job_.warn("robots.txt of " + transfer.task.url.host + " cannot be had; its pages are left out");
    if (!options_.sitemaps) return {};
    for (const std::string& map : host.robots.sitemaps())
      if (auto url = parse_url(map)) MALMOI_TRY(discover(*url, 0, Purpose::kSitemap));
    return {};
  }

  // The record is in the WARC before the log says so: after a kill the log's end of the WARC is the good one.
  Status finish(const Task& task, Json done) {
    Json line{{"url", task.url.str()}};
    line.update(done);
    if (warc_) line["warc"] = warc_->number(), line["end"] = warc_->size();
    return append_log(line);
  }

  const CrawlOptions& options_;
  const Job& job_;
  CURLM* multi_ = nullptr;
  int log_fd_ = -1;
  std::set<std::string> allowed_;
  std::set<std::string> seen_;
  std::map<std::string, int> depths_;
  std::map<std::string, Validators> validators_;
  std::map<std::string, Host> hosts_;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> running_;
  uint64_t waiting_ = 0, visited_ = 0, bytes_before_ = 0;
  std::optional<WarcWriter> warc_;
  int warc_number_ = 0;
  uint64_t warc_size_ = 0;
  CrawlResult result_;
};

}  // namespace

Result<CrawlResult> crawl(const CrawlOptions& options, const Job& job) { return Crawler(options, job).run(); }

}  // namespace malmoi::data
