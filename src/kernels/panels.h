// Panels: packed rows laid so that one load gives four neighbouring weights of each of sixteen rows.
//
// A stored block is cut into fields (bytes of quants, scales ...) of units of 1, 2 or 4 bytes. A panel of 16 rows holds field
// after field; in a field, block after block and unit after unit, the 16 rows' units side by side:
//
//   panel = [field][block][unit][row of 16]
//
// A unit of quants is one word: where four weights have a byte each (Q8_0), it is those of one row, and the 16 words beside
// one another are what a product of bytes multiplies at once. Bits that would be dear to find in a product are moved when the
// panel is written: fifth bits to the byte of their weight, 6-bit scales to bytes of their own. Rows that fill the last panel
// are zeros. Types without panels are kept as they are stored, and unpacked for each product.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "kernels/contract/block_product.h"

namespace malmoi::kernels {

constexpr int64_t kPanelWidth = 16;  // rows of a panel

/// A run of units in a block that is ready for a panel.
struct PanelField {
  int32_t bytes;  // of a block
  int32_t unit;   // 1, 2 or 4
};

/// How the blocks of a type stand in panels.
struct PanelFormat {
  BlockType type;
  int32_t bytes;  // of a block that is ready: the sum of its fields
  std::span<const PanelField> fields;
  void (*prepare)(const uint8_t* stored, uint8_t* ready);
  void (*restore)(const uint8_t* ready, uint8_t* stored);
};

/// Null where the type has no panels.
const PanelFormat* panel_format(BlockType type);

/// Bytes of one panel of a type that has them.
size_t panel_bytes(BlockType type, int64_t blocks);
/// Bytes of a matrix as block_product reads it.
size_t block_matrix_bytes(BlockType type, int64_t rows, int64_t columns);

/// Writes rows as block_product reads them to `to`, which is aligned to 64 bytes. `row(r)`: the stored blocks of row r,
/// asked for once, on any of the threads.
void write_block_matrix(BlockType type, int64_t rows, int64_t columns,
                        const std::function<const std::byte*(int64_t)>& row, std::byte* to);

/// Parts of block_product_scratch: rows made ready, and for each thread a panel unpacked.
size_t rounded_rows_bytes(int64_t m, int64_t k);
size_t unpacked_panel_bytes(int64_t k);

/// A row in f32; `to` has as many elements as the matrix has columns.
void read_block_row(const BlockMatrix& matrix, int64_t row, float* to);
/// Row r of a look-up.
void read_block_row(const BlockRowsArgs& args, int64_t r);

}  // namespace malmoi::kernels
