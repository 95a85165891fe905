// Tests of tensor/: conversions, the arena's places, the life of storage.
#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include <cmath>

namespace malmoi {
namespace {

TEST(DType, HalfRoundTripsEveryValue) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    float x = half_to_float(static_cast<uint16_t>(bits));
    if (std::isnan(x)) continue;
    EXPECT_EQ(float_to_half(x), bits);
  }
  EXPECT_EQ(float_to_half(65520.f), 0x7C00);
  EXPECT_EQ(float_to_half(1.0f + 0x1.0p-11f), 0x3C00) << "ties go to even";
}

TEST(DType, Bf16RoundsToEvenAndKeepsNan) {
  EXPECT_EQ(to_bf16(1.0f + 0x1.0p-8f).bits, 0x3F80);
  EXPECT_EQ(to_bf16(1.0f + 0x3.0p-8f).bits, 0x3F82);
  EXPECT_TRUE(std::isnan(to_float(to_bf16(NAN))));
}

TEST(Arena, RehearsalPredictsThePeakOfARealRun) {
  auto run = [](Arena arena) {
    StoragePool pool;
    Tensor a = Tensor::in_arena(arena, pool, DType::kF32, {100, 7});
    Tensor b = Tensor::in_arena(arena, pool, DType::kBF16, {1000});
    a = Tensor();
    Tensor c = Tensor::in_arena(arena, pool, DType::kF32, {10});
    Tensor d = Tensor::in_arena(arena, pool, DType::kF32, {5000});
    size_t peak = arena.peak();
    EXPECT_EQ(arena.overflow(), 0u);
    a = b = c = d = Tensor();
    EXPECT_EQ(arena.in_use(), 0u);
    return peak;
  };
  size_t planned = run(Arena::rehearsal());
  EXPECT_EQ(planned, run(*Arena::create(planned)));
}

TEST(Arena, ReusesFreedBlocksAndJoinsNeighbours) {
  Arena arena = *Arena::create(1 << 20);
  void* a = arena.allocate(64);
  void* b = arena.allocate(128);
  void* c = arena.allocate(64);
  arena.release(a, 64);
  arena.release(b, 128);
  EXPECT_EQ(arena.allocate(192), a) << "the two neighbours are one block again";
  arena.release(c, 64);
  arena.release(a, 192);
  EXPECT_EQ(arena.in_use(), 0u);
}

TEST(Arena, BeyondCapacityIsServedAndCounted) {
  Arena arena = *Arena::create(1 << 21);
  void* a = arena.allocate(3 << 21);
  EXPECT_GT(arena.overflow(), 0u);
  arena.release(a, 3 << 21);
}

TEST(Tensor, ViewsShareAndKeepStorageAlive) {
  Arena arena = *Arena::create(1 << 20);
  StoragePool pool;
  Tensor row;
  {
    Tensor all = Tensor::in_arena(arena, pool, DType::kF32, {4, 3});
    all.as<float>()[7] = 5;
    row = all.rows(2, 1);
  }
  EXPECT_GT(arena.in_use(), 0u);
  EXPECT_EQ(row.as<float>()[1], 5);
  row = Tensor();
  EXPECT_EQ(arena.in_use(), 0u);
}

}  // namespace
}  // namespace malmoi
