// The paths of hosting platforms, at which one container answers everything: what a body asks for is told by its shape, and
// answered as at the path of its own.
#pragma once

#include "serve/exchange.h"

namespace malmoi::serve {

/// SageMaker's /invocations, Azure ML's /score: a body of OpenAI's APIs.
asio::awaitable<void> handle_invocation(Exchange& exchange);

/// Vertex AI's /predict: {"instances": [bodies], "parameters": fields of all of them} -> {"predictions": [answers]}.
asio::awaitable<void> handle_prediction(Exchange& exchange);

}  // namespace malmoi::serve
