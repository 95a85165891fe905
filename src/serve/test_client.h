// A plain HTTP client over a socket for the server's tests: it can also send half a request, read slowly, or go away.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/json.h"

namespace malmoi::serve {

struct TestResponse {
  int status = 0;  // 0: the connection ended without an answer
  std::string header, body;
  Json json() const { return Json::parse(body, nullptr, false); }
  std::string field(const std::string& name) const {
    size_t at = header.find("\r\n" + name + ": ");
    if (at == header.npos) return "";
    at += name.size() + 4;
    return header.substr(at, header.find("\r\n", at) - at);
  }
  /// The JSON of each `data:` line; the last is the string "[DONE]" of a whole stream.
  std::vector<Json> events() const {
    std::vector<Json> out;
    for (size_t at = 0; (at = body.find("data: ", at)) != body.npos;) {
      size_t end = body.find("\n\n", at);
      std::string data = body.substr(at + 6, end - at - 6);
      out.push_back(data == "[DONE]" ? Json(data) : Json::parse(data, nullptr, false));
      at = end;
    }
    return out;
  }
};

/// A socket that is connected to a port of this machine; -1 where nobody listens there. Reading gives up after a minute.
inline int connect_to(uint16_t port, int receive_buffer = 0) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (receive_buffer > 0) setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  timeval limit{60, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

class TestClient {
 public:
  explicit TestClient(uint16_t port, int receive_buffer = 0)
      : socket_(connect_to(port, receive_buffer)), connected_(socket_ >= 0) {}
  ~TestClient() { close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  /// Says that nothing more will be sent; answers can still be read.
  void half_close() { ::shutdown(socket_, SHUT_WR); }
  bool send(const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
      ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<size_t>(n);
    }
    return true;
  }
  /// Reads until `text` was seen; false at the end of the connection.
  bool read_until(const std::string& text) {
    while (buffer_.find(text) == buffer_.npos) {
      if (!read_more()) return false;
    }
    return true;
  }
  bool at_end() { return buffer_.empty() && !read_more(); }

  /// One response; what follows it stays for the next.
  TestResponse read(bool has_body = true) {
    TestResponse response;
    if (!read_until("\r\n\r\n")) return response;
    response.header = take(buffer_.find("\r\n\r\n") + 4);
    response.status = std::atoi(response.header.c_str() + 9);
    if (!has_body || response.status == 304 || response.status == 204 || response.status == 100) return response;
    if (response.field("Transfer-Encoding") == "chunked") {
      while (true) {
        if (!read_until("\r\n")) return response;
        size_t size = std::strtoul(take(buffer_.find("\r\n") + 2).c_str(), nullptr, 16);
        while (buffer_.size() < size + 2 && read_more()) {
        }
        response.body += take(size);
        take(2);
        if (size == 0) return response;
      }
    }
    if (std::string length = response.field("Content-Length"); !length.empty()) {
      size_t size = std::strtoul(length.c_str(), nullptr, 10);
      while (buffer_.size() < size && read_more()) {
      }
      response.body = take(size);
    } else {
      while (read_more()) {
      }
      response.body = take(buffer_.size());
    }
    return response;
  }

 private:
  bool read_more() {
    char chunk[65536];
    ssize_t n = ::recv(socket_, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    buffer_.append(chunk, static_cast<size_t>(n));
    return true;
  }
  std::string take(size_t n) {
    n = std::min(n, buffer_.size());
    std::string out = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return out;
  }
  int socket_;
  bool connected_;
  std::string buffer_;
};

inline std::string get_text(const std::string& path, const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}
inline std::string post_text(const std::string& path, const std::string& body, const std::string& more = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}

}  // namespace malmoi::serve
