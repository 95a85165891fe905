#include "kernels/panels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/parallel.h"

namespace malmoi::kernels {
namespace {

constexpr int kMaxReady = 320;  // bytes of the largest block that is ready

// -- bits moved --------------------------------------------------------------------------------------------------------

// The fifth bits of 32 weights, one after another, to four bytes: bit q of byte j is that of weight 4 q + j.
void spread_fifths(const uint8_t* stored, uint8_t* ready) {
  uint32_t bits;
  std::memcpy(&bits, stored, 4);
  for (int j = 0; j < 4; ++j) {
    uint32_t byte = 0;
    for (int q = 0; q < 8; ++q) byte |= (bits >> (4 * q + j) & 1u) << q;
    ready[j] = static_cast<uint8_t>(byte);
  }
}
void gather_fifths(const uint8_t* ready, uint8_t* stored) {
  uint32_t bits = 0;
  for (int j = 0; j < 4; ++j) {
    for (int q = 0; q < 8; ++q) bits |= static_cast<uint32_t>(ready[j] >> q & 1) << (4 * q + j);
  }
  std::memcpy(stored, &bits, 4);
}

// Eight 6-bit scales and as many least values in twelve bytes (Q4_K, Q5_K), to sixteen bytes.
void spread_sixes(const uint8_t* stored, uint8_t* ready) {
  for (int g = 0; g < 4; ++g) {
    const int last = stored[8 + g];
    ready[g] = stored[g] & 63, ready[8 + g] = stored[4 + g] & 63;
    ready[4 + g] = static_cast<uint8_t>((last & 15) | stored[g] >> 6 << 4);
    ready[12 + g] = static_cast<uint8_t>(last >> 4 | stored[4 + g] >> 6 << 4);
  }
}
void gather_sixes(const uint8_t* ready, uint8_t* stored) {
  for (int g = 0; g < 4; ++g) {
    stored[g] = static_cast<uint8_t>(ready[g] | ready[4 + g] >> 4 << 6);
    stored[4 + g] = static_cast<uint8_t>(ready[8 + g] | ready[12 + g] >> 4 << 6);
    stored[8 + g] = static_cast<uint8_t>((ready[4 + g] & 15) | (ready[12 + g] & 15) << 4);
  }
}

// Eight 6-bit scales of IQ4_XS, upper two bits first, to signed bytes.
void spread_iq4_scales(const uint8_t* stored, uint8_t* ready) {
  const int high = stored[0] | stored[1] << 8;
  for (int g = 0; g < 8; ++g)
    ready[g] = static_cast<uint8_t>(((stored[2 + g / 2] >> (4 * (g % 2)) & 15) | (high >> (2 * g) & 3) << 4) - 32);
}
void gather_iq4_scales(const uint8_t* ready, uint8_t* stored) {
  int high = 0;
  std::fill_n(stored + 2, 4, uint8_t{0});
  for (int g = 0; g < 8; ++g) {
    const int scale = (ready[g] + 32) & 63;
    high |= scale >> 4 << (2 * g);
    stored[2 + g / 2] = static_cast<uint8_t>(stored[2 + g / 2] | (scale & 15) << (4 * (g % 2)));
  }
  stored[0] = static_cast<uint8_t>(high), stored[1] = static_cast<uint8_t>(high >> 8);
}

// Sixteen 6-bit scales of Q3_K, upper two bits last, to signed bytes.
void spread_q3_scales(const uint8_t* stored, uint8_t* ready) {
  for (int g = 0; g < 16; ++g)
    ready[g] =
        static_cast<uint8_t>(((stored[g % 8] >> (g / 8 * 4) & 15) | (stored[8 + g % 4] >> (g / 4 * 2) & 3) << 4) - 32);
}
void gather_q3_scales(const uint8_t* ready, uint8_t* stored) {
  std::fill_n(stored, 12, uint8_t{0});
  for (int g = 0; g < 16; ++g) {
    const int scale = (ready[g] + 32) & 63;
    stored[g % 8] = static_cast<uint8_t>(stored[g % 8] | (scale & 15) << (g / 8 * 4));
    stored[8 + g % 4] = static_cast<uint8_t>(stored[8 + g % 4] | scale >> 4 << (g / 4 * 2));
  }
}

// -- blocks made ready: a list of pieces in the order of the fields -------------------------------------------------------

using Move = void (*)(const uint8_t*, uint8_t*);

// `bytes` of the stored block from `offset` on; moved where they do not stand as they are.
struct Piece {
  int32_t offset, bytes, unit;
  int32_t ready_bytes = 0;  // 0: as many
  Move prepare = nullptr, restore = nullptr;
  constexpr int32_t size() const { return ready_bytes ? ready_bytes : bytes; }
};

constexpr Piece kQ4_0[] = {{2, 16, 4}, {0, 2, 2}};
constexpr Piece kQ4_1[] = {{4, 16, 4}, {0, 2, 2}, {2, 2, 2}};
constexpr Piece kQ5_0[] = {{6, 16, 4}, {2, 4, 4, 4, spread_fifths, gather_fifths}, {0, 2, 2}};
constexpr Piece kQ5_1[] = {{8, 16, 4}, {4, 4, 4, 4, spread_fifths, gather_fifths}, {0, 2, 2}, {2, 2, 2}};
constexpr Piece kQ8_0[] = {{2, 32, 4}, {0, 2, 2}};
constexpr Piece kQ2_K[] = {{16, 64, 4}, {0, 16, 1}, {80, 2, 2}, {82, 2, 2}};
constexpr Piece kQ3_K[] = {{32, 64, 4}, {0, 32, 4}, {96, 12, 1, 16, spread_q3_scales, gather_q3_scales}, {108, 2, 2}};
constexpr Piece kQ4_K[] = {{16, 128, 4}, {4, 12, 1, 16, spread_sixes, gather_sixes}, {0, 2, 2}, {2, 2, 2}};
constexpr Piece kQ5_K[] = {{48, 128, 4}, {16, 32, 4}, {4, 12, 1, 16, spread_sixes, gather_sixes}, {0, 2, 2}, {2, 2, 2}};
constexpr Piece kQ6_K[] = {{0, 128, 4}, {128, 64, 4}, {192, 16, 1}, {208, 2, 2}};
constexpr Piece kIQ4_NL[] = {{2, 16, 4}, {0, 2, 2}};
constexpr Piece kIQ4_XS[] = {{8, 128, 4}, {2, 6, 1, 8, spread_iq4_scales, gather_iq4_scales}, {0, 2, 2}};
constexpr Piece kMXFP4[] = {{1, 16, 4}, {0, 1, 1}};
constexpr Piece kNF4[] = {{2, 32, 4}, {0, 2, 2}};

template <const auto& pieces>
void prepare(const uint8_t* stored, uint8_t* ready) {
  for (const Piece& piece : pieces) {
    if (piece.prepare) piece.prepare(stored + piece.offset, ready);
    else std::memcpy(ready, stored + piece.offset, static_cast<size_t>(piece.bytes));
    ready += piece.size();
  }
}

template <const auto& pieces>
void restore(const uint8_t* ready, uint8_t* stored) {
  for (const Piece& piece : pieces) {
    if (piece.restore) piece.restore(ready, stored + piece.offset);
    else std::memcpy(stored + piece.offset, ready, static_cast<size_t>(piece.bytes));
    ready += piece.size();
  }
}

template <const auto& pieces>
constexpr auto kFieldsOf = [] {
  std::array<PanelField, std::size(pieces)> fields{};
  for (size_t i = 0; i < fields.size(); ++i) fields[i] = {pieces[i].size(), pieces[i].unit};
  return fields;
}();

template <const auto& pieces>
constexpr PanelFormat format_of(BlockType type) {
  int32_t bytes = 0;
  for (const Piece& piece : pieces) bytes += piece.size();
  return {type, bytes, kFieldsOf<pieces>, prepare<pieces>, restore<pieces>};
}

constexpr PanelFormat kFormats[] = {
    format_of<kQ4_0>(BlockType::Q4_0),   format_of<kQ4_1>(BlockType::Q4_1),     format_of<kQ5_0>(BlockType::Q5_0),
    format_of<kQ5_1>(BlockType::Q5_1),   format_of<kQ8_0>(BlockType::Q8_0),     format_of<kQ2_K>(BlockType::Q2_K),
    format_of<kQ3_K>(BlockType::Q3_K),   format_of<kQ4_K>(BlockType::Q4_K),     format_of<kQ5_K>(BlockType::Q5_K),
    format_of<kQ6_K>(BlockType::Q6_K),   format_of<kIQ4_NL>(BlockType::IQ4_NL), format_of<kIQ4_XS>(BlockType::IQ4_XS),
    format_of<kMXFP4>(BlockType::MXFP4), format_of<kNF4>(BlockType::NF4),
};

// -- panels ------------------------------------------------------------------------------------------------------------

int64_t panels_of(int64_t rows) { return (rows + kPanelWidth - 1) / kPanelWidth; }

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

size_t panel_bytes(const PanelFormat& format, int64_t blocks) {
  return aligned(static_cast<size_t>(blocks * format.bytes * kPanelWidth));
}

template <int kUnit>
void scatter(const uint8_t* ready, int32_t bytes, uint8_t* to) {
  for (int32_t at = 0; at < bytes; at += kUnit) std::memcpy(to + at * kPanelWidth, ready + at, kUnit);
}
template <int kUnit>
void collect(const uint8_t* from, int32_t bytes, uint8_t* ready) {
  for (int32_t at = 0; at < bytes; at += kUnit) std::memcpy(ready + at, from + at * kPanelWidth, kUnit);
}

// Calls use(field, the field's bytes of block b and row r of a panel).
template <typename Byte, typename Use>
void each_field(const PanelFormat& format, int64_t blocks, Byte* panel, int64_t b, int64_t r, const Use& use) {
  for (const PanelField& field : format.fields) {
    use(field, panel + b * field.bytes * kPanelWidth + r * field.unit);
    panel += blocks * field.bytes * kPanelWidth;
  }
}

void write_row(const PanelFormat& format, int64_t blocks, const uint8_t* stored, int64_t r, uint8_t* panel) {
  const int32_t stored_bytes = block_format(format.type).bytes;
  uint8_t ready[kMaxReady];
  for (int64_t b = 0; b < blocks; ++b) {
    format.prepare(stored + b * stored_bytes, ready);
    const uint8_t* from = ready;
    each_field(format, blocks, panel, b, r, [&](const PanelField& field, uint8_t* to) {
      if (field.unit == 4) scatter<4>(from, field.bytes, to);
      else if (field.unit == 2) scatter<2>(from, field.bytes, to);
      else scatter<1>(from, field.bytes, to);
      from += field.bytes;
    });
  }
}

void read_block(const PanelFormat& format, int64_t blocks, const uint8_t* panel, int64_t b, int64_t r,
                uint8_t* stored) {
  uint8_t ready[kMaxReady];
  uint8_t* to = ready;
  each_field(format, blocks, panel, b, r, [&](const PanelField& field, const uint8_t* from) {
    if (field.unit == 4) collect<4>(from, field.bytes, to);
    else if (field.unit == 2) collect<2>(from, field.bytes, to);
    else collect<1>(from, field.bytes, to);
    to += field.bytes;
  });
  format.restore(ready, stored);
}

// The part that row `id` of several, counted through, is in; `id` becomes its row there.
const BlockMatrix& part_of(const BlockMatrix* parts, int64_t& id) {
  while (id >= parts->rows) id -= parts++->rows;
  return *parts;
}

}  // namespace

const PanelFormat* panel_format(BlockType type) {
  auto it = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const auto& f) { return f.type == type; });
  return it == std::end(kFormats) ? nullptr : it;
}

