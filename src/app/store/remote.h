// What the store asks of one server: answers in memory, and files on the disk with resumption and checksums.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/store/choice.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "net/headers.h"

namespace malmoi::app {

/// Says what an answer of 400 or more means; `where` is the address that was asked.
using ExplainStatus = std::function<Error(const net::Headers& headers, const std::string& where)>;
/// How many bytes of the file are there.
using OnBytes = std::function<void(uint64_t)>;

/// A server and how it is spoken to.
struct RemoteServer {
  std::string origin;         // as origin_of (address.h) has it
  std::string authorization;  // the value of that header; sent to the origin alone, not where a redirect leads
  std::string remedy;         // what to do where it cannot be reached
  ExplainStatus explain;
  StopToken stop;
};

/// An answer that is no error.
struct RemoteAnswer {
  net::Headers headers;
  std::string body;
  std::string url;  // after redirects
};

/// One thread. Redirects are followed, ten at the most. Connections that break and servers that are busy are tried again
/// as long as something comes, five times where nothing does; a server that never answered, once.
class Remote {
 public:
  explicit Remote(RemoteServer server) : server_(std::move(server)) {}

  /// An answer of at most `limit` bytes. Errors: no network, what `explain` says, a larger one, a stop.
  Result<RemoteAnswer> get(const std::string& url, uint64_t limit, std::vector<std::string> headers = {}) const;

  /// Fetches `file` from its URL to `path`, and gives its SHA-256. What an earlier try left in "PATH.partial" is gone on
  /// with; a whole file that stands at `path` is kept where its checksums are right. One with wrong checksums is removed and
  /// fetched once more. Errors: as `get`; more bytes than were told; checksums that are wrong again; the disk.
  Result<std::string> fetch(const RemoteFile& file, const Path& path, const OnBytes& on_bytes) const;

 private:
  struct Transfer;
  Result<RemoteAnswer> ask(std::string url, Transfer& transfer) const;
  Status pause(int tries) const;
  Status fetch_bytes(const RemoteFile& file, const Path& partial, const OnBytes& on_bytes) const;

  RemoteServer server_;
  mutable bool answered_ = false;  // at least once: what fails later is worth another try
};

}  // namespace malmoi::app
