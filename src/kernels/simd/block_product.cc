// Products with packed weights, a panel of sixteen rows at a time: the weights of a panel are unpacked in registers and
// multiplied with a tile of activation rows, so that what unpacking costs is shared by the rows of the tile.
#include "kernels/panels.h"
#include "kernels/simd/block_formats.h"
#include "kernels/simd/block_levels.h"
#include "kernels/simd/block_rows.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Activation rows of a tile, which its sums must fit the registers with.
#if defined(MALMOI_SIMD_AVX512)
constexpr int kTile = 8;
#else
constexpr int kTile = 4;
#endif
constexpr int kParts = static_cast<int>(kWidth) / kLanes;  // vectors that a panel's rows fill

/// What a tile is part of.
struct Work {
  const BlockProductArgs& args;
  RoundedRows rounded;  // of bf16 rows, where bytes are multiplied
  const float* rows;    // else the rows in f32
};

/// The panel of rows [first, first + count) of y's columns.
struct Panel {
  const uint8_t* data;
  int64_t bytes, blocks, first, count;
};

/// The first rows that a panel is multiplied with read it faster than the machine fetches by itself what comes next.
constexpr int64_t kAhead = 3072, kLine = 64;
MALMOI_INLINE void fetch_ahead(const uint8_t* from, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += kLine) __builtin_prefetch(from + kAhead + at);
}

MALMOI_INLINE int32_t word_of(const int8_t* bytes) {
  int32_t word;
  __builtin_memcpy(&word, bytes, sizeof word);
  return word;
}

/// sums[i] += rows m + i of bytes times what is read; `ahead`: a panel whose successor is to be fetched, or null.
template <typename Read, int M>
MALMOI_INLINE void sum_bytes(const RoundedRows& x, const Read& read, const Panel* ahead, int64_t m, Vec (&sums)[M]) {
  constexpr int kGroup = Read::kGroup;
  const int64_t groups = x.k / kGroup, scales = x.k / kRoundGroup;
  const int32_t* group_sums = (kGroup == kRoundGroup ? x.sums : x.sums_halves) + m * groups;
  const float* weighted = (kGroup == kRoundGroup ? x.weighted : x.weighted_halves) + m * groups;
  const float* row_scales = x.scales + m * scales;
  const int8_t* bytes = x.bytes + m * x.k;
  const int64_t group_bytes = ahead ? ahead->bytes / groups : 0;
  for (int64_t g = 0; g < groups; ++g) {
    if (ahead) fetch_ahead(ahead->data + g * group_bytes, group_bytes);
    GroupSums<Read> whole[M];
    each_index<M>([&](auto i) MALMOI_INLINED { whole[i.value].begin(Read::kZero, group_sums[i.value * groups + g]); });
    each_index<kGroup / 4>([&](auto q) MALMOI_INLINED {
      const auto words = read.template quad<q.value>(g);
      each_index<M>([&](auto i) MALMOI_INLINED {
        whole[i.value].template add<q.value>(words, word_of(bytes + i.value * x.k + g * kGroup + 4 * q.value));
      });
    });
    const Vec scale = read.scale(g);
    each_index<M>([&](auto i) MALMOI_INLINED {
      const Vec both = scale * all(row_scales[i.value * scales + g * kGroup / kRoundGroup]);
      sums[i.value] = fma(__builtin_convertvector(whole[i.value].sums(), Vec), both, sums[i.value]);
    });
    if constexpr (Read::kOffsets) {
      const Vec offset = read.offset(g);
      each_index<M>([&](auto i) MALMOI_INLINED {
        sums[i.value] = fma(offset, all(weighted[i.value * groups + g]), sums[i.value]);
      });
    }
  }
}

/// The same of rows in f32.
template <typename Read, int M>
MALMOI_INLINE void sum_floats(const float* rows, int64_t k, const Read& read, int64_t m, Vec (&sums)[M]) {
  constexpr int kGroup = Read::kGroup;
  const float* x = rows + m * k;
  for (int64_t g = 0; g < k / kGroup; ++g) {
    const Vec scale = read.scale(g);
    Vec offset = zero();
    if constexpr (Read::kOffsets) offset = read.offset(g);
    each_index<kGroup / 4>([&](auto q) MALMOI_INLINED {
      const UVec words = words_of_floats<q.value>(read, g);
      each_index<4>([&](auto j) MALMOI_INLINED {
        const Vec weights = fma(number<Read, j.value>(words), scale, offset);
        each_index<M>([&](auto i) MALMOI_INLINED {
          const float value = x[i.value * k + g * kGroup + 4 * q.value + j.value];
          sums[i.value] = fma(weights, all(value), sums[i.value]);
        });
      });
    });
  }
}

