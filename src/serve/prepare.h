// From the body of a request for text to what its provider is asked.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "chat/provider.h"
#include "protocol/text_protocol.h"

namespace malmoi::serve {

/// A request made ready for the provider.
struct Prepared {
  protocol::GenerationOptions options;
  std::vector<chat::GenerationRequest> requests;  // one a prompt
  std::vector<std::string> echoes;                // that each answer begins with; empty: nothing
};
using Preparation = std::variant<Prepared, protocol::ApiError>;

/// May take as long as reading its prompts: for a worker thread. Errors: what is wrong with the body, a model that is not there,
/// what the provider refuses, a prompt that leaves no room in the context.
Preparation prepare(const Json& body, const protocol::Address& address, const protocol::TextProtocol& protocol,
                    const chat::Provider& provider);

}  // namespace malmoi::serve
