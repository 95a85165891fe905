#include "serve/client_watch.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace malmoi::serve {
namespace {

constexpr size_t kSharedByAll = 9;  // "HTTP/1.1 "

}  // namespace

ClientState look_at_client(int socket) {
  pollfd look{.fd = socket, .events = POLLIN | POLLRDHUP, .revents = 0};
  if (::poll(&look, 1, 0) < 0) return ClientState::kThere;
  if ((look.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return ClientState::kGone;
  return look.revents != 0 ? ClientState::kDoubtful : ClientState::kThere;
}

bool has_ended(int socket) {
  pollfd look{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return ::poll(&look, 1, 0) > 0;
}

bool send_probe(int socket, std::string_view bytes) {
  int unsent = 0;
  if (::ioctl(socket, SIOCOUTQ, &unsent) != 0 || unsent != 0) return false;
  return ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

StatusLineProbe::StatusLineProbe(unsigned version)
    : text_(version >= 11 ? "HTTP/1.1 100 Continue\r\n\r\n" : "HTTP/1.0 ") {}

std::string_view StatusLineProbe::next() const {
  std::string_view left = std::string_view(text_).substr(told_);
  return told_ < kSharedByAll ? left.substr(0, 1) : left;
}

void StatusLineProbe::sent() {
  told_ += next().size();
  if (told_ == text_.size() && told_ > kSharedByAll) told_ = 0;  // the interim response is whole
}

}  // namespace malmoi::serve
