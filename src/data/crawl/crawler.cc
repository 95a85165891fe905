#include "data/crawl/crawler.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "base/counted.h"
#include "base/log.h"
#include "data/crawl/crawl_log.h"
#include "data/crawl/frontier.h"
#include "data/crawl/host.h"
#include "data/crawl/links.h"
#include "data/crawl/warc_writer.h"
#include "data/readers/headers.h"
#include "data/readers/inflate.h"

namespace malmoi::data {
namespace {

constexpr int kPageTries = 3;          // of a page that a server in trouble does not give
constexpr double kLongestWait = 0.2;   // seconds without a look at whether to stop
constexpr uint64_t kSitemapRatio = 4;  // how much larger than a page an unpacked sitemap may be

// A request that runs: for whom, and whose host is busy with it.
struct Running {
  Task task;
  Host* host = nullptr;
};

std::string root_of(const Url& url) { return url.scheme + "://" + url.host; }

class Crawler {
 public:
  Crawler(const CrawlOptions& options, const Job& job) : options_(options), job_(job) {}

  Result<CrawlResult> run() {
    MALMOI_TRY(start());
    while (!job_.stop.requested()) {
      MALMOI_TRY(launch());
      if (running_.empty() && (!may_go_on() || limit_reached())) break;
      double wait =
          running_.empty() ? std::clamp(soonest() - monotonic_seconds(), 0.001, kLongestWait) : kLongestWait / 2;
      for (net::HttpResponse& response : client_->wait(wait)) MALMOI_TRY(arrived(std::move(response)));
      if (job_.progress.due()) job_.progress(state());
    }
    result_.left = waiting_ + running_.size();
    return result_;
  }

 private:
  Status start() {
    if (options_.out.empty()) return usage_error("no folder for the pages", "out", "say --out DIR");
    MALMOI_ASSIGN(client_, make<net::HttpClient>(net::HttpClient::create({options_.agent, options_.timeout})));
    MALMOI_TRY(make_folder(options_.out));
    std::vector<Url> seeds;
    for (const std::string& seed : options_.seeds) {
      auto url = parse_url(seed);
      if (!url) return usage_error("'" + seed + "' is no http or https URL", "seed", "write https://host/path");
      seeds.push_back(*url);
      if (options_.hosts.empty()) allowed_.insert(url->host);
    }
    allowed_.insert(options_.hosts.begin(), options_.hosts.end());
    MALMOI_ASSIGN(scratch_, ScratchFolder::create(options_.out));
    seen_ = UrlSet(scratch_, options_.held_urls);
    MALMOI_ASSIGN(log_, make<CrawlLog>(CrawlLog::open(options_.out)));
    MALMOI_ASSIGN(CrawlLog::Past past, replay());
    result_.before = past.pages;
    bytes_before_ = past.bytes;
    if (seeds.empty() && seen_.size() == 0) return usage_error("no page to begin with", "command line", "name a URL");
    for (const Url& url : seeds) MALMOI_TRY(discover(url, 0, Purpose::kPage));
    MALMOI_ASSIGN(warc_, make<WarcWriter>(WarcWriter::open(options_.out, past.warc, past.warc_size, options_.warc_bytes,
                                                           options_.agent)));
    return {};
  }

  std::string state() const {
    return fmt::format("{}, {}, {} waiting  {}", counted(result_.fetched, "page"),
                       format_bytes(static_cast<double>(result_.bytes)), waiting_, asked_);
  }

  template <typename T>
  static Result<std::optional<T>> make(Result<T> made) {
    if (!made.ok()) return std::move(made).error();
    return std::optional<T>(*std::move(made));
  }

  Result<CrawlLog::Past> replay() {
    auto found = [&](const Url& url) -> Status {
      if (options_.hosts.empty()) allowed_.insert(url.host);  // run again without its seeds, it knows them
      MALMOI_ASSIGN(bool fresh, seen_.insert(url.str()));
      (void)fresh;
      return {};
    };
    return log_->replay(scratch_, options_.revisit, found, [&](Task task) { return enqueue(std::move(task)); });
  }

  // --- the frontier -----------------------------------------------------------------------------------------------------