template <typename Lanes>
MALMOI_INLINE void put_lanes(const BlockProductArgs& a, int64_t m, int64_t n, Lanes lanes, Vec sum) {
  if (a.bias) sum = sum + load(a.bias + n, lanes);
  if (a.y_dtype == DType::kBF16) store(as<BF16>(a.y) + m * a.n + n, sum, lanes);
  else store(as<float>(a.y) + m * a.n + n, sum, lanes);
}

MALMOI_INLINE void put_columns(const BlockProductArgs& a, int64_t m, int64_t n, int64_t count, Vec sum) {
  if (count >= kLanes) put_lanes(a, m, n, Full{}, sum);
  else if (count > 0) put_lanes(a, m, n, Part{static_cast<int>(count)}, sum);
}

/// Rows [m, m + M) times one vector of the panel's rows. The type of y is asked for once the sums are made: a template of it would
/// make all of this twice.
template <typename Read, int M>
void tile(const Work& work, const Panel& panel, int64_t m, int part) {
  const int64_t lane = part * kLanes;
  const Read read(Fields{panel.data, panel.blocks, lane});
  Vec sums[M] = {};
  if (!kByteProducts || work.rows) sum_floats(work.rows, work.args.k, read, m, sums);
  else if constexpr (kByteProducts) sum_bytes(work.rounded, read, m == 0 && part == 0 ? &panel : nullptr, m, sums);
  each_index<M>([&](auto i) MALMOI_INLINED {
    put_columns(work.args, m + i.value, panel.first + lane, panel.count - lane, sums[i.value]);
  });
}

template <typename Read>
void rows_of_panel(const Work& work, const Panel& panel) {
  const int64_t end = work.args.m;
  for (int part = 0; part < kParts; ++part) {
    int64_t m = 0;
    for (; m + kTile <= end; m += kTile) tile<Read, kTile>(work, panel, m, part);
    if constexpr (kTile > 4) {
      if (m + 4 <= end) tile<Read, 4>(work, panel, m, part), m += 4;
    }
    if (m + 2 <= end) tile<Read, 2>(work, panel, m, part), m += 2;
    if (m < end) tile<Read, 1>(work, panel, m, part);
  }
}

/// Sixteen stored rows to a panel of bytes, 128 above their value, and scales in f32.
void unpack_panel(const BlockFormat& format, const BlockMatrix& matrix, int64_t row, int64_t count, uint8_t* to) {
  const int64_t k = matrix.columns, blocks = k / format.elements, groups = format.elements / format.group;
  auto* scales = reinterpret_cast<float*>(to + k * kWidth);
  Unpacked unpacked;
  for (int64_t r = 0; r < count; ++r) {
    const auto* stored = as<uint8_t>(matrix.data) + (row + r) * blocks * format.bytes;
    for (int64_t b = 0; b < blocks; ++b) {
      format.unpack(stored + b * format.bytes, unpacked);
      for (int64_t i = 0; i < format.elements; ++i) {
        const int64_t at = b * format.elements + i;
        to[at / 4 * kWordLine + r * 4 + at % 4] = static_cast<uint8_t>(unpacked.quants[i] + 128);
      }
      for (int64_t g = 0; g < groups; ++g) scales[(b * groups + g) * kWidth + r] = unpacked.scales[g];
    }
  }
}

/// Panels [begin, end) of one matrix, whose first row is column n of y.
struct PanelRange {
  const Work& work;
  const BlockMatrix& matrix;
  int64_t begin, end, n;
  uint8_t* scratch;  // of this thread, for a panel of a type that has none

