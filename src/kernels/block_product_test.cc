// Products with packed matrices, of every type, against the oracle in f64; and panels that give back what was put in.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/panels.h"
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

// Random blocks whose scales are below 1/2 in size, and offsets below 2.
std::vector<std::byte> random_blocks(const BlockFormat& format, int64_t count, uint64_t seed) {
  std::vector<std::byte> bytes(static_cast<size_t>(count * format.bytes));
  Rng rng(seed);
  Unpacked unpacked;
  for (int64_t b = 0; b < count; ++b) {
    auto* block = reinterpret_cast<uint8_t*>(bytes.data()) + b * format.bytes;
    auto tame = [&] {  // whether all weights are of a usual size
      format.unpack(block, unpacked);
      for (int g = 0; g < format.groups(); ++g) {
        if (!(std::abs(unpacked.scales[g]) < 0.5f)) return false;
        if (format.offsets && !(std::abs(unpacked.offsets[g]) < 2)) return false;
      }
      return true;
    };
    do {
      for (int32_t i = 0; i < format.bytes; ++i) block[i] = static_cast<uint8_t>(rng.below(256));
    } while (!tame());
  }
  return bytes;
}

// A matrix as products read it, with the memory that it lies in.
struct Packed {
  Packed(const BlockFormat& format, int64_t rows, int64_t columns, uint64_t seed)
      : Packed(format, rows, columns, random_blocks(format, rows * columns / format.elements, seed)) {}
  Packed(const BlockFormat& format, int64_t rows, int64_t columns, std::vector<std::byte> blocks)
      : stored(std::move(blocks)), memory(block_matrix_bytes(format.type, rows, columns)) {
    const size_t row_bytes = format.bytes_of(columns);
    auto row = [&](int64_t r) { return stored.data() + static_cast<size_t>(r) * row_bytes; };
    write_block_matrix(format.type, rows, columns, row, static_cast<std::byte*>(memory.get()));
    matrix = {format.type, rows, columns, static_cast<std::byte*>(memory.get())};
  }
  std::vector<std::byte> stored;
  TestScratch memory;
  BlockMatrix matrix;
};

void unpack(const BlockFormat& format, const std::vector<std::byte>& block, Unpacked& out) {
  format.unpack(reinterpret_cast<const uint8_t*>(block.data()), out);
}

// A block of random weights none of whose scales is small, so that a wrong sum of whole numbers is a large error.
std::vector<std::byte> block_of_large_scales(const BlockFormat& format) {
  Unpacked unpacked;
  for (uint64_t seed = 1;; ++seed) {
    std::vector<std::byte> block = random_blocks(format, 1, seed);
    unpack(format, block, unpacked);
    if (std::all_of(unpacked.scales, unpacked.scales + format.groups(), [](float s) { return std::abs(s) > 0x1p-8f; }))
      return block;
  }
}

// The bytes of a block that say nothing of its scales and offsets.
std::vector<size_t> bytes_of_weights(const BlockFormat& format, std::vector<std::byte> block) {
  Unpacked before, after;
  unpack(format, block, before);
  const auto groups = static_cast<size_t>(format.groups());
  std::vector<size_t> found;
  for (size_t i = 0; i < block.size(); ++i) {
    block[i] ^= std::byte{0xFF};
    unpack(format, block, after);
    block[i] ^= std::byte{0xFF};
    bool same = std::equal(before.scales, before.scales + groups, after.scales);
    if (format.offsets) same = same && std::equal(before.offsets, before.offsets + groups, after.offsets);
    if (same) found.push_back(i);
  }
  return found;
}

// 256 rows with the same scales. In row r every byte of weights is r: some rows are of a type's largest weights alone, others
// of its least.
std::vector<std::byte> rows_of_each_byte(const BlockFormat& format, int64_t columns) {
  std::vector<std::byte> block = block_of_large_scales(format), rows;
  const std::vector<size_t> weights = bytes_of_weights(format, block);
  EXPECT_GE(2 * weights.size(), block.size());
  for (int byte = 0; byte < 256; ++byte) {
    for (size_t i : weights) block[i] = static_cast<std::byte>(byte);
    for (int64_t b = 0; b < columns / format.elements; ++b) rows.insert(rows.end(), block.begin(), block.end());
  }
  return rows;
}

TEST(Panels, RowsComeBackAsTheyWereStored) {
  for (const BlockFormat& format : block_formats()) {
    SCOPED_TRACE(format.name);
    const int64_t rows = 21, columns = 512;
    Packed packed(format, rows, columns, 3);
    const size_t row_bytes = format.bytes_of(columns);
    std::vector<float> wanted(static_cast<size_t>(columns)), got(wanted.size());
    for (int64_t r = 0; r < rows; ++r) {
      decode_blocks(format, packed.stored.data() + static_cast<size_t>(r) * row_bytes, columns / format.elements,
                    wanted.data());
      read_block_row(packed.matrix, r, got.data());
      ASSERT_EQ(got, wanted) << r;
    }
  }
}

