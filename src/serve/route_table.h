// The table of paths: what answers at each, and what it asks for first.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/address.h"
#include "protocol/call.h"
#include "protocol/openai_error.h"
#include "protocol/text_protocol.h"
#include "serve/exchange.h"
#include "serve/scope.h"

namespace malmoi::serve {

using Handler = asio::awaitable<void> (*)(Exchange& exchange);

/// A call that takes the model's time: it has a place, and waits for its client's turn.
struct SlowCall {
  protocol::Call call;
};

/// A call with a body that is about models, none of which need be loaded for it.
struct CallOfAll {
  protocol::Call call;
};

struct RouteForm {
  protocol::PrintError print_error = protocol::print_openai_error;
  /// Where several protocols have the same path: the field of a header by which the clients of this one are known.
  const char* known_by = nullptr;
  bool any_type = false;    // bodies need not be declared so, where no web page sent them
  bool takes_file = false;  // bodies are the bytes of a file and must be declared so, else as JSON
};

struct Route {
  http::verb method;
  std::string_view path;  // one `*` stands for any text but the empty one
  Scope scope;            // that the caller's key must have
  bool needs_model;
  /// What answers: the server itself, a protocol of text, or a call.
  std::variant<Handler, const protocol::TextProtocol*, protocol::Call, SlowCall, CallOfAll> answer;
  RouteForm form = {};
};

/// All of them but the page's.
std::span<const Route> routes();

/// The route of a request; of another method where its path has none of its own. Null: nothing is there.
const Route* find_route(const ServerOptions& options, const HttpRequest& request);

/// Whether a request is for the model, with a body that says what for.
bool is_for_model(const ServerOptions& options, const HttpRequest& request);

/// The methods that a path takes, as the field Allow names them; empty where nothing is there. Two routes may have one path: what is
/// an action of a model for one method is a model's name for the other.
std::string methods_at(const ServerOptions& options, const HttpRequest& request);

/// How the protocol at a request's path tells failures, also where nothing is there.
protocol::PrintError errors_of(const ServerOptions& options, const HttpRequest& request);

protocol::Address address_of(const Route& route, const HttpRequest& request);

}  // namespace malmoi::serve