  Status discover(const Url& url, int depth, Purpose purpose) {
    if (!allowed_.contains(url.host) || depth > options_.max_depth) {
      ++result_.passed_over;
      return {};
    }
    MALMOI_ASSIGN(bool fresh, seen_.insert(url.str()));
    if (!fresh) return {};
    Json line{{"url", url.str()}, {"found", depth}};
    if (purpose == Purpose::kSitemap) line["sitemap"] = true;
    MALMOI_TRY(enqueue({url, depth, purpose}));
    return log_->append(line);
  }

  Host& host_of(const Url& url) {
    std::string root = root_of(url);
    auto [entry, fresh] = hosts_.try_emplace(root);
    if (fresh) {
      entry->second.root = root;
      entry->second.waiting = TaskQueue(scratch_, "host" + std::to_string(hosts_.size()), options_.held_tasks);
    }
    return entry->second;
  }

  Status enqueue(Task task) {
    ++waiting_;
    Host& host = host_of(task.url);
    return host.waiting.push(std::move(task));
  }

  bool limit_reached() const {
    return visited_ >= options_.max_pages || bytes_before_ + result_.bytes >= options_.max_bytes;
  }

  // Whether a host with tasks is left that was not given up.
  bool may_go_on() const {
    return std::any_of(hosts_.begin(), hosts_.end(),
                       [](const auto& entry) { return !entry.second.waiting.empty() && !entry.second.given_up(); });
  }

  double soonest() const {
    double soonest = monotonic_seconds() + kLongestWait;
    for (const auto& [root, host] : hosts_)
      if (!host.busy && !host.waiting.empty()) soonest = std::min(soonest, host.next);
    return soonest;
  }

  Status launch() {
    double now = monotonic_seconds();
    for (auto& [root, host] : hosts_) {
      if (static_cast<int>(running_.size()) >= options_.parallel) return {};
      bool ready = !host.busy && !host.waiting.empty() && !host.given_up() && host.next <= now && !limit_reached();
      if (!ready) continue;
      if (host.robots_until <= now) {
        MALMOI_TRY(begin(host, {*parse_url(root + "/robots.txt"), 0, Purpose::kRobots}));
        continue;
      }
      MALMOI_ASSIGN(Task task, host.waiting.pop());
      --waiting_;
      if (!host.robots.allows(task.url.path)) {
        ++result_.disallowed;
        MALMOI_TRY(finish(task, {{"status", 0}, {"refused", "robots.txt"}}));
        continue;
      }
      ++visited_;
      MALMOI_TRY(begin(host, std::move(task)));
    }
    return {};
  }

  Status begin(Host& host, Task task) {
    net::HttpRequest request{++last_id_, task.url.str(), {}, options_.max_page_bytes};
    if (task.purpose == Purpose::kRobots) request.max_bytes = Host::kRobotsBytes;
    if (!task.etag.empty()) request.headers.push_back("If-None-Match: " + task.etag);
    if (!task.modified.empty()) request.headers.push_back("If-Modified-Since: " + task.modified);
    host.busy = true;
    asked_ = request.url;
    running_[request.id] = {std::move(task), &host};
    return client_->start(std::move(request));
  }

  // --- what comes back --------------------------------------------------------------------------------------------------

  Status arrived(net::HttpResponse response) {
    auto found = running_.find(response.id);
    Running running = std::move(found->second);
    running_.erase(found);
    Host& host = *running.host;
    host.busy = false;
    host.next = monotonic_seconds() + std::max(options_.delay, host.robots.crawl_delay());
    if (running.task.purpose == Purpose::kRobots) return take_robots(running.task, response, host);
    return take_answer(std::move(running.task), response, host);
  }

  Status take_answer(Task task, const net::HttpResponse& response, Host& host) {
    Headers headers;
    headers.parse_http(response.head);
    if (!response.failure.empty() || response.status >= 500 || response.status == 429) {
      // Twice more, later; a server in trouble is given time.
      if (!response.too_large && ++task.attempts < kPageTries) {
        host.next += options_.delay * (1 << task.attempts);
        --visited_;
        return enqueue(std::move(task));
      }
      ++result_.failed;
      return finish(task, {{"status", response.status}, {"failed", response.failure}});
    }
    if (response.status == 304) {
      ++result_.unchanged;
      MALMOI_TRY(warc_->revisit(task.url.str(), response.head));
      return finish(task, {{"status", 304}, {"etag", task.etag}, {"modified", task.modified}});
    }
    if (response.status >= 300 && response.status < 400) {
      auto target = resolve_url(task.url, headers.get("location"));
      if (target) MALMOI_TRY(discover(*target, task.depth, task.purpose));
      return finish(task, {{"status", response.status}});
    }
    if (response.status != 200) {
      ++result_.failed;
      return finish(task, {{"status", response.status}});
    }
    return take_page(task, response, headers);
  }