TEST(Kernels, BlockProduct) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const BlockFormat& format : block_formats()) {
      for (DType y_dtype : {DType::kF32, DType::kBF16}) {
        for (auto [m, n, k] : {std::array<int64_t, 3>{1, 21, 256}, {15, 40, 512}, {2, 16, 768}}) {
          const std::string what = name + " " + std::string(format.name) + " " + std::to_string(m);
          Packed packed(format, n, k, 5), more(block_format(BlockType::Q8_0), 5, k, 6);
          const BlockMatrix parts[] = {packed.matrix, more.matrix};
          Twin x(dtype, m * k, 1), bias(DType::kF32, n + 5, 3), y = Twin::zeros(y_dtype, m * (n + 5));
          TestScratch scratch(block_product_scratch(m, k));
          BlockProductArgs a{.dtype = dtype,
                             .m = m,
                             .n = n + 5,
                             .k = k,
                             .x = x.data(),
                             .parts = parts,
                             .num_parts = 2,
                             .bias = static_cast<const float*>(bias.data()),
                             .y = y.data(),
                             .y_dtype = y_dtype,
                             .scratch = scratch.get()};
          table.block_product(stream(), a);
          const std::vector<double> together = y.values();
          for (int64_t i = 0; i < m; ++i) {  // a row alone has the same bits
            a.m = 1, a.x = static_cast<std::byte*>(x.data()) + static_cast<size_t>(i * k) * dtype_size(dtype);
            table.block_product(stream(), a);
            const std::vector<double> alone = y.values();
            for (size_t j = 0; j < static_cast<size_t>(a.n); ++j)
              ASSERT_EQ(alone[j], together[static_cast<size_t>(i * a.n) + j]) << what << " row " << i;
            convert(together.data(), DType::kF64, y.data(), y_dtype, together.size());
          }
          a.m = m, a.x = x.data(), a.y = y.oracle(), a.y_dtype = DType::kF64, a.scratch = nullptr;
          reference_backend().block_product(stream(), a);
          y.expect_close(what, 2e-3 * std::sqrt(static_cast<double>(k) / 256));
        }
      }
    }
  });
}

// Products of bytes are summed in 16 bits, which must hold the largest weights times the largest activations.
TEST(Kernels, BlockProductOfTheLargestWeightsAndActivations) {
  constexpr int64_t kM = 7, kN = 256, kK = 256;
  for (const BlockFormat& format : block_formats()) {
    Packed packed(format, kN, kK, rows_of_each_byte(format, kK));
    each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
      // Rows of 1, of -1, and of both in turn: each is 127 in size as a byte.
      Twin x = Twin::zeros(dtype, kM * kK), y = Twin::zeros(DType::kF32, kM * kN);
      for (int64_t i = 0; i < kM * kK; ++i) {
        const int64_t kind = i / kK % 3;
        x.at(i) = kind == 1 || (kind == 2 && i % 2 == 1) ? -1 : 1;
      }
      x.sync();
      TestScratch scratch(block_product_scratch(kM, kK));
      BlockProductArgs a{.dtype = dtype,
                         .m = kM,
                         .n = kN,
                         .k = kK,
                         .x = x.data(),
                         .parts = &packed.matrix,
                         .num_parts = 1,
                         .y = y.data(),
                         .y_dtype = DType::kF32,
                         .scratch = scratch.get()};
      table.block_product(stream(), a);
      a.y = y.oracle(), a.y_dtype = DType::kF64, a.scratch = nullptr;
      reference_backend().block_product(stream(), a);
      // A sum that 16 bits do not hold is 2^16 / 127 of a scale away, which is 2 at the least.
      y.expect_close(name + " " + std::string(format.name), 0.25);
    });
  }
}

TEST(Kernels, BlockRows) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const BlockFormat& format : block_formats()) {
      const int64_t columns = 256;
      Packed first(format, 19, columns, 7), second(format, 7, columns, 8);
      const BlockMatrix parts[] = {first.matrix, second.matrix};
      const std::vector<int32_t> ids{3, 25, 19, 0, 18};
      Twin y = Twin::zeros(dtype, 5 * columns);
      BlockRowsArgs a{.dtype = dtype,
                      .rows = 5,
                      .columns = columns,
                      .ids = ids.data(),
                      .parts = parts,
                      .num_parts = 2,
                      .y = y.data()};
      table.block_rows(stream(), a);
      a.dtype = DType::kF64, a.y = y.oracle();
      reference_backend().block_rows(stream(), a);
      y.expect_close(name + " " + std::string(format.name), 0, 0);
    }
  });
}

}  // namespace
}  // namespace malmoi::kernels
