// By which names a request is followed through several programs: its id, and its place in a trace (W3C Trace Context).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "serve/http.h"

namespace malmoi::serve {

/// What a client calls its request (X-Request-Id), where that is 1 to 128 letters, digits and `-_.:/=+@`; else one made here.
std::string request_id_of(const HttpRequest& request);

/// A place in a trace: https://www.w3.org/TR/trace-context/
struct Trace {
  std::string trace_id;     // 32 hexadecimal digits
  std::string parent_span;  // 16 of them: of whoever asked
  std::string span;         // 16 of them: of this request
  std::string flags;        // 2 of them, as they came
  /// The field for whoever is asked next.
  std::string traceparent() const { return "00-" + trace_id + "-" + span + "-" + flags; }
};

/// The trace that a `traceparent` field tells of, with a new span in it; none where the text is not well-formed.
std::optional<Trace> continue_trace(std::string_view traceparent);

}  // namespace malmoi::serve
