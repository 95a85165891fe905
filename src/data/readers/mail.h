// Mail: a message's subject and text, its MIME parts and encodings undone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::data {

struct MailPart {
  std::string text;  // UTF-8
  std::string encoding;
  bool html = false;
};

struct MailText {
  std::string subject;
  std::vector<MailPart> parts;  // in order; at least one. Of alternatives the plain one, else the HTML one
};

/// Reads one message (RFC 5322, MIME; base64 and quoted-printable; encoded words in the subject). Sender, recipients and
/// attachments are not kept. Errors: no text in it.
Result<MailText> read_mail(std::string_view message);

/// A header's text with its encoded words (RFC 2047) decoded; neighbouring ones of one charset together. `charset` is
/// what bytes outside of them are likely in. Time grows with the length.
std::string decode_header(std::string_view text, std::string_view charset);

/// The paragraphs of `format=flowed` (RFC 3676), each on one line: a line that ends with a space goes on in the next one of
/// the same depth of quotation. `delete_space`: that space was put there for the break alone (`delsp=yes`).
std::string join_flowed_lines(std::string_view text, bool delete_space);

/// The decoded bytes; characters outside the alphabet are passed over.
std::string decode_base64(std::string_view text);
std::string decode_quoted_printable(std::string_view text, bool in_header);

}  // namespace malmoi::data
