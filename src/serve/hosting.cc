#include "serve/hosting.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/by_shape.h"
#include "protocol/fields.h"
#include "serve/authorise.h"
#include "serve/call.h"
#include "serve/generate.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;
using protocol::Asked;

constexpr size_t kMaxInstances = 64;
constexpr size_t kMaxParameters = 128 << 10;  // bytes; each instance has a copy: together as much as a body may have

std::variant<Asked, ApiError> read_invocation(const std::string& text) {
  auto body = protocol::parse_body(text);
  if (!body.ok()) return protocol::to_api_error(body.error());
  const std::optional<Asked> asked = protocol::by_shape(*body);
  if (!asked) return protocol::no_shape();
  return *asked;
}

struct Instance {
  Json body;
  Asked asked;
};
using Instances = std::vector<Instance>;

std::string place_of(size_t index) { return "instances[" + std::to_string(index) + "]"; }

std::variant<Instance, ApiError> read_instance(const Json& json, const Json* parameters, const std::string& place) {
  if (!json.is_object()) return ApiError{.message = "an instance is not an object", .param = place};
  Instance instance{.body = json, .asked = {}};
  if (parameters) {
    for (const auto& [key, value] : parameters->items()) {
      if (!json.contains(key)) instance.body[key] = value;
    }
  }
  const auto stream = instance.body.find("stream");
  if (stream != instance.body.end() && *stream == Json(true))
    return ApiError{.message = "'stream' is not supported: predictions come whole; leave it out",
                    .param = place + ".stream",
                    .code = "unsupported_parameter"};
  const std::optional<Asked> asked = protocol::by_shape(instance.body);
  if (!asked) return protocol::no_shape(place);
  instance.asked = *asked;
  return instance;
}

std::variant<Instances, ApiError> read_prediction(const std::string& text) {
  auto body = protocol::parse_body(text);
  if (!body.ok()) return protocol::to_api_error(body.error());
  protocol::Fields fields(*body);
  const Json* list = fields.raw("instances");
  const Json* parameters = fields.raw("parameters");
  if (!list || !list->is_array() || list->empty() || list->size() > kMaxInstances)
    fields.fail("instances", "'instances' is not a list of 1 to " + std::to_string(kMaxInstances) + " objects");
  if (parameters && !parameters->is_object()) fields.fail("parameters", "'parameters' is not an object");
  if (parameters && dump_json(*parameters).size() > kMaxParameters)
    fields.fail("parameters", "'parameters' has more than " + std::to_string(kMaxParameters) + " bytes",
                "put what is long into the instances");
  if (Status read = fields.finish(); !read.ok()) return protocol::to_api_error(read.error());
  Instances instances;
  for (const Json& json : *list) {
    auto instance = read_instance(json, parameters, place_of(instances.size()));
    if (auto* error = std::get_if<ApiError>(&instance)) return std::move(*error);
    instances.push_back(std::move(std::get<Instance>(instance)));
  }
  return instances;
}

// These paths take any key, since only the body tells what is asked.
std::optional<ApiError> refuse_asked(Exchange& exchange, const Asked& asked) {
  const bool text = std::holds_alternative<const protocol::TextProtocol*>(asked);
  return refuse_scope(exchange.context().caller, text ? Scope::kGenerate : Scope::kEmbed);
}

asio::awaitable<std::optional<protocol::Reply>> answer_instance(Exchange& exchange, Instance& instance) {
  const std::optional<ApiError> error = refuse_asked(exchange, instance.asked);
  if (error) co_return std::optional<protocol::Reply>(*error);
  if (const auto* text = std::get_if<const protocol::TextProtocol*>(&instance.asked)) {
    std::optional<protocol::Reply> reply = co_await whole_text(exchange, **text, instance.body);
    co_return reply;
  }
  const protocol::Call call = std::get<protocol::Call>(instance.asked);
  std::optional<protocol::Reply> reply = co_await reply_to(exchange, call, std::move(instance.body));
  co_return reply;
}

ApiError error_of_instance(ApiError error, size_t index) {
  error.param = place_of(index) + (error.param.empty() ? "" : "." + error.param);
  return error;
}

}  // namespace

asio::awaitable<void> handle_invocation(Exchange& exchange) {
  const std::variant<Asked, ApiError> read =
      co_await exchange.on_worker([&] { return read_invocation(exchange.request().body()); });
  if (const auto* error = std::get_if<ApiError>(&read)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  const Asked& asked = std::get<Asked>(read);
  const std::optional<ApiError> refused = refuse_asked(exchange, asked);
  if (refused) {
    co_await exchange.send_error(*refused);
    co_return;
  }
  const protocol::Address address;
  if (const auto* text = std::get_if<const protocol::TextProtocol*>(&asked))
    co_await handle_text(exchange, **text, address);
  else co_await handle_call(exchange, std::get<protocol::Call>(asked), address, CallTime::kLong);
}

// One after another: a client that wants them at once sends several requests.
asio::awaitable<void> handle_prediction(Exchange& exchange) {
  std::variant<Instances, ApiError> read =
      co_await exchange.on_worker([&] { return read_prediction(exchange.request().body()); });
  if (const auto* error = std::get_if<ApiError>(&read)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  Instances& instances = std::get<Instances>(read);
  Json body = Json::object();
  Json& predictions = body["predictions"];
  predictions = Json::array();
  for (size_t i = 0; i < instances.size(); ++i) {
    std::optional<protocol::Reply> reply = co_await answer_instance(exchange, instances[i]);
    if (!reply) co_return;  // nobody is there
    if (auto* error = std::get_if<ApiError>(&*reply)) {
      const ApiError told = error_of_instance(std::move(*error), i);
      co_await exchange.send_error(told);
      co_return;
    }
    predictions.push_back(std::move(std::get<Json>(*reply)));
  }
  HttpResponse response = json_response(http::status::ok, body);
  co_await exchange.send(std::move(response));
}

}  // namespace malmoi::serve
