// The events of a stream as they go over the line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

class StreamText {
 public:
  explicit StreamText(StreamForm form) : form_(form) {}
  std::string_view content_type() const;
  /// What readers pass over: sent to find out whether one is still there. Empty: nothing is.
  std::string_view nothing() const;
  std::string print(const std::vector<StreamEvent>& events);
  /// Behind the last event; `whole`: nothing is missing.
  std::string end(bool whole);

 private:
  StreamForm form_;
  bool begun_ = false;
};

}  // namespace malmoi::protocol
