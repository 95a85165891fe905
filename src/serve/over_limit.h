// What a client is told that its key allows no more for now.
#pragma once

#include "protocol/api_error.h"
#include "serve/client_limits.h"

namespace malmoi::serve {

/// 429, with the seconds after which it will pass.
protocol::ApiError to_api_error(const OverLimit& over);

/// 400: a prompt that has more tokens than its key may use in a minute never passes.
protocol::ApiError never_fits(int64_t tokens, int64_t limit);

}  // namespace malmoi::serve
