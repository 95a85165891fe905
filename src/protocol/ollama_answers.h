// Answers in Ollama's form: lines of a stream, the last of which counts and times; whole ones; failures.
#pragma once

#include <cstdint>
#include <memory>

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Adds what an answer, or a piece of one, says to a line of its own.
using SayOllama = void (*)(Json& line, const Answer& answer);

/// Prints one answer. All that is counted is in its last line, with `done`: true; times are in nanoseconds.
std::unique_ptr<Printer> ollama_printer(const ResponseHead& head, const GenerationOptions& options, SayOllama say);

/// As Ollama tells times.
int64_t nanoseconds(double seconds);

/// {"error": TEXT}, which names the field at fault.
Json print_ollama_error(const ApiError& error);

}  // namespace malmoi::protocol
