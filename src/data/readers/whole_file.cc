// Formats of one document a file: text, Markdown, HTML, PDF, DOCX, ODT, EPUB, EML, source code.
#include "data/readers/formats.h"

namespace malmoi::data {
namespace {

class WholeFileReader : public Reader {
 public:
  WholeFileReader(Input input, Payload payload, uint64_t limit)
      : input_(std::move(input)), payload_(payload), limit_(limit) {}

  Result<bool> next(RawDocument& out) override {
    if (done_) return false;
    done_ = true;
    out = {};
    out.payload = payload_;
    out.document.id = input_.id;
    out.document.path = input_.path;
    MALMOI_ASSIGN(out.bytes, read_all(*input_.bytes, limit_, input_.id));
    return true;
  }

 private:
  Input input_;
  Payload payload_;
  uint64_t limit_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<Reader> make_whole_file_reader(Input input, Payload payload, const ReaderOptions& options) {
  return std::make_unique<WholeFileReader>(std::move(input), payload, options.limits.document_bytes);
}

}  // namespace malmoi::data
