// The readers that formats.cc puts into the table, one file each.
#pragma once

#include <memory>

#include "data/readers/reader.h"

namespace malmoi::data {

/// What to do with Parquet, which nothing here reads.
inline constexpr const char* kConvertParquet =
    "convert it: duckdb -c \"COPY (FROM 'in.parquet') TO 'out.jsonl'\", or python3 -c \"import pandas; "
    "pandas.read_parquet('in.parquet').to_json('out.jsonl', orient='records', lines=True, force_ascii=False)\"";

std::unique_ptr<Reader> make_whole_file_reader(Input input, Payload payload, const ReaderOptions& options,
                                               const OnSkip& on_skip);
std::unique_ptr<Reader> make_jsonl_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);
std::unique_ptr<Reader> make_json_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);
std::unique_ptr<Reader> make_csv_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);
std::unique_ptr<Reader> make_tsv_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);
std::unique_ptr<Reader> make_mediawiki_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);
std::unique_ptr<Reader> make_warc_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);
std::unique_ptr<Reader> make_mbox_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);
std::unique_ptr<Reader> make_feed_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);

/// Whether a text that is called JSON begins with an object on a line of its own, and another one on the next: JSON lines.
bool is_json_lines(std::string_view text);

/// The key of a record that holds its text: `wanted` if given, else the first usual name that is there; -1: none.
/// `widths` breaks ties among no usual names: the widest text.
int choose_text_field(const std::vector<std::string>& names, const std::string& wanted);

}  // namespace malmoi::data
