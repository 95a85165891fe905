#include "data/crawl/transfer.h"

#include <zlib.h>

#include <algorithm>

#include "base/ascii.h"

namespace malmoi::data {
namespace {

size_t on_head(char* data, size_t size, size_t count, void* pointer) {
  auto* transfer = static_cast<Transfer*>(pointer);
  std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) transfer->head.clear();  // of the answer before: 100 Continue
  if (transfer->head.size() + line.size() > (1 << 18)) return 0;
  transfer->head += line;
  return line.size();
}

size_t on_body(char* data, size_t size, size_t count, void* pointer) {
  auto* transfer = static_cast<Transfer*>(pointer);
  if (transfer->body.size() + size * count > transfer->limit) {
    transfer->too_large = true;
    return 0;
  }
  transfer->body.append(data, size * count);
  return size * count;
}

}  // namespace

Transfer::~Transfer() {
  curl_slist_free_all(headers);
  if (handle) curl_easy_cleanup(handle);
}

void prepare(Transfer& transfer, const TransferOptions& options) {
  CURL* handle = transfer.handle = curl_easy_init();
  std::string url = transfer.task.url.str();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_USERAGENT, options.agent.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout * 1000));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(options.timeout, 15.0) * 1000));
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_head);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, &transfer);
}

std::string gunzip(const std::string& bytes, uint64_t limit) {
  if (!bytes.starts_with("\x1f\x8b")) return bytes;
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 32) != Z_OK) return {};
  std::string out;
  char buffer[1 << 15];
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  while (code == Z_OK && out.size() < limit) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  return out;
}

std::string plain_head(const std::string& head, size_t length) {
  std::string out;
  for (size_t begin = 0; begin < head.size();) {
    size_t end = std::min(head.find('\n', begin), head.size() - 1);
    std::string line = head.substr(begin, end + 1 - begin), low = ascii_lower(line);
    begin = end + 1;
    if (low.starts_with("transfer-encoding:") || low.starts_with("content-length:") || low == "\r\n" || low == "\n")
      continue;
    out += line;
  }
  return out + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

}  // namespace malmoi::data