size_t panel_bytes(BlockType type, int64_t blocks) {
  const PanelFormat* panels = panel_format(type);
  return panels ? panel_bytes(*panels, blocks) : 0;
}

// Bytes, or f32 where bytes are not multiplied; three numbers for each 32 of them and two for each 16.
size_t rounded_rows_bytes(int64_t m, int64_t k) { return aligned(static_cast<size_t>(m * k) * sizeof(float)); }

// A byte for each weight, a scale in f32 for each group of 16 at least.
size_t unpacked_panel_bytes(int64_t k) { return aligned(static_cast<size_t>(kPanelWidth * k) * 5 / 4); }

size_t block_product_scratch(int64_t m, int64_t k) {
  return rounded_rows_bytes(m, k) + static_cast<size_t>(num_threads()) * unpacked_panel_bytes(k);
}

size_t block_matrix_bytes(BlockType type, int64_t rows, int64_t columns) {
  const BlockFormat& stored = block_format(type);
  if (const PanelFormat* panels = panel_format(type))
    return static_cast<size_t>(panels_of(rows)) * panel_bytes(*panels, columns / stored.elements);
  return stored.bytes_of(rows * columns);
}

void write_block_matrix(BlockType type, int64_t rows, int64_t columns,
                        const std::function<const std::byte*(int64_t)>& row, std::byte* to) {
  const BlockFormat& stored = block_format(type);
  const PanelFormat* panels = panel_format(type);
  if (!panels) {
    const size_t bytes = stored.bytes_of(columns);
    parallel_for(rows, 64, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) std::memcpy(to + static_cast<size_t>(r) * bytes, row(r), bytes);
    });
    return;
  }
  const int64_t blocks = columns / stored.elements;
  const size_t bytes = panel_bytes(*panels, blocks);
  parallel_for(panels_of(rows), 4, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      auto* panel = reinterpret_cast<uint8_t*>(to) + static_cast<size_t>(p) * bytes;
      const int64_t here = std::min(kPanelWidth, rows - p * kPanelWidth);
      if (here < kPanelWidth) std::memset(panel, 0, bytes);
      for (int64_t r = 0; r < here; ++r)
        write_row(*panels, blocks, reinterpret_cast<const uint8_t*>(row(p * kPanelWidth + r)), r, panel);
    }
  });
}

