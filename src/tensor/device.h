// The devices that compute.
#pragma once

#include <cstdint>

namespace malmoi {

enum class Device : uint8_t { kCpu, kCuda };

}  // namespace malmoi
