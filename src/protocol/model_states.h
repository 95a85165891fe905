// What operators are told of the models of a server: which are loaded, which could not be, and why.
#pragma once

#include <string>

#include "protocol/call.h"

namespace malmoi::protocol {

/// GET /admin/models: {"models": [...]}, each as print_model_state().
Reply list_model_states(const Json& body, const Address& address, const chat::Provider& provider);

/// The state of the model of that name, or the one that has an adapter of that name; null where there is none.
Json print_model_state(const std::string& name, const chat::Provider& provider);

/// {"model": NAME} -> the name by which the provider has it. Errors: no name; no such model.
std::variant<std::string, ApiError> read_model_name(const std::string& body, const chat::Provider& provider);

}  // namespace malmoi::protocol