  template <typename Read>
  void each(size_t bytes, int64_t blocks) const {
    for (int64_t p = begin; p < end; ++p)
      rows_of_panel<Read>(work, {as<uint8_t>(matrix.data) + static_cast<size_t>(p) * bytes, static_cast<int64_t>(bytes),
                                 blocks, n + p * kWidth, min_of(kWidth, matrix.rows - p * kWidth)});
  }
  template <typename Read>
  void each_unpacked(const BlockFormat& format) const {
    for (int64_t p = begin; p < end; ++p) {
      const int64_t count = min_of(kWidth, matrix.rows - p * kWidth);
      unpack_panel(format, matrix, p * kWidth, count, scratch);
      rows_of_panel<Read>(work, {scratch, 0, matrix.columns / Read::kGroup, n + p * kWidth, count});
    }
  }
  void run() const {
    const BlockFormat& format = block_format(matrix.type);
    const int64_t blocks = matrix.columns / format.elements;
    const size_t bytes = panel_bytes(matrix.type, blocks);
    switch (matrix.type) {
      case BlockType::Q4_0: return each<ReadQ4_0>(bytes, blocks);
      case BlockType::Q4_1: return each<ReadQ4_1>(bytes, blocks);
      case BlockType::Q5_0: return each<ReadQ5_0>(bytes, blocks);
      case BlockType::Q5_1: return each<ReadQ5_1>(bytes, blocks);
      case BlockType::Q8_0: return each<ReadQ8_0>(bytes, blocks);
      case BlockType::Q2_K: return each<ReadQ2_K>(bytes, blocks);
      case BlockType::Q3_K: return each<ReadQ3_K>(bytes, blocks);
      case BlockType::Q4_K: return each<ReadQ4_K>(bytes, blocks);
      case BlockType::Q5_K: return each<ReadQ5_K>(bytes, blocks);
      case BlockType::Q6_K: return each<ReadQ6_K>(bytes, blocks);
      case BlockType::IQ4_NL: return each<ReadIQ4_NL>(bytes, blocks);
      case BlockType::IQ4_XS: return each<ReadIQ4_XS>(bytes, blocks);
      case BlockType::MXFP4: return each<ReadMXFP4>(bytes, blocks);
      case BlockType::NF4: return each<ReadNF4>(bytes, blocks);
      default:
        return format.group == kRoundGroup ? each_unpacked<ReadUnpacked<32>>(format)
                                           : each_unpacked<ReadUnpacked<16>>(format);
    }
  }
};

int64_t panels_of(const BlockMatrix& matrix) { return (matrix.rows + kWidth - 1) / kWidth; }

/// All panels of all parts, shared among the threads.
void product(const Work& work, uint8_t* scratch) {
  const BlockProductArgs& a = work.args;
  int64_t panels = 0;
  for (int i = 0; i < a.num_parts; ++i) panels += panels_of(a.parts[i]);
  const int64_t grain = max_of(1, kGrain / max_of(1, kWidth * a.k * min_of(a.m, 8)));
  parallel_for(panels, grain, [&](int64_t begin, int64_t end) {
    uint8_t* own = scratch + static_cast<size_t>(compute_thread()) * unpacked_panel_bytes(a.k);
    int64_t first = 0, n = 0;  // of this part
    for (int i = 0; i < a.num_parts; n += a.parts[i].rows, first += panels_of(a.parts[i]), ++i) {
      const int64_t from = max_of(begin, first), to = min_of(end, first + panels_of(a.parts[i]));
      if (from < to) PanelRange{work, a.parts[i], from - first, to - first, n, own}.run();
    }
  });
}

/// The rows as products read them.
Work ready(const BlockProductArgs& a) {
  Work work{.args = a, .rounded = {}, .rows = nullptr};
  if (a.dtype == DType::kF32) {
    work.rows = as<float>(a.x);
    return work;
  }
  const BF16* x = as<BF16>(a.x);
  if constexpr (kByteProducts) {
    work.rounded = rounded_rows(a.scratch, a.m, a.k);
    parallel_for(a.m, row_grain(a.k), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) round_row(x, r, work.rounded);
    });
  } else {
    work.rows = as<float>(a.scratch);
    parallel_for(a.m, row_grain(a.k), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) round_row(x, r, a.k, as<float>(a.scratch));
    });
  }
  return work;
}

}  // namespace

void block_product(Stream&, const BlockProductArgs& a) {
  if (a.m == 0 || a.n == 0) return;
  const Work work = ready(a);
  uint8_t* panels = as<uint8_t>(a.scratch) + rounded_rows_bytes(a.m, a.k);
  product(work, panels);
}

void block_rows(Stream&, const BlockRowsArgs& a) {
  parallel_for(a.rows, row_grain(a.columns), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) read_block_row(a, r);
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
