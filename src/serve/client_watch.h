// Whether the client of an answer under way is still there, though it says nothing.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::serve {

enum class ClientState {
  kThere,
  kDoubtful,  // it will send no more, or has sent something early: it may wait for its answer, or be gone
  kGone,
};

/// How a connected socket looks from this side. Never waits.
ClientState look_at_client(int socket);

/// Whether the client sends no more, whatever of it has not been read. Never waits.
bool has_ended(int socket);

/// Sends a few bytes where nothing else is on its way, whole or not at all; a client that is gone answers them with a reset,
/// which the next look sees. Never waits. Returns whether they were sent.
bool send_probe(int socket, std::string_view bytes);

/// Bytes that find out about a client before its answer begins: the status line, a byte at a time, which is the same for
/// every answer up to its code; after that, of HTTP/1.1, the interim response 100, which clients pass over (RFC 9110, 15.2.1).
class StatusLineProbe {
 public:
  explicit StatusLineProbe(unsigned version);
  /// What to send next; empty where there is nothing harmless left.
  std::string_view next() const;
  void sent();
  /// How many bytes at the beginning of the answer are told already.
  size_t told() const { return told_; }

 private:
  std::string text_;  // what is told of, up to the end of the interim response
  size_t told_ = 0;
};

}  // namespace malmoi::serve