void read_block_row(const BlockMatrix& matrix, int64_t row, float* to) {
  const BlockFormat& stored = block_format(matrix.type);
  const int64_t blocks = matrix.columns / stored.elements;
  const auto* data = reinterpret_cast<const uint8_t*>(matrix.data);
  const PanelFormat* panels = panel_format(matrix.type);
  if (!panels) {
    decode_blocks(stored, data + static_cast<size_t>(row) * stored.bytes_of(matrix.columns), blocks, to);
    return;
  }
  const uint8_t* panel = data + static_cast<size_t>(row / kPanelWidth) * panel_bytes(*panels, blocks);
  uint8_t block[kMaxReady];
  for (int64_t b = 0; b < blocks; ++b) {
    read_block(*panels, blocks, panel, b, row % kPanelWidth, block);
    decode_blocks(stored, block, 1, to + b * stored.elements);
  }
}

void read_block_row(const BlockRowsArgs& args, int64_t r) {
  int64_t id = args.ids[r];
  const BlockMatrix& part = part_of(args.parts, id);
  void* to = element_at(args.y, args.dtype, r * args.columns);
  if (args.dtype == DType::kF32) return read_block_row(part, id, static_cast<float*>(to));
  static thread_local std::vector<float> row;  // grows to the widest table once
  row.resize(static_cast<size_t>(args.columns));
  read_block_row(part, id, row.data());
  convert(row.data(), DType::kF32, to, args.dtype, row.size());
}

}  // namespace malmoi::kernels
