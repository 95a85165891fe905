// A protocol by which text is asked for: how a body is read, and how answers are told. It knows no engine and no HTTP. One file
// for each, and a line in the table of paths (serve/routes.cc).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/address.h"
#include "protocol/api_error.h"
#include "protocol/generation.h"

namespace malmoi::protocol {

/// A body as it was read.
struct TextRequest {
  GenerationOptions options;          // but for the prompt
  std::vector<chat::Prompt> prompts;  // each is a request of its own; none: only whether the model is there
  const char* prompt_field = "";      // at fault where a prompt is too long
  bool echo = false;                  // an answer's text begins with its prompt's
  int64_t context = 0;                // tokens that the model's context must hold at least
  const char* context_field = "";     // at fault where it does not
};

/// What is known of answers beside their text: so far, or once they are whole.
struct Told {
  chat::Usage usage;
  double first_seconds = 0, seconds = 0;  // since the request came: at the first token, and now
};

/// One event of a stream.
struct StreamEvent {
  std::string_view name;  // empty: it has none
  Json json;
};

/// How the events of a stream stand one behind another.
enum class StreamForm {
  kEvents,          // server-sent events: [event: NAME], data: JSON
  kEventsThenDone,  // the same, and at the end data: [DONE]
  kLines,           // JSON, one a line
  kArray,           // one JSON list
};

/// Tells the answers of one request, in the order in which they are made. One thread.
class Printer {
 public:
  virtual ~Printer() = default;
  /// The body of a response that is no stream. Without answers: of a request without prompts.
  virtual Json whole(const std::vector<Answer>& answers, const Told& told) = 0;
  /// A stream: before the first piece, each piece, behind the last one, and in the place of what is missing where it fails.
  virtual std::vector<StreamEvent> opening(const Told&) { return {}; }
  virtual std::vector<StreamEvent> piece(const Answer& piece) = 0;
  virtual std::vector<StreamEvent> closing(const Told& told) = 0;
  virtual std::vector<StreamEvent> failure(const ApiError& error) = 0;
};

struct TextProtocol {
  std::string_view id_prefix;  // of responses
  /// `defaults`: of the model, where a body says nothing. Errors name the field.
  Result<TextRequest> (*read)(const Json& body, const Address& address, const chat::SamplingOptions& defaults);
  /// `answers`: how many there will be.
  std::unique_ptr<Printer> (*printer)(const ResponseHead& head, const GenerationOptions& options, size_t answers);
  StreamForm (*stream_form)(const Address& address);
};

/// The stream form of a protocol that has one.
template <StreamForm kForm>
StreamForm always(const Address&) {
  return kForm;
}

}  // namespace malmoi::protocol
