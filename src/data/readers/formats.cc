// The table of formats, and how the format of an input is found: by name where the name says it, else by content.
#include "data/readers/formats.h"

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "data/encoding.h"
#include "data/readers/archive.h"
#include "data/readers/inflate.h"

namespace malmoi::data {
namespace {

template <Payload kPayload>
std::unique_ptr<Reader> whole(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return make_whole_file_reader(std::move(input), kPayload, options, on_skip);
}

// Binary Office documents, Hangul's among them: told apart by what lies in them.
constexpr std::string_view kCompoundFile = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

std::string lower_head(std::string_view head) {
  std::string out = ascii_lower(head.substr(0, 1024));
  size_t begin = out.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return begin == std::string::npos ? std::string() : out.substr(begin);
}

bool is_html(std::string_view head) {
  std::string low = lower_head(head);
  if (low.starts_with("<!--")) low.erase(0, low.find("-->") == std::string::npos ? 0 : low.find("-->") + 3);
  return low.find("<!doctype html") != std::string::npos || low.find("<html") != std::string::npos ||
         low.starts_with("<head") || low.starts_with("<body");
}
bool is_pdf(std::string_view head) { return head.substr(0, 1024).find("%PDF-") != std::string_view::npos; }
bool is_warc(std::string_view head) { return head.starts_with("WARC/"); }
bool is_mediawiki(std::string_view head) { return head.find("<mediawiki") != std::string_view::npos; }
bool is_feed(std::string_view head) {
  std::string low = lower_head(head);
  return low.starts_with("<rss") || low.find("<rss ") != std::string::npos ||
         low.find("<feed xmlns=\"http://www.w3.org/2005/atom") != std::string::npos ||
         low.find("<rdf:rdf") != std::string::npos;
}
bool is_mbox(std::string_view head) {
  return head.starts_with("From ") && head.find('\n') != std::string_view::npos &&
         head.find(": ", head.find('\n')) != std::string_view::npos;
}
// A mailbox whatever its name says: the second line is a header, as that of no text that begins with "From".
bool is_mailbox(std::string_view head) {
  size_t line = head.find('\n') + 1;
  size_t colon = head.find(": ", line);
  return is_mbox(head) && head.find_first_of(" \n", line) == colon + 1;
}
bool is_json(std::string_view head) {
  std::string low = lower_head(head);
  return low.starts_with("{\"") || low.starts_with("[{\"") || low.starts_with("[\n");
}

constexpr FormatEntry kFormats[] = {
    {"html", "web pages: the main content", ".html .htm .xhtml .mhtml", is_html, whole<Payload::kHtml>},
    {"text", "plain text", ".txt .text .log .rst .adoc .tex", nullptr, whole<Payload::kText>},
    {"markdown", "Markdown", ".md .markdown .mdown", nullptr, whole<Payload::kMarkdown>},
    {"jsonl", "JSON Lines, a document a line", ".jsonl .ndjson", nullptr, make_jsonl_reader},
    {"json", "JSON: an array of documents, or one", ".json", is_json, make_json_reader},
    {"csv", "comma-separated values with a header", ".csv", nullptr, make_csv_reader},
    {"tsv", "tab-separated values with a header", ".tsv .tab", nullptr, make_tsv_reader},
    {"pdf", "PDF, by poppler in a process of its own", ".pdf", is_pdf, whole<Payload::kPdf>},
    {"docx", "Word documents", ".docx .docm .dotx .dotm", nullptr, whole<Payload::kOffice>},
    {"xlsx", "Excel workbooks: a table a sheet", ".xlsx .xlsm .xltx .xltm", nullptr, whole<Payload::kOffice>},
    {"pptx", "PowerPoint presentations, with notes", ".pptx .pptm .ppsx .ppsm .potx", nullptr, whole<Payload::kOffice>},
    {"odt", "OpenDocument: text, sheets, slides", ".odt .ott .fodt .ods .ots .fods .odp .otp .fodp .odg .fodg", nullptr,
     whole<Payload::kOffice>},
    {"hwpx", "Hangul documents, HWPX and HWP 5", ".hwpx .hwtx .hwp .hwt", nullptr, whole<Payload::kOffice>},
    {"epub", "electronic books", ".epub", nullptr, whole<Payload::kOffice>},
    {"warc", "web archives: WARC and WET", ".warc .wet .wat", is_warc, make_warc_reader},
    {"mediawiki", "XML dumps of MediaWiki", ".mediawiki", is_mediawiki, make_mediawiki_reader},
    {"feed", "RSS and Atom feeds", ".rss .atom .rdf", is_feed, make_feed_reader},
    {"mbox", "mailboxes", ".mbox .mbx", is_mbox, make_mbox_reader},
    {"eml", "single messages", ".eml .emlx", nullptr, whole<Payload::kMail>},
    {"code", "source code, with its licence",
     ".c .h .cc .cpp .cxx .hpp .hh .cu .cuh .py .rs .go .java .kt .kts .scala .swift .m .mm .rb .php .pl .pm .sh .bash "
     ".zsh .lua .r .jl .hs .ml .mli "
     ".ex .exs .erl .clj .cs .fs .vb .sql .dart .zig .nim .asm .s .f90 .f95 .cmake .proto .ts .tsx .jsx .vue .svelte "
     ".toml .yaml .yml",
     nullptr, whole<Payload::kCode>},
};

// Files that lie beside documents and are none: not a failure, and not worth a line each.
constexpr std::string_view kIgnored =
    ".png .jpg .jpeg .gif .svg .webp .ico .bmp .tif .tiff .mp3 .mp4 .avi .mov .wav .ogg .webm .woff .woff2 .ttf .otf "
    ".eot .css .js .mjs .map .exe .dll "
    ".so .a .o .class .pyc .jar .bin .dat .db .sqlite .lock .tmp .swp .ds_store .ends .ipynb_checkpoints .xsl .xsd "
    ".dtd ";

std::string extension_of(std::string_view name) {
  size_t slash = name.rfind('/');
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  return ascii_lower(name.substr(dot));
}

bool lists(std::string_view list, std::string_view extension) {
  if (extension.empty()) return false;
  for (size_t at = list.find(extension); at != std::string_view::npos; at = list.find(extension, at + 1)) {
    size_t end = at + extension.size();
    if (end == list.size() || list[end] == ' ') return true;
  }
  return false;
}

const FormatEntry* by_name(std::string_view name) {
  for (const FormatEntry& entry : kFormats)
    if (entry.name == name) return &entry;
  return nullptr;
}

const FormatEntry* by_extension(std::string_view extension) {
  for (const FormatEntry& entry : kFormats)
    if (lists(entry.extensions, extension)) return &entry;
  return nullptr;
}

// Read by what they hold, not by their names.
bool is_office(const FormatEntry& entry) { return entry.make == whole<Payload::kOffice>; }

const FormatEntry* by_content(std::string_view head) {
  for (const FormatEntry& entry : kFormats)
    if (entry.sniff && entry.sniff(head)) return &entry;
  return nullptr;
}

struct ZipEntry {
  std::string_view name, content;  // content: as it is packed, as far as it stands in the head
};

// The entries whose local headers stand in `head`, as far as their sizes say where the next one is.
std::vector<ZipEntry> zip_entries(std::string_view head) {
  constexpr size_t kHeader = 30;
  auto number = [&](size_t at, int bytes) {
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(head[at + static_cast<size_t>(i)]);
    return value;
  };
  std::vector<ZipEntry> entries;
  for (uint64_t at = 0; at + kHeader <= head.size() && head.substr(at).starts_with("PK\x03\x04");) {
    uint64_t packed = number(at + 18, 4), name = number(at + 26, 2), extra = number(at + 28, 2);
    uint64_t content = std::min<uint64_t>(at + kHeader + name + extra, head.size());
    entries.push_back({head.substr(at + kHeader, name), head.substr(content)});
    at += kHeader + name + extra + packed;
  }
  return entries;
}

// Office documents and books are zips: what their first entries are called gives them away, else their own name. Looked at
// are the entries themselves: an archive of books holds the same bytes further in.
const FormatEntry* zip_document(std::string_view head, std::string_view extension) {
  if (!head.starts_with("PK\x03\x04")) return nullptr;
  const FormatEntry* named = by_extension(extension);
  if (named && is_office(*named)) return named;
  for (const ZipEntry& entry : zip_entries(head)) {
    if (entry.name == "mimetype" || entry.name.ends_with("/mimetype")) {
      if (entry.content.starts_with("application/epub+zip")) return by_name("epub");
      if (entry.content.starts_with("application/vnd.oasis.opendocument.")) return by_name("odt");
      if (entry.content.starts_with("application/hwp+zip")) return by_name("hwpx");
    }
    // Which of the three it is, its own relationships say.
    for (std::string_view part : {"[Content_Types].xml", "_rels/.rels", "word/document.xml", "xl/workbook.xml"})
      if (entry.name == part) return by_name("docx");
    if (entry.name == "META-INF/container.xml") return by_name("epub");
  }
  return nullptr;
}

// Formats that no library here reads: what to do with them. Empty where the bytes are of another kind.
struct Unread {
  const char* what = nullptr;
  const char* remedy = nullptr;
};
Unread unread_format(std::string_view head, std::string_view extension) {
  if (head.starts_with("PAR1")) return {"Parquet cannot be read here", kConvertParquet};
  if (head.starts_with("{\\rtf"))
    return {"Rich Text cannot be read here", "convert it: soffice --headless --convert-to docx FILE"};
  if (head.starts_with("HWP Document File V"))
    return {"Hangul documents before HWP 5 cannot be read here", "open it in Hangul and save it as HWPX"};
  if (head.starts_with("PK\x03\x04") && extension == ".xlsb")
    return {"binary workbooks cannot be read here", "convert it: soffice --headless --convert-to xlsx FILE"};
  return {};
}

Result<std::string> read_head(ByteSource& source) {
  std::string head(4096, '\0');
  size_t filled = 0;
  while (filled < head.size()) {
    Result<size_t> n = source.read(head.data() + filled, head.size() - filled);
    if (!n.ok() && filled == 0) return std::move(n).error();
    if (!n.ok() || *n == 0) break;  // what came before a cut is read first; the source fails again behind it
    filled += *n;
  }
  head.resize(filled);
  return head;
}

// What programs leave beside documents under the documents' own endings, whatever format is asked for: the other half of
// a file of a Mac (._x, __MACOSX/), the owner of an open document (~$x.docx), views of folders.
bool is_litter(std::string_view name) {
  if (name.starts_with("__MACOSX/") || name.find("/__MACOSX/") != std::string_view::npos) return true;
  std::string last = ascii_lower(name.substr(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1));
  return last.starts_with("._") || last.starts_with("~$") || last.starts_with(".~lock.") || last == ".ds_store" ||
         last == "thumbs.db" || last == "ehthumbs.db" || last == "desktop.ini";
}

// Named pipes would block for ever, and devices never end; open_file_source's callers list regular files only.
bool is_ignored(const std::string& name, const std::string& extension, const ReaderOptions& options) {
  std::string_view last;
  for (size_t begin = 0; begin <= name.size(); begin += last.size() + 1) {
    last = std::string_view(name).substr(begin, name.find('/', begin) - begin);
    if (last.starts_with('.') && last != "." && last != "..") return true;  // hidden: repositories' and editors' own
  }
  if (last == "crawl.log") return true;  // lies beside the pages of data crawl
  bool script = extension == ".js" || extension == ".mjs" || extension == ".css";
  return lists(kIgnored, extension) && !(options.source_trees && script);
}

Result<std::unique_ptr<Reader>> open_content(Input input, const ReaderOptions& options, const OnSkip& on_skip,
                                             bool was_packed);

// What gzip holds is read as it would be by itself.
Result<std::unique_ptr<Reader>> open_gzip(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  if (++input.depth > options.limits.nesting)
    return invalid_data("archives nested deeper than " + std::to_string(options.limits.nesting), input.id,
                        "raise limits.nesting");
  input.bytes = gzip_source(std::move(input.bytes), options.limits, input.id, input.expansion, on_skip);
  input.name = unpacked_name(input.name);
  return open_content(std::move(input), options, on_skip, true);
}

Result<std::unique_ptr<Reader>> open_content(Input input, const ReaderOptions& options, const OnSkip& on_skip,
                                             bool was_packed) {
  std::string extension = extension_of(input.name);
  if (is_litter(input.name) || (options.format.empty() && !input.named && is_ignored(input.name, extension, options))) {
    on_skip({input.id, "read.ignored", "not a document by its name", false});
    return std::unique_ptr<Reader>();
  }
  MALMOI_ASSIGN(std::string head, read_head(*input.bytes));
  if (head.empty()) {
    on_skip({input.id, "read.empty", "no bytes", false});
    return std::unique_ptr<Reader>();
  }
  input.bytes = put_back(head, std::move(input.bytes));
  if (Unread unread = unread_format(head, extension); unread.what)
    return unsupported(unread.what, input.id, unread.remedy);
  if (is_gzip(head)) return open_gzip(std::move(input), options, on_skip);
  if (was_packed && is_tar(head)) --input.depth;  // .tar.gz is one archive
  const FormatEntry* format = head.starts_with(kCompoundFile) ? by_name("hwpx") : zip_document(head, extension);
  if (!format && looks_packed(head)) {
    if (has_directory(head)) {
      MALMOI_ASSIGN(input.bytes, hold_in_memory(std::move(input.bytes), options.limits.document_bytes));
    }
    return make_archive_reader(std::move(input), options, on_skip);
  }
  if (!format && !options.format.empty()) {
    format = by_name(options.format);
    if (!format)
      return usage_error("unknown format '" + options.format + "'", input.id, "see malmoi data build --help");
  }
  if (!format) {
    const FormatEntry* named = by_extension(extension);
    const FormatEntry* sniffed = by_content(head);
    // A name that says little gives way to content that says much (.xml, .json, .log, no extension).
    format = named && named->name != "json" ? named : sniffed ? sniffed : named;
    if (format && format->name == "json" && named != format && extension != ".json") format = nullptr;
  }
  bool one_message = format && (format->name == "eml" || format->name == "text");
  if (one_message && options.format.empty() && is_mailbox(head)) format = by_name("mbox");
  if (format && format->name == "json" && is_json_lines(head)) format = by_name("jsonl");
  if (!format) format = by_name(options.source_trees ? "code" : "text");
  // Formats read by the line or the cell are ASCII at heart; spreadsheets write them as UTF-16 too.
  bool marked = head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF");
  std::string unmarked = marked ? "" : unmarked_utf16(head);
  bool wide = marked || !unmarked.empty();
  bool by_line = (options.text_part_bytes > 0 || options.text_lines) &&
                 (format->name == "text" || format->name == "markdown" || format->name == "code");
  if (wide &&
      (by_line || format->name == "csv" || format->name == "tsv" || format->name == "jsonl" || format->name == "json"))
    input.bytes = utf8_source(std::move(input.bytes), marked ? head[0] == '\xFE' : unmarked == "utf-16be");
  std::unique_ptr<Reader> reader = format->make(std::move(input), options, on_skip);
  reader->set_format(format->name);
  return reader;
}

}  // namespace

std::span<const FormatEntry> format_table() { return kFormats; }

Result<std::unique_ptr<Reader>> open_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return open_content(std::move(input), options, on_skip, false);
}

}  // namespace malmoi::data
