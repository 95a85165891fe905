// Bodies of Google's generateContent, streamGenerateContent and countTokens.
#pragma once

#include <string>

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// `body`: as in_camel_case() gives it. Images, files, the server's own tools, cached contents and controls of thinking are
/// refused by name; `safetySettings` are passed over, as nothing filters answers here.
Result<TextRequest> read_contents_request(const Json& body, const Address& address,
                                          const chat::SamplingOptions& defaults);

/// `models/NAME` -> `NAME`: both name a model.
std::string plain_model_name(const std::string& name);

}  // namespace malmoi::protocol
