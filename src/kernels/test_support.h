// What the tests of kernels share: buffers that exist twice, as the kernel's type and as the oracle's f64.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/rng.h"
#include "kernels/kernels.h"

namespace malmoi::kernels {

/// Random values in `type`, and the same values in f64 for the oracle.
class Twin {
 public:
  Twin(DType type, int64_t n, uint64_t seed, double size = 1.0) : type_(type), oracle_(static_cast<size_t>(n)) {
    Rng rng(seed);
    for (double& x : oracle_) x = rng.normal() * size;
    sync();
  }
  static Twin zeros(DType type, int64_t n) { return Twin(type, n, 0, 0.0); }

  /// Rounds the oracle's values to the type, and gives both sides the same.
  void sync() {
    data_.resize(oracle_.size() * dtype_size(type_) / sizeof(Line) + 1);
    convert(oracle_.data(), DType::kF64, data(), type_, oracle_.size());
    convert(data(), type_, oracle_.data(), DType::kF64, oracle_.size());
  }
  void* data() { return data_.data(); }
  void* oracle() { return oracle_.data(); }
  /// The values that a kernel reads: its own, or the oracle's.
  void* side(bool oracle) { return oracle ? this->oracle() : data(); }
  /// From one element on.
  void* side(bool oracle, int64_t element) { return element_at(side(oracle), oracle ? DType::kF64 : type_, element); }
  double& at(int64_t i) { return oracle_[static_cast<size_t>(i)]; }
  int64_t size() const { return static_cast<int64_t>(oracle_.size()); }
  DType type() const { return type_; }

  std::vector<double> values() {
    std::vector<double> out(oracle_.size());
    convert(data(), type_, out.data(), DType::kF64, out.size());
    return out;
  }

  /// The kernel's values against the oracle's: within a rounding of the type, and `slack` in absolute terms.
  void expect_close(const std::string& what, double slack, double relative = 2e-5) {
    std::vector<double> got = values();
    if (type_ == DType::kBF16) relative = std::max(relative, 0x1p-8), slack = std::max(slack, 1e-30);
    for (size_t i = 0; i < got.size(); ++i) {
      if (std::isinf(oracle_[i]) && got[i] == oracle_[i]) continue;
      ASSERT_LE(std::abs(got[i] - oracle_[i]), slack + relative * std::abs(oracle_[i]))
          << what << " at " << i << " of " << got.size() << ": " << got[i] << " not " << oracle_[i];
    }
  }

 private:
  DType type_;
  std::vector<double> oracle_;
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> data_;
};

/// Two runs with a row between them that belongs to none; the first begins with a state, and leaves one.
inline std::vector<StateRun> two_runs(int64_t rows, void* state, void* state_out) {
  int64_t first = rows / 3;
  return {{.begin = 0, .length = first, .state_in = state, .state_out = state_out},
          {.begin = first + 1, .length = rows - first - 1}};
}

/// Scratch of a given size, aligned, with a guard behind it.
class TestScratch {
 public:
  explicit TestScratch(size_t bytes) : bytes_(bytes), data_(bytes + 128, std::byte{0x5A}) {}
  void* get() { return data_.data() + shift(); }
  ~TestScratch() {
    for (size_t i = shift() + bytes_; i < data_.size(); ++i) EXPECT_EQ(data_[i], std::byte{0x5A}) << "scratch overrun";
  }

 private:
  size_t shift() const { return (64 - reinterpret_cast<uintptr_t>(data_.data()) % 64) % 64; }
  size_t bytes_;
  std::vector<std::byte> data_;
};

/// No dropout, and some.
inline const Dropout kDropouts[] = {{}, {.p = 0.3f, .seed = 7, .stream = 5}};

/// Where tests run kernels.
inline Stream& stream() {
  static Stream cpu;
  return cpu;
}

/// The tables under test: that of MALMOI_ISA where it is set (ctest has an entry for each), else all this machine can run.
inline std::vector<const Backend*> testable_tables() {
  if (std::getenv("MALMOI_ISA")) return {isa_backend(active_isa())};
  std::vector<const Backend*> tables;
  for (Isa isa : kIsas) {
    if (isa <= detected_isa() && isa_backend(isa)) tables.push_back(isa_backend(isa));
  }
  return tables;
}

/// Skips the whole program, with the reason, where MALMOI_ISA asks for what this CPU has not.
class IsaUnderTest : public testing::Environment {
 public:
  void SetUp() override {
    Status known = check_isa_setting();
    if (known.ok()) return;
    if (known.error().code == ErrorCode::kUnsupported) GTEST_SKIP() << known.error().to_string();
    FAIL() << known.error().to_string();
  }
};
inline testing::Environment* const kIsaUnderTest = testing::AddGlobalTestEnvironment(new IsaUnderTest);

/// Calls test(table, dtype, description) for every instruction set and type of activations.
template <typename Test>
void each_kernel(const Test& test) {
  for (const Backend* table : testable_tables()) {
    for (DType dtype : {DType::kF32, DType::kBF16}) {
      test(*table, dtype, std::string(table->name) + " " + std::string(dtype_name(dtype)));
    }
  }
}

}  // namespace malmoi::kernels
