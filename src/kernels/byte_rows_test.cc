// Rows of keys and values in 8 bits: how they are made, and attention over them.
#include <cstring>
#include <deque>

#include "kernels/attention_problem.h"

namespace malmoi::kernels {
namespace {

constexpr int64_t kPageRows = 32;

std::vector<std::byte> to_bytes(const Backend& table, DType dtype, const void* x, int64_t x_stride, int64_t rows,
                                int64_t width) {
  std::vector<std::byte> bytes(static_cast<size_t>(rows) * byte_row_bytes(width));
  table.to_byte_rows(stream(),
                     {.dtype = dtype, .rows = rows, .width = width, .x = x, .x_stride = x_stride, .out = bytes.data()});
  return bytes;
}

float scale_of(const std::byte* row, int64_t width, int64_t column) {
  float scale = 0;
  std::memcpy(&scale, row + width + column / kByteGroup * static_cast<int64_t>(sizeof scale), sizeof scale);
  return scale;
}
double element_of(const std::byte* row, int64_t width, int64_t column) {
  return static_cast<double>(static_cast<int8_t>(row[column])) * static_cast<double>(scale_of(row, width, column));
}

TEST(ByteRows, AreWithinHalfAStepOfTheRows) {
  constexpr int64_t kRows = 5, kWidth = 96, kStride = 99;
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    Twin x(dtype, kRows * kStride, 1);
    for (int64_t i = 0; i < kByteGroup; ++i) x.at(kStride + i) = 0;  // a group of zeros
    x.sync();
    const std::vector<std::byte> got = to_bytes(table, dtype, x.data(), kStride, kRows, kWidth);
    EXPECT_EQ(got, to_bytes(reference_backend(), dtype, x.data(), kStride, kRows, kWidth)) << name;
    for (int64_t r = 0; r < kRows; ++r) {
      const std::byte* row = got.data() + static_cast<size_t>(r) * byte_row_bytes(kWidth);
      for (int64_t c = 0; c < kWidth; ++c) {
        const double half_step = static_cast<double>(scale_of(row, kWidth, c)) * 0.5;
        ASSERT_LE(std::abs(element_of(row, kWidth, c) - x.at(r * kStride + c)), half_step * 1.0001)
            << name << " row " << r << " column " << c;
      }
    }
  });
}

/// A problem's keys and values in pages of rows in 8 bits.
class InBytes {
 public:
  explicit InBytes(AttentionProblem& problem) : problem_(problem) {
    k_bytes_ =
        to_bytes(reference_backend(), problem.dtype, problem.k.data(), problem.k_stride(), problem.keys, k_width());
    v_bytes_ =
        to_bytes(reference_backend(), problem.dtype, problem.v.data(), problem.v_stride(), problem.keys, v_width());
  }

  AttentionArgs args(bool oracle) {
    AttentionArgs a = problem_.args(oracle);
    segments_.assign(a.segments, a.segments + a.num_segments);
    pages_.clear(), tables_.clear();
    int64_t key = 0;
    for (AttentionSegment& s : segments_) {
      s.k_pages = table_of(k_bytes_, byte_row_bytes(k_width()), key, s.k_length);
      s.v_pages = table_of(v_bytes_, byte_row_bytes(v_width()), key, s.k_length);
      s.k = s.v = nullptr;
      key += s.k_length;
    }
    a.segments = segments_.data();
    a.page_rows = kPageRows;
    a.byte_rows = true;
    a.k_stride = static_cast<int64_t>(byte_row_bytes(k_width()));
    a.v_stride = static_cast<int64_t>(byte_row_bytes(v_width()));
    return a;
  }

  void attend(const Backend& table, bool oracle) {
    AttentionArgs a = args(oracle);
    TestScratch scratch(attention_scratch(a));
    a.scratch = scratch.get();
    table.attention(stream(), a);
  }

  /// Puts what the bytes stand for in the place of the problem's own keys and values.
  void unpack() {
    unpack(problem_.k, k_bytes_, problem_.k_stride(), k_width());
    unpack(problem_.v, v_bytes_, problem_.v_stride(), v_width());
  }

 private:
  int64_t k_width() const { return problem_.spec.kv_heads * problem_.spec.head_dim; }
  int64_t v_width() const { return problem_.spec.kv_heads * problem_.spec.with.value_dim; }

  const void* const* table_of(const std::vector<std::byte>& bytes, size_t row_bytes, int64_t first, int64_t length) {
    auto& table = tables_.emplace_back();
    for (int64_t row = 0; row < length; row += kPageRows) {
      // What lies beyond the last row is never read: its scales are not numbers.
      auto& page = pages_.emplace_back(static_cast<size_t>(kPageRows) * row_bytes, std::byte{0xFF});
      std::memcpy(page.data(), bytes.data() + static_cast<size_t>(first + row) * row_bytes,
                  static_cast<size_t>(std::min(kPageRows, length - row)) * row_bytes);
      table.push_back(page.data());
    }
    return table.data();
  }

  void unpack(Twin& to, const std::vector<std::byte>& bytes, int64_t stride, int64_t width) const {
    for (int64_t r = 0; r < problem_.keys; ++r) {
      const std::byte* row = bytes.data() + static_cast<size_t>(r) * byte_row_bytes(width);
      for (int64_t c = 0; c < width; ++c) to.at(r * stride + c) = element_of(row, width, c);
    }
    to.sync();
  }

  AttentionProblem& problem_;
  std::vector<std::byte> k_bytes_, v_bytes_;
  std::vector<AttentionSegment> segments_;
  std::deque<std::vector<std::byte>> pages_;
  std::deque<std::vector<const void*>> tables_;
};

/// Steps and prompts, heads whose elements share scales with others, heads of several groups, values of another width.
const AttentionCase kByteKeyCases[] = {
    {"narrow heads", 4, 4, 24, {{1, 1}, {1, 700}, {3, 130}, {60, 200}, {5, 33}}},
    {"wide heads", 6, 2, 64, {{1, 650}, {70, 90}}, {.softcap = 20}},
    {"values", 4, 2, 32, {{1, 600}, {70, 90}}, {.value_dim = 48}},
    {"window", 2, 2, 16, {{1, 1200, 4}, {90, 300, 2}, {4, 20}}, {.mask = {.window = 70}, .sinks = true}},
};

TEST(ByteRows, AttentionIsThatOverWhatTheyStandFor) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const AttentionCase& c : kByteKeyCases) {
      AttentionProblem p(c, dtype);
      InBytes bytes(p);
      bytes.attend(reference_backend(), true);
      bytes.attend(table, false);
      p.out.expect_close(name + " " + c.name, dtype == DType::kBF16 ? 0.02 : 2e-5);
      if (dtype != DType::kF32) continue;
      const std::vector<double> got = p.out.values();
      bytes.unpack();
      p.forward(table, false);
      EXPECT_EQ(got, p.out.values()) << name << " " << c.name;
    }
  });
}

TEST(ByteRows, TheOracleReadsWhatTheyStandFor) {
  for (const AttentionCase& c : kByteKeyCases) {
    AttentionProblem p(c, DType::kF32);
    InBytes bytes(p);
    bytes.attend(reference_backend(), true);
    std::vector<double> got;
    for (int64_t i = 0; i < p.out.size(); ++i) got.push_back(p.out.at(i));
    bytes.unpack();
    p.forward(reference_backend(), true);
    for (int64_t i = 0; i < p.out.size(); ++i)
      ASSERT_NEAR(got[static_cast<size_t>(i)], p.out.at(i), 1e-6) << c.name << " at " << i;
  }
}

}  // namespace
}  // namespace malmoi::kernels
