#include "serve/exchange.h"

#include <fmt/format.h>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>
#include <utility>

namespace malmoi::serve {
namespace {

// Between two looks at a client whose answer is under way. One that left is seen by the look that follows a probe.
constexpr std::chrono::milliseconds kLookInterval{150};
constexpr int kLooksBetweenProbes = 3;

template <typename Response>
std::string header_text(const Response& response) {
  std::ostringstream text;
  text << response.base();
  return text.str();
}

std::string chunk_of(std::string_view text) { return fmt::format("{:x}\r\n{}\r\n", text.size(), text); }

}  // namespace

Exchange::Exchange(ClientStream& stream, Shared& shared, HttpRequest& request, RequestContext& context, bool keep_alive,
                   protocol::PrintError print_error)
    : stream_(stream),
      shared_(shared),
      request_(request),
      body_bytes_(request.body().size()),
      context_(context),
      print_error_(print_error),
      keep_alive_(keep_alive),
      status_line_(request.version()),
      timer_(stream.get_executor()) {}

std::string Exchange::take_body() { return std::exchange(request_.body(), std::string()); }

void Exchange::drop_body() {
  std::string().swap(request_.body());
  context_.body_bytes.reset();
}

void Exchange::finish_header(http::fields& header) {
  header.set(http::field::server, "malmoi");
  header.set("X-Content-Type-Options", "nosniff");
  header.set("Referrer-Policy", "no-referrer");
  shared_.access.allow_origin(request_, header);
  context_.add_fields(header);
  if (shared_.stopping) keep_alive_ = false;
}

asio::awaitable<bool> Exchange::write(std::string_view head, std::string_view body, double seconds) {
  stream_.expires_after(milliseconds(seconds));
  writing_ = true;
  const bool sent = co_await stream_.write(head, body);
  writing_ = false;
  wrote_ = true;
  if (sent) context_.bytes += head.size() + body.size();
  else keep_alive_ = false;
  co_return sent;
}

void Exchange::count_response(int status) {
  context_.status = status;
  shared_.metrics.count_response(status);
}

asio::awaitable<void> Exchange::send(HttpResponse response) {
  answered_ = true;
  finish_header(response);
  response.version(request_.version());
  response.keep_alive(keep_alive_);
  bool has_body = response.result() != http::status::no_content && response.result() != http::status::not_modified;
  if (has_body) response.content_length(response.body().size());
  // HEAD tells the length of a body that is not sent.
  if (request_.method() == http::verb::head) response.body().clear();
  count_response(static_cast<int>(response.result_int()));
  std::string head = header_text(response);
  constexpr double kSlowestBytes = 1e5;  // a second, of a client that reads a large answer
  co_await write(std::string_view(head).substr(status_line_.told()), response.body(),
                 shared_.options.write_seconds + static_cast<double>(response.body().size()) / kSlowestBytes);
}

asio::awaitable<void> Exchange::send_error(const protocol::ApiError& error) {
  HttpResponse response = error_response(error, print_error_);
  co_await send(std::move(response));
}

asio::awaitable<bool> Exchange::begin_stream(std::string_view content_type, std::string_view nothing) {
  answered_ = true;
  nothing_ = nothing;
  http::response<http::empty_body> response(http::status::ok, request_.version());
  response.set(http::field::content_type, beast::string_view(content_type.data(), content_type.size()));
  response.set(http::field::cache_control, "no-store");
  response.set("X-Accel-Buffering", "no");  // proxies must not hold the pieces back
  chunked_ = request_.version() >= 11;
  if (!chunked_) keep_alive_ = false;
  finish_header(response);
  response.keep_alive(keep_alive_);
  response.chunked(chunked_);
  count_response(200);
  std::string head = header_text(response);
  co_return co_await write(std::string_view(head).substr(status_line_.told()), {}, shared_.options.write_seconds);
}

asio::awaitable<bool> Exchange::send_piece(std::string text) {
  if (text.empty()) co_return true;
  if (chunked_) text = chunk_of(text);
  co_return co_await write(text, {}, shared_.options.write_seconds);
}

asio::awaitable<void> Exchange::end_stream() {
  if (chunked_) co_await write("0\r\n\r\n", {}, shared_.options.write_seconds);
}

void Exchange::watch(std::shared_ptr<EventQueue> queue) {
  queue_ = std::move(queue);
  watching_ = std::make_shared<bool>(true);
  look_later();
}

void Exchange::look_later() {
  timer_.expires_after(kLookInterval);
  timer_.async_wait([this, watching = watching_](boost::system::error_code) {
    if (*watching) look();
  });
}

void Exchange::look() {
  ClientState state = look_at_client(stream_.socket().native_handle());
  // Of TLS nobody closes the sending side alone (TLS 1.2 forbids it), and a probe would have to be a record of its own.
  if (stream_.is_secure() && state == ClientState::kDoubtful && has_ended(stream_.socket().native_handle()))
    state = ClientState::kGone;
  if (state == ClientState::kGone) return queue_->close(EarlyEnd::kClientGone);
  if (wrote_ || writing_) looks_to_probe_ = 1;  // what was sent is a probe itself
  wrote_ = false;
  if (state == ClientState::kDoubtful && !stream_.is_secure() && --looks_to_probe_ < 0) {
    looks_to_probe_ = kLooksBetweenProbes - 1;
    probe();
  }
  look_later();
}

void Exchange::probe() {
  int socket = stream_.socket().native_handle();
  if (answered_) {
    if (!nothing_.empty()) send_probe(socket, chunked_ ? chunk_of(nothing_) : nothing_);
  } else if (std::string_view next = status_line_.next(); !next.empty() && send_probe(socket, next)) {
    status_line_.sent();
  }
}

void Exchange::unwatch() {
  if (!watching_) return;
  *watching_ = false;
  watching_.reset();
  queue_.reset();
  timer_.cancel();
}

void Exchange::end_answer() {
  if (queue_) queue_->close(EarlyEnd::kServerStopping);
}

}  // namespace malmoi::serve
