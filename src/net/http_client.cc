#include "net/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace malmoi::net {
namespace {

constexpr size_t kMaxHead = size_t{1} << 18;  // bytes of a status line and its fields
constexpr double kConnectSeconds = 15;

// One request while it runs.
struct Transfer {
  HttpResponse response;
  uint64_t limit = 0;
  BodySink sink;
  CURL* handle = nullptr;
  curl_slist* headers = nullptr;

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (handle) curl_easy_cleanup(handle);
    curl_slist_free_all(headers);
  }
};

size_t on_head(char* data, size_t size, size_t count, void* pointer) {
  HttpResponse& response = static_cast<Transfer*>(pointer)->response;
  std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) response.head.clear();  // of the answer before: 100 Continue
  if (response.head.size() + line.size() > kMaxHead) return 0;
  response.head += line;
  return line.size();
}

size_t on_body(char* data, size_t size, size_t count, void* pointer) {
  auto* transfer = static_cast<Transfer*>(pointer);
  HttpResponse& response = transfer->response;
  if (transfer->sink) {
    long status = 0;
    curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    if (status == 200 || status == 206) return transfer->sink(response, {data, size * count}) ? size * count : 0;
  }
  size_t room = static_cast<size_t>(transfer->limit - response.body.size());
  response.body.append(data, std::min(room, size * count));
  response.too_large = size * count > room;
  return response.too_large ? 0 : size * count;
}

}  // namespace

struct HttpClient::State {
  HttpOptions options;
  CURLM* multi = nullptr;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> running;

  ~State() {
    for (auto& [handle, transfer] : running) curl_multi_remove_handle(multi, handle);
    running.clear();
    if (multi) curl_multi_cleanup(multi);
  }
  HttpResponse finish(CURL* handle, CURLcode code);
};

Result<HttpClient> HttpClient::create(HttpOptions options) {
  static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->multi = curl_multi_init();
  if (kStarted != CURLE_OK || !state->multi) return internal_error("cannot start libcurl");
  return HttpClient(std::move(state));
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Status HttpClient::start(HttpRequest request) {
  auto transfer = std::make_unique<Transfer>();
  transfer->response.id = request.id;
  transfer->limit = request.max_bytes;
  transfer->sink = std::move(request.sink);
  CURL* handle = transfer->handle = curl_easy_init();
  if (!handle) return internal_error("libcurl has no memory for a request");
  for (const std::string& line : request.headers)
    transfer->headers = curl_slist_append(transfer->headers, line.c_str());
  const HttpOptions& options = state_->options;
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_USERAGENT, options.agent.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout * 1000));
  const double connect = options.timeout > 0 ? std::min(options.timeout, kConnectSeconds) : kConnectSeconds;
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect * 1000));
  if (options.stall > 0) {
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall));
  }
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_head);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer.get());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer.get());
  if (transfer->headers) curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
  if (curl_multi_add_handle(state_->multi, handle) != CURLM_OK)
    return internal_error("libcurl cannot take a further request");
  state_->running[handle] = std::move(transfer);
  return {};
}

size_t HttpClient::running() const { return state_->running.size(); }

HttpResponse HttpClient::State::finish(CURL* handle, CURLcode code) {
  curl_multi_remove_handle(multi, handle);
  auto found = running.find(handle);
  HttpResponse response = std::move(found->second->response);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  if (response.too_large) response.failure = "larger than the limit";
  else if (code != CURLE_OK) response.failure = curl_easy_strerror(code);
  running.erase(found);
  return response;
}

std::vector<HttpResponse> HttpClient::wait(double seconds) {
  std::vector<HttpResponse> done;
  int active = 0, left = 0;
  curl_multi_perform(state_->multi, &active);
  while (CURLMsg* message = curl_multi_info_read(state_->multi, &left))
    if (message->msg == CURLMSG_DONE) done.push_back(state_->finish(message->easy_handle, message->data.result));
  if (done.empty()) curl_multi_poll(state_->multi, nullptr, 0, static_cast<int>(seconds * 1000), nullptr);
  return done;
}

}  // namespace malmoi::net
