// What is answered at once, without generating: lists of models, tokens, counts.
#pragma once

#include <variant>

#include "base/json.h"
#include "chat/provider.h"
#include "protocol/address.h"
#include "protocol/api_error.h"

namespace malmoi::protocol {

using Reply = std::variant<Json, ApiError>;

/// `body`: null of a request that has none. On a worker thread.
using Call = Reply (*)(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
