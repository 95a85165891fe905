#!/usr/bin/env python3
"""Makes the small files, one of each kind, that the readers' tests open. Run in this folder; needs zstd."""
import base64, bz2, gzip, io, lzma, os, subprocess, tarfile, zipfile

KO = "말모이는 우리말을 모은다는 뜻이다. 사전을 만드는 사람들은 낱말을 하나하나 모았다."
EN = "Gathered words make a dictionary, and a dictionary makes a language visible."
STAMP = (2024, 3, 2, 0, 0, 0)


def put(name, data):
    with open(name, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def zipped(entries, stored=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in entries:
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            z.writestr(info, data)
    return out.getvalue()


def tarred(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


text = (KO + "\n" + EN + "\n").encode()
put("plain.txt", text)
put("plain.txt.gz", gzip.compress(text, mtime=0))
put("plain.txt.bz2", bz2.compress(text))
put("plain.txt.xz", lzma.compress(text))
put("plain.txt.zst", subprocess.run(["zstd", "-q", "-c"], input=text, stdout=subprocess.PIPE, check=True).stdout)
html = f"<html lang=ko><head><title>낱말 | 사이트</title></head><body><nav><a href=/>처음</a></nav><main><h1>낱말</h1><p>{KO}</p></main></body></html>".encode()
put("docs.zip", zipped([("a/plain.txt", text), ("a/page.html", html), ("a/picture.png", b"\x89PNG\r\n"), ("inner.zip", zipped([("deep.txt", text)]))]))
put("docs.tar", tarred([("plain.txt", text), ("lines.jsonl", b'{"text": "one of a tar"}\n')]))
put("docs.tar.gz", gzip.compress(tarred([("plain.txt", text)]), mtime=0))
put("bomb.zip", zipped([("zeros.txt", b"0" * (100 << 20))]))
put("cut.txt.gz", gzip.compress(os.urandom(0) + text * 50, mtime=0)[:60])
put("damaged.zip", zipped([("a.txt", text * 20)])[:120])
put("page.md", f"---\ntitle: x\n---\n# 말모이\n\n{KO}\n")

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
document = f"""<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{W}"><w:body>
<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>말모이</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">{KO} </w:t></w:r><w:r><w:t>끝.</w:t></w:r><w:del><w:r><w:delText>지운 글</w:delText></w:r></w:del></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>first item</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>inner item</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>낱말</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>뜻</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:p><w:r><w:t>나무</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>tree</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>"""
styles = f'<w:styles xmlns:w="{W}"><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style></w:styles>'
put("sample.docx", zipped([("[Content_Types].xml", "<Types/>"), ("word/document.xml", document), ("word/styles.xml", styles)]))

odt = f"""<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:o" xmlns:text="urn:t" xmlns:table="urn:tb"><office:body><office:text>
<text:h text:outline-level="1">말모이</text:h><text:p>{KO}<text:note><text:note-body><text:p>각주</text:p></text:note-body></text:note></text:p>
<text:list><text:list-item><text:p>first<text:s text:c="2"/>item</text:p></text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>낱말</text:p></table:table-cell><table:table-cell><text:p>뜻</text:p></table:table-cell></table:table-row></table:table>
</office:text></office:body></office:document-content>"""
put("sample.odt", zipped([("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", odt)], stored=("mimetype",)))

container = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
opf = """<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>말모이 이야기</dc:title><dc:language>ko</dc:language></metadata>
<manifest><item id="n" href="nav.xhtml" properties="nav"/><item id="b" href="two.xhtml"/><item id="a" href="text/one%20.xhtml"/></manifest>
<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
chapter = "<html><head><title>t</title></head><body><h1>{}</h1><p>{}</p></body></html>"
put("sample.epub", zipped([("mimetype", "application/epub+zip"), ("META-INF/container.xml", container), ("OEBPS/book.opf", opf),
                           ("OEBPS/nav.xhtml", chapter.format("차례", "1 2")), ("OEBPS/text/one .xhtml", chapter.format("첫째 장", KO)),
                           ("OEBPS/two.xhtml", chapter.format("둘째 장", EN))], stored=("mimetype",)))

put("table.csv", f'id,title,text\r\n1,"제목, 하나","{KO}\n두 번째 줄에 ""따옴표""가 있다."\r\n2,둘,{EN.replace(",", "")}\r\n3\r\n')
put("table_cp949.csv", f"번호,본문\n1,{KO}\n".encode("cp949"))
put("table.tsv", f'id\tcontent\n1\t{KO}\n2\t"{EN}"\n')
put("lines.jsonl", '{"text": "첫째 줄", "url": "https://example.com/1", "score": 0.5}\n\nnot json\n{"id": 3}\n{"messages": [{"role": "user", "content": "안녕?"}, {"role": "assistant", "content": "반가워요."}]}\n')
put("records.json", '{"version": 1, "data": [{"content": "하나", "title": "t"}, {"content": "둘"}]}')

put("wiki.xml", f"""<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" xml:lang="ko">
<page><title>말모이</title><ns>0</ns><id>7</id><revision><id>1</id><text xml:space="preserve">{{{{정보|이름=말모이|{{{{안쪽}}}}}}}}
'''말모이'''는 [[주시경]]이 만들던 [[사전|국어 사전]]이다.&lt;ref&gt;출처&lt;/ref&gt; &lt;!-- 주석 --&gt;[https://example.com 바깥 글]도 있다.

== 역사 ==
* 1911년에 시작했다.
** 안쪽 항목
{{| class="wikitable"
| 표
|}}
== 같이 보기 ==
[[분류:사전]] [[파일:a.png|섬네일|[[설명]]]]
</text></revision></page>
<page><title>넘김</title><ns>0</ns><id>8</id><redirect title="말모이"/><revision><text>#넘겨주기 [[말모이]]</text></revision></page>
<page><title>토론:말모이</title><ns>1</ns><id>9</id><revision><text>토론</text></revision></page>
</mediawiki>""")


def warc(kind, uri, content_type, block):
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Date: 2024-03-02T00:00:00Z\r\nContent-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


cp949 = f"<html><head><title>옛 글</title></head><body><p>{KO}</p></body></html>".encode("cp949")
responses = [
    warc("warcinfo", "x", "application/warc-fields", b"software: none\r\n"),
    warc("response", "https://example.com/a", "application/http; msgtype=response", b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=euc-kr\r\n\r\n" + cp949),
    warc("response", "https://example.com/b", "application/http; msgtype=response", b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\ngone"),
    warc("response", "https://example.com/c", "application/http; msgtype=response",
         b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" +
         (lambda z: f"{len(z):x}\r\n".encode() + z + b"\r\n0\r\n\r\n")(gzip.compress(EN.encode(), mtime=0))),
]
put("pages.warc.gz", b"".join(gzip.compress(r, mtime=0) for r in responses))
put("pages.wet", warc("conversion", "https://example.com/a", "text/plain", KO.encode()))

mail = f"""From: a@example.com
To: b@example.com
Subject: =?utf-8?B?{base64.b64encode('말모이 소식'.encode()).decode()}?= =?utf-8?Q?=EC=9D=B4?=
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b1"

--b1
Content-Type: text/html; charset=utf-8

<p>HTML</p>
--b1
Content-Type: text/plain; charset=euc-kr
Content-Transfer-Encoding: base64

{base64.b64encode(KO.encode("cp949")).decode()}
--b1--
"""
put("letter.eml", mail)
put("box.mbox", "From a@example.com Sat Mar  2 00:00:00 2024\n" + mail + "\nFrom b@example.com Sat Mar  2 00:00:00 2024\nSubject: plain\n\nHello there,\n>From the start it was plain text.\n")
put("feed.rss", f"""<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>소식</title>
<item><title>하나</title><link>https://example.com/1</link><description>짧은 글</description><content:encoded><![CDATA[<p>{KO}</p>]]></content:encoded></item>
<item><title>둘</title><description>&lt;p&gt;{EN}&lt;/p&gt;</description></item></channel></rss>""")
put("feed.atom", f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>소식</title><entry><title>하나</title><link href="https://example.com/1"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>{KO}</p></div></content></entry></feed>""")
put("table.parquet", b"PAR1" + bytes(64) + b"PAR1")

os.makedirs("tree/deep", exist_ok=True)
put("tree/LICENSE", "MIT License\n\nCopyright (c) 2024 Nobody\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\nof this software ...\n")
put("tree/deep/hello.py", '"""Says hello."""\nprint("안녕")\n')
put("tree/tagged.c", "// SPDX-License-Identifier: GPL-2.0-or-later\nint main(void) { return 0; }\n")

lines = ["Gathered words make a dictionary, and a dictio-", "nary makes a language visible to everyone who", "looks for it.", "", "A second paragraph stands here."]
stream = "BT /F1 12 Tf 14 TL 72 720 Td " + " ".join(f"({l}) Tj T*" for l in lines) + " ET"
objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
           "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
           f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", "<< /Title (Gathered words) >>"]
pdf, offsets = "%PDF-1.4\n", []
for i, o in enumerate(objects):
    offsets.append(len(pdf))
    pdf += f"{i + 1} 0 obj\n{o}\nendobj\n"
start = len(pdf)
pdf += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{o:010} 00000 n \n" for o in offsets)
pdf += f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{start}\n%%EOF\n"
put("sample.pdf", pdf)
put("broken.pdf", pdf[:200])
