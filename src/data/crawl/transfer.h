// One request of the crawler, while it runs: the task, libcurl's handle, what has arrived.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <string>

#include "data/crawl/url.h"

namespace malmoi::data {

enum class Purpose { kPage, kRobots, kSitemap };

struct Task {
  Url url;
  int depth = 0;
  Purpose purpose = Purpose::kPage;
  int attempts = 0;
};

struct Transfer {
  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  Task task;
  std::string head, body;
  uint64_t limit = 0;
  bool too_large = false;

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();
};

struct TransferOptions {
  std::string agent;
  double timeout = 30;  // seconds
};
/// Makes the handle, for the task's URL, and has it write into `transfer`.
void prepare(Transfer& transfer, const TransferOptions& options);

/// The content of a gzip file within the limit; anything else as it is.
std::string gunzip(const std::string& bytes, uint64_t limit);
/// The head of an answer whose body is stored in one piece: with its length, without what packed it on its way.
std::string plain_head(const std::string& head, size_t length);

}  // namespace malmoi::data
