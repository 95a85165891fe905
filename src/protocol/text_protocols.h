// All protocols by which text is asked for: what holds for each is tested over this table.
#pragma once

#include <span>

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

struct NamedProtocol {
  const char* name;
  const TextProtocol* protocol;
};
std::span<const NamedProtocol> text_protocols();

}  // namespace malmoi::protocol
