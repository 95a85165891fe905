#include "serve/extract_call.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "serve/call.h"
#include "serve/extractor.h"
#include "serve/target.h"
#include "serve/turn.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;
using protocol::Reply;

constexpr size_t kLongestFileName = 1024;  // bytes

ApiError too_many_documents(const Shared& shared) {
  return {.status = 429,
          .message = std::to_string(shared.documents.size()) +
                     " documents are read or wait to be, and this client has its share of them; try again soon",
          .type = "rate_limit_error",
          .code = "server_busy"};
}

Reply read_document(const Extractor* extractor, const std::string& name, const std::string& bytes) {
  if (!extractor)
    return ApiError{.status = 404,
                    .message = "this server reads no documents; start it without --no-extract",
                    .code = "unknown_url"};
  if (name.size() > kLongestFileName)
    return ApiError{
        .message = "'name' has more than " + std::to_string(kLongestFileName) + " bytes; send the file's own name",
        .param = "name"};
  if (bytes.empty())
    return ApiError{.message = "the body is empty; send the bytes of a file", .code = "document_without_text"};
  return extractor->extract(file_name_of(name), bytes);
}

// It may be read when its client is gone. The extractor lives as long as the workers do.
std::function<Reply()> reading_of(const Extractor* extractor, std::string name, std::string body) {
  auto bytes = std::make_shared<const std::string>(std::move(body));
  return [extractor, name = std::move(name), bytes] { return read_document(extractor, name, *bytes); };
}

}  // namespace

// A connection that waits for its answer gives way to nobody, and a document may take a minute: without places a few hundred of them
// would keep everyone else out.
asio::awaitable<void> handle_extract(Exchange& exchange) {
  Shared& shared = exchange.shared();
  const uint64_t client = exchange.context().caller.client;
  std::optional<PlacesHeld> place = PlacesHeld::take(shared.document_places, client, 1, shared.documents.size());
  if (!place) {
    const ApiError refused = too_many_documents(shared);
    co_await exchange.send_error(refused);
    co_return;
  }
  std::string name = find_in_query(query_of(exchange.request()), "name").value_or("");
  std::string body = exchange.take_body();
  std::function<Reply()> work = reading_of(shared.options.extractor.get(), std::move(name), std::move(body));
  std::optional<Reply> reply = co_await in_turn(exchange, shared.documents, shared.workers->documents, std::move(work));
  place.reset();
  exchange.drop_body();
  if (reply) co_await send_reply(exchange, *std::move(reply));
}

std::string file_name_of(std::string_view path) {
  const size_t cut = path.find_last_of("/\\");
  return replace_invalid_utf8(cut == path.npos ? path : path.substr(cut + 1));
}

}  // namespace malmoi::serve
