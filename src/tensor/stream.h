// The order in which kernels run on a device.
#pragma once

#include <utility>

#include "base/error.h"
#include "tensor/device.h"

namespace malmoi {

/// Work in order on one device. On the CPU a kernel has run when its call returns; elsewhere it may still be queued. A
/// failure is kept until it is asked for, so that nothing inside a step waits for the device. Owned by one thread.
class Stream {
 public:
  explicit Stream(Device device = Device::kCpu, void* native = nullptr) : device_(device), native_(native) {}
  Device device() const { return device_; }
  /// The device's own handle (a cudaStream_t), null on the CPU.
  void* native() const { return native_; }
  /// Remembers the first failure of what runs on the stream.
  void fail(Error error) {
    if (state_.ok()) state_ = std::move(error);
  }
  /// Waits for all work; gives the first failure since the last call.
  Status sync() { return std::exchange(state_, Status()); }

 private:
  Device device_;
  void* native_;
  Status state_;
};

}  // namespace malmoi
