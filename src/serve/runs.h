// What the server asks whoever shows training runs and corpora: questions in, JSON out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "protocol/call.h"

namespace malmoi::serve {

/// An event of a stream: its name and what it says.
struct RunEvent {
  std::string name;
  Json json;
};

/// What is told of one run as it comes. Asked again and again, each time on a worker thread.
class RunFollower {
 public:
  virtual ~RunFollower() = default;
  /// What came since the last call; nothing where nothing did. After ended() it tells no more.
  virtual std::vector<RunEvent> next() = 0;
  virtual bool ended() const = 0;
};

/// The training runs that a server shows. `name` comes from the client as it is. Any worker thread.
class Runs {
 public:
  virtual ~Runs() = default;
  virtual protocol::Reply list() const = 0;
  virtual protocol::Reply show(const std::string& name) const = 0;
  /// The curves behind step `after`, and the samples.
  virtual protocol::Reply metrics(const std::string& name, int64_t after) const = 0;
  /// Whoever follows the run from behind step `after`; null, with `error`, where there is no such run.
  virtual std::unique_ptr<RunFollower> follow(const std::string& name, int64_t after,
                                              protocol::ApiError& error) const = 0;
  virtual protocol::Reply stop(const std::string& name) = 0;
  virtual protocol::Reply resume(const std::string& name) = 0;
};

/// Which documents of a corpus are asked for.
struct DocumentQuery {
  bool kept = true;    // those that the corpus holds; else those that were dropped or changed, with the rule
  std::string reason;  // the rule; empty: any
  std::string find;    // what the id must contain; empty: anything
  int64_t offset = 0;
  int64_t limit = 50;
};

/// The corpora that a server shows. Any worker thread.
class Corpora {
 public:
  virtual ~Corpora() = default;
  virtual protocol::Reply list() const = 0;
  virtual protocol::Reply show(const std::string& name) const = 0;
  virtual protocol::Reply documents(const std::string& name, const DocumentQuery& query) const = 0;
};

}  // namespace malmoi::serve
