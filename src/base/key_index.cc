#include "base/key_index.h"

#include <random>

namespace malmoi {

uint64_t process_seed() {
  static const uint64_t seed = [] {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
  }();
  return seed;
}

}  // namespace malmoi
