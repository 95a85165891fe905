#include "data/readers/convert.h"

#include "data/encoding.h"
#include "data/filters/language_id.h"
#include "data/readers/license.h"
#include "data/readers/mail.h"
#include "data/readers/office/office.h"
#include "data/readers/pdf.h"

namespace malmoi::data {
namespace {

bool refuse(Skip& skip, const Document& document, std::string rule, std::string detail, bool failed = true) {
  skip = {document.id, std::move(rule), std::move(detail), failed};
  return false;
}

// What lies between the --- lines at the top of a Markdown file is about the text, not of it.
std::string_view without_front_matter(std::string_view text) {
  if (!text.starts_with("---\n") && !text.starts_with("---\r\n")) return text;
  size_t end = text.find("\n---", 3);
  if (end == std::string_view::npos) return text;
  size_t line = text.find('\n', end + 1);
  return line == std::string_view::npos ? std::string_view() : text.substr(line + 1);
}

std::string markdown_title(std::string_view text) {
  for (size_t begin = 0; begin < text.size() && begin < 4096;) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with("# ")) return std::string(line.substr(2));
    begin = end + 1;
  }
  return {};
}

class Converter {
 public:
  Converter(RawDocument raw, const ConvertOptions& options, Converted& out, Skip& skip)
      : raw_(std::move(raw)), options_(options), out_(out), document_(out.document), skip_(skip) {
    out_ = {};
    document_ = std::move(raw_.document);
  }

  bool run() {
    bool taken = take();
    raw_.bytes = {};
    if (!taken) return false;
    if (!repair()) return false;
    document_.text = clean_characters(document_.text);
    document_.title = tidy_whitespace(clean_characters(document_.title));
    if (document_.text.find_first_not_of(" \t\n") == std::string::npos) {
      bool page = raw_.payload == Payload::kHtml || raw_.payload == Payload::kHtmlFragment;
      return refuse(skip_, document_, page ? "extract.no_content" : "read.empty", page ? "no main text" : "no text",
                    false);
    }
    if (!document_.language.empty()) return true;
    bool code = raw_.payload == Payload::kCode;  // its words are English, whatever its comments are
    document_.language = code ? script_language(document_.text) : document_language(document_.text, hint_);
    return true;
  }

 private:
  bool take() {
    switch (raw_.payload) {
      case Payload::kReady: return true;
      case Payload::kText: return decode();
      case Payload::kMarkdown:
        if (!decode()) return false;
        document_.text = without_front_matter(document_.text);
        if (document_.title.empty()) document_.title = markdown_title(document_.text);
        return true;
      case Payload::kCode:
        if (!decode()) return false;
        if (document_.license.empty()) document_.license = license_of_header(document_.text);
        if (document_.license.empty()) document_.license = license_of_tree(document_.path);
        return true;
      case Payload::kHtml: return take_html(false);
      case Payload::kHtmlFragment: return take_html(true);
      case Payload::kPdf: return take_pdf();
      case Payload::kOffice: return take_office();
      case Payload::kMail: return take_mail();
    }
    return false;
  }

  // What a header beside the text says comes before what the text says itself.
  bool decode() {
    std::string inside = declared_charset(raw_.bytes);
    auto decoded = decode_text(raw_.bytes, raw_.charset.empty() ? inside : raw_.charset, inside);
    if (!decoded.ok()) return refuse(skip_, document_, "read.binary", decoded.error().what);
    document_.text = std::move(decoded->text);
    document_.encoding = std::move(decoded->encoding);
    return true;
  }

  bool repair() {
    Repair repair = repair_mojibake(document_.text);
    if (repair.damage == Damage::kLost) return refuse(skip_, document_, "encoding.lost", repair.rule);
    if (repair.damage == Damage::kRepaired) out_.repair = repair.rule;
    return true;
  }

  bool take_html(bool fragment) {
    if (!decode()) return false;
    extract(fragment);
    return true;
  }

  void extract(bool fragment) {
    HtmlText page = extract_html(document_.text, {options_.format, fragment || options_.whole_page});
    document_.text = std::move(page.text);
    if (document_.title.empty()) document_.title = std::move(page.title);
    hint_ = page.language;
    if (page.flattened) out_.repair = "too deep or too large for a tree; tags cut away";
  }

  bool take_pdf() {
    auto pdf = read_pdf(raw_.bytes, {options_.limits.pdf_seconds, options_.limits.pdf_memory}, document_.id);
    if (!pdf.ok()) {
      const Error& error = pdf.error();
      return refuse(skip_, document_, "read.pdf", error.remedy.empty() ? error.what : error.what + "; " + error.remedy);
    }
    document_.text = std::move(pdf->text);
    if (document_.title.empty()) document_.title = std::move(pdf->title);
    document_.encoding = "utf-8";
    document_.meta["pages"] = pdf->pages;
    return true;
  }

  bool take_office() {
    auto office = read_office(raw_.bytes, options_.limits, options_.format, document_.id);
    if (!office.ok()) {
      const Error& error = office.error();
      bool unread = error.code == ErrorCode::kUnsupported;
      std::string detail = error.remedy.empty() ? error.what : error.what + "; " + error.remedy;
      return refuse(skip_, document_, unread ? "read.unsupported" : "read.office", std::move(detail));
    }
    document_.text = std::move(office->text);
    if (document_.title.empty()) document_.title = std::move(office->title);
    hint_ = office->language;
    document_.encoding = "utf-8";
    for (PartProblem& problem : office->problems) {
      std::string part = problem.part.empty() ? document_.id : document_.id + "/" + problem.part;
      out_.missing.push_back({std::move(part), std::move(problem.rule), std::move(problem.detail), true});
    }
    return true;
  }

  bool take_mail() {
    auto mail = read_mail(raw_.bytes);
    if (!mail.ok()) return refuse(skip_, document_, "read.mail", mail.error().what);
    document_.title = std::move(mail->subject);
    document_.encoding = mail->parts[0].encoding;
    std::string text;
    for (MailPart& part : mail->parts) {
      document_.text = std::move(part.text);
      if (part.html) extract(true);
      if (document_.text.find_first_not_of(" \t\r\n") == std::string::npos) continue;
      (text += text.empty() ? "" : "\n\n") += document_.text;
    }
    document_.text = std::move(text);
    return true;
  }

  RawDocument raw_;
  const ConvertOptions& options_;
  Converted& out_;
  Document& document_;
  Skip& skip_;
  std::string hint_;
};

}  // namespace

bool convert_document(RawDocument raw, const ConvertOptions& options, Converted& out, Skip& skip) {
  return Converter(std::move(raw), options, out, skip).run();
}

std::string tidy_whitespace(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t empty = 0;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (line.empty()) {
      ++empty;
      continue;
    }
    if (!out.empty()) out.append(empty ? 2 : 1, '\n');
    empty = 0;
    out += line;
  }
  return out;
}

}  // namespace malmoi::data
