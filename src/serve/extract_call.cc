#include "serve/extract_call.h"

#include <utility>

#include "base/utf8.h"
#include "serve/call.h"
#include "serve/extractor.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;
using protocol::Reply;

constexpr size_t kLongestFileName = 1024;  // bytes

Reply read_document(const Extractor* extractor, const HttpRequest& request) {
  if (!extractor)
    return ApiError{.status = 404,
                    .message = "this server reads no documents; start it without --no-extract",
                    .code = "unknown_url"};
  const std::string name = find_in_query(query_of(request), "name").value_or("");
  if (name.size() > kLongestFileName)
    return ApiError{
        .message = "'name' has more than " + std::to_string(kLongestFileName) + " bytes; send the file's own name",
        .param = "name"};
  if (request.body().empty())
    return ApiError{.message = "the body is empty; send the bytes of a file", .code = "document_without_text"};
  return extractor->extract(file_name_of(name), request.body());
}

}  // namespace

asio::awaitable<void> handle_extract(Exchange& exchange) {
  const Extractor* extractor = exchange.shared().options.extractor.get();
  auto work = [extractor, request = &exchange.request()] { return read_document(extractor, *request); };
  Reply reply = co_await exchange.on_document_worker(work);
  co_await send_reply(exchange, std::move(reply));
}

std::string file_name_of(std::string_view path) {
  const size_t cut = path.find_last_of("/\\");
  return replace_invalid_utf8(cut == path.npos ? path : path.substr(cut + 1));
}

}  // namespace malmoi::serve