  Status take_page(const Task& task, const net::HttpResponse& response, const Headers& headers) {
    std::string unpacked;
    if (task.purpose == Purpose::kSitemap && is_gzip(response.body))
      unpacked = inflate(response.body, Deflate::kGzip, options_.max_page_bytes * kSitemapRatio).bytes;
    PageLinks found = find_links(task.url, headers.get("content-type"), unpacked.empty() ? response.body : unpacked);
    for (const Url& link : found.links) MALMOI_TRY(discover(link, task.depth + 1, Purpose::kPage));
    for (const Url& map : found.sitemaps) MALMOI_TRY(discover(map, task.depth, Purpose::kSitemap));
    Json done{{"status", 200},
              {"bytes", response.body.size()},
              {"etag", headers.get("etag")},
              {"modified", headers.get("last-modified")}};
    if (found.store && task.purpose == Purpose::kPage) {
      MALMOI_TRY(warc_->response(task.url.str(), plain_head(response.head, response.body.size()), response.body));
      ++result_.fetched;
      result_.bytes += response.body.size();
    } else {
      done["stored"] = false;
    }
    return finish(task, std::move(done));
  }

  Status take_robots(const Task& task, const net::HttpResponse& response, Host& host) {
    double now = monotonic_seconds();
    std::string location;
    switch (host.take_robots(response, options_.agent, now, location)) {
      case Host::RobotsAnswer::kRedirect: {
        auto target = resolve_url(task.url, location);
        if (target) return begin(host, {*target, 0, Purpose::kRobots});
        host.robots_until = now + Host::kRobotsSeconds;  // it leads nowhere: as if there were none
        host.robots = Robots();
        return {};
      }
      case Host::RobotsAnswer::kUnreachable: return wait_for_robots(response, host, now);
      case Host::RobotsAnswer::kKnown: break;
    }
    // The file itself costs the site little: pages need not wait long for it.
    constexpr double kLongestDelay = 1;
    host.next = now + std::min(options_.delay, kLongestDelay);
    if (!options_.sitemaps) return {};
    for (const std::string& map : host.robots.sitemaps())
      if (auto url = parse_url(map)) MALMOI_TRY(discover(*url, 0, Purpose::kSitemap));
    return {};
  }

  // Nothing is asked for until robots.txt can be had; what waits stays for another run.
  Status wait_for_robots(const net::HttpResponse& response, Host& host, double now) {
    const double wait = options_.robots_retry * (1 << (host.robots_failures - 1));
    host.next = now + wait;
    job_.warn(fmt::format(
        "robots.txt of {} cannot be had ({}); {}", host.root,
        response.failure.empty() ? fmt::format("status {}", response.status) : response.failure,
        host.given_up() ? "its pages wait for another run" : "asked for again in " + format_duration(wait)));
    return {};
  }

  // The record is in the WARC before the log says so: after a kill the log's end of the WARC is the good one.
  Status finish(const Task& task, Json done) {
    Json line{{"url", task.url.str()}};
    line.update(done);
    line["warc"] = warc_->number();
    line["end"] = warc_->size();
    return log_->append(line);
  }

  const CrawlOptions& options_;
  const Job& job_;
  std::shared_ptr<ScratchFolder> scratch_;
  std::optional<net::HttpClient> client_;
  std::optional<CrawlLog> log_;
  std::optional<WarcWriter> warc_;
  std::set<std::string> allowed_;
  UrlSet seen_;
  std::map<std::string, Host> hosts_;  // by scheme and host
  std::map<uint64_t, Running> running_;
  uint64_t waiting_ = 0, visited_ = 0, bytes_before_ = 0, last_id_ = 0;
  std::string asked_;  // the last URL that was asked for
  CrawlResult result_;
};

}  // namespace

Result<CrawlResult> crawl(const CrawlOptions& options, const Job& job) { return Crawler(options, job).run(); }

}  // namespace malmoi::data
