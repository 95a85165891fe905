// Rows of embedding tables read, and their gradients, against the oracle in f64.
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

void check_embedding(const Backend& table, DType dtype, DType table_dtype, const std::string& what, int num_tables,
                     bool has_base, const Dropout& dropout) {
  constexpr int64_t kRows = 300, kCols = 67, kVocab = 41;
  Twin base(dtype, kRows * kCols, 9), y = Twin::zeros(dtype, kRows * kCols);
  std::vector<Twin> tables;
  std::vector<std::vector<int32_t>> ids(static_cast<size_t>(num_tables));
  Rng rng(3);
  for (int k = 0; k < num_tables; ++k) {
    tables.emplace_back(k == 1 ? DType::kF32 : table_dtype, kVocab * kCols, static_cast<uint64_t>(k));
    for (int64_t i = 0; i < kRows; ++i) {
      ids[static_cast<size_t>(k)].push_back(i < 100 ? 40 : static_cast<int32_t>(rng.below(uint64_t{kVocab})));
    }
  }
  auto args = [&](bool oracle) {
    EmbeddingArgs a{.dtype = oracle ? DType::kF64 : dtype,
                    .rows = kRows,
                    .cols = kCols,
                    .base = has_base ? base.side(oracle) : nullptr,
                    .num_tables = num_tables,
                    .scale = 1.5f,
                    .y = y.side(oracle),
                    .dropout = dropout};
    for (size_t k = 0; k < tables.size(); ++k) {
      a.tables[k] = {ids[k].data(), tables[k].side(oracle), oracle ? DType::kF64 : tables[k].type()};
    }
    return a;
  };
  table.embedding(stream(), args(false));
  reference_backend().embedding(stream(), args(true));
  y.expect_close(what, 2e-6);
}

TEST(Kernels, Embedding) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (DType table_dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (const Dropout& dropout : kDropouts) {
        check_embedding(table, dtype, table_dtype, name + " embedding of words", 1, false, dropout);
        check_embedding(table, dtype, table_dtype, name + " embedding of three tables", 3, false, dropout);
        check_embedding(table, dtype, table_dtype, name + " embedding of a base and two", 2, true, dropout);
      }
    }
    check_embedding(table, dtype, dtype, name + " embedding of a base alone", 0, true, {});
  });
}

TEST(Kernels, EmbeddingBackward) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (int32_t padding : {-1, 40, 3}) {
      for (const Dropout& dropout : kDropouts) {
        int64_t rows = 300, cols = 67, vocab = 41;
        Twin dy(dtype, rows * cols, 3), dtable(DType::kF32, vocab * cols, 4);
        std::vector<int32_t> ids;
        Rng rng(3);
        for (int64_t i = 0; i < rows; ++i) {
          ids.push_back(i < 100 ? 40 : static_cast<int32_t>(rng.below(static_cast<uint64_t>(vocab))));
        }
        TestScratch scratch(embedding_backward_scratch(rows, vocab));
        EmbeddingBackwardArgs b{.dtype = dtype,
                                .rows = rows,
                                .cols = cols,
                                .vocab = vocab,
                                .ids = ids.data(),
                                .padding_id = padding,
                                .dy = dy.data(),
                                .scale = 1.5f,
                                .dtable = dtable.data(),
                                .scratch = scratch.get(),
                                .dropout = dropout};
        Twin before = dtable;
        table.embedding_backward(stream(), b);
        b.dtype = DType::kF64, b.dy = dy.oracle(), b.dtable = dtable.oracle();
        reference_backend().embedding_backward(stream(), b);
        dtable.expect_close(name + " embedding backward", 1e-4);
        if (padding < 0) continue;
        std::vector<double> got = dtable.values();
        for (int64_t c = padding * cols; c < (padding + 1) * cols; ++c) {
          ASSERT_EQ(got[static_cast<size_t>(c)], before.at(c)) << name << ": padding gives nothing to the table";
        }
      }
    }
  });
}

}  // namespace
}  // namespace malmoi::kernels
