// A web site for the tests of the crawler, and what they look at.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "data/crawl/crawler.h"
#include "data/readers/input_stream.h"
#include "base/test_folder.h"

namespace malmoi::data {

// One thread, one request a connection.
class Site {
 public:
  Site() {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::listen(fd_, 16);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    root_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~Site() {
    stop_ = true;
    thread_.join();
    ::close(fd_);
  }
  void page(const std::string& path, const std::string& body,
            const std::string& headers = "Content-Type: text/html\r\n") {
    std::lock_guard lock(mutex_);
    pages_[path] = {headers, body};
  }
  std::string root() const { return root_; }
  std::vector<std::pair<std::string, double>> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  void forget() {
    std::lock_guard lock(mutex_);
    requests_.clear();
  }

 private:
  void serve() {
    while (!stop_) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0) continue;
      int client = ::accept(fd_, nullptr, nullptr);
      if (client < 0) continue;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        ssize_t n = ::read(client, buffer, sizeof buffer);
        if (n <= 0) break;
        request.append(buffer, static_cast<size_t>(n));
      }
      std::string answer = respond(request);
      for (size_t at = 0; at < answer.size();) {
        ssize_t n = ::send(client, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
        if (n <= 0) break;
        at += static_cast<size_t>(n);
      }
      ::close(client);
    }
  }

  std::string respond(const std::string& request) {
    std::lock_guard lock(mutex_);
    std::string path = request.substr(4, request.find(' ', 4) - 4);
    requests_.emplace_back(path, monotonic_seconds());
    auto page = pages_.find(path);
    if (page == pages_.end()) return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const auto& [headers, body] = page->second;
    size_t etag = headers.find("ETag: ");
    if (etag != std::string::npos) {
      std::string value = headers.substr(etag + 6, headers.find('\r', etag) - etag - 6);
      if (request.find("If-None-Match: " + value) != std::string::npos)
        return "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n";
    }
    std::string status = headers.starts_with("Location") ? "301 Moved" : "200 OK";
    if (headers.starts_with("Status: ")) status = headers.substr(8, headers.find('\r') - 8);
    return "HTTP/1.1 " + status + "\r\n" + headers +
           "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  int fd_ = -1;
  std::string root_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::map<std::string, std::pair<std::string, std::string>> pages_;
  std::vector<std::pair<std::string, double>> requests_;
};

inline const std::string kText =
    "<main><h1>제목</h1><p>이 쪽에는 수집할 만한 글이 한 문단 들어 있습니다. 충분히 길게 씁니다.</p></main>";

inline void fill(Site& site) {
  site.page("/robots.txt",
            "User-agent: *\nDisallow: /secret\nAllow: /secret/open\nSitemap: " + site.root() + "/sitemap.xml\n",
            "Content-Type: text/plain\r\n");
  site.page("/",
            "<html><body>" + kText +
                "<a href='a.html'>a</a> <a href='/secret/x'>s</a> <a href='/secret/open'>o</a> <a rel=nofollow "
                "href='/never'>n</a> "
                "<a href='http://other.example/'>elsewhere</a> <a href='mailto:a@b'>m</a> <a href='moved'>r</a><link "
                "rel=alternate type='application/rss+xml' href='/feed.rss'></body></html>");
  site.page("/a.html",
            "<html><body>" + kText + "<a href='/deep/b.html#part'>b</a><a href='./a.html'>self</a></body></html>",
            "Content-Type: text/html\r\nETag: \"v1\"\r\n");
  site.page("/deep/b.html", "<html><body>" + kText + "<a href='../c.html'>c</a></body></html>");
  site.page("/c.html", "<html><body>" + kText + "</body></html>");
  site.page("/secret/open", "<html><body>" + kText + "</body></html>");
  site.page("/moved", "", "Location: /target.html\r\n");
  site.page("/target.html", "<html><head><meta name=robots content='noindex'></head><body>" + kText +
                                "<a href='/from-noindex.html'>x</a></body></html>");
  site.page("/from-noindex.html", "<html><body>" + kText + "</body></html>");
  site.page("/sitemap.xml",
            "<?xml version='1.0'?><urlset><url><loc>" + site.root() + "/mapped.html</loc></url></urlset>",
            "Content-Type: application/xml\r\n");
  site.page("/mapped.html", "<html><body>" + kText + "</body></html>");
  site.page("/feed.rss",
            "<?xml version='1.0'?><rss><channel><item><link>" + site.root() +
                "/item.html</link><description>짧은 소개</description></item></channel></rss>",
            "Content-Type: application/rss+xml\r\n");
  site.page("/item.html", "<html><body>" + kText + "</body></html>");
}

inline std::set<std::string> stored(const Path& folder, const std::string& root) {
  std::set<std::string> urls;
  auto on_skip = [](Skip) {};
  std::vector<InputFile> files;
  std::vector<Path> listed = *list_files(folder);
  for (Path& file : listed) files.push_back({file, 0, UINT64_MAX, 0, 0});  // the log too: it is no document
  InputStream stream(files, {ReaderOptions{}}, on_skip);
  RawDocument raw;
  uint32_t source;
  while (stream.next(raw, source))
    EXPECT_TRUE(urls.insert(raw.document.id.substr(root.size())).second) << raw.document.id;
  return urls;
}

inline Path crawl_folder(const std::string& name) { return test_folder("crawl_" + name); }

inline CrawlOptions options_for(const Site& site, const Path& out) {
  CrawlOptions options;
  options.seeds = {site.root() + "/"};
  options.out = out;
  options.delay = 0;
  options.timeout = 10;
  return options;
}

inline const std::set<std::string> kAll = {
    "/",          "/a.html",  "/deep/b.html", "/c.html", "/secret/open", "/from-noindex.html", "/mapped.html",
    "/item.html", "/feed.rss"};

}  // namespace malmoi::data
