// The devices that compute.
#pragma once

#include <cstdint>
#include <string_view>

namespace malmoi {

enum class Device : uint8_t { kCpu, kCuda };

constexpr std::string_view device_name(Device device) { return device == Device::kCpu ? "cpu" : "cuda"; }

}  // namespace malmoi
