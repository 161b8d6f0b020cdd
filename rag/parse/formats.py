"""Which parser reads which kind of file; a kind is the suffix that such files have."""

from __future__ import annotations

from functools import partial

from rag.parse.archive import refuse_ole
from rag.parse.captions import parse_srt, parse_vtt
from rag.parse.cards import parse_calendar, parse_cards
from rag.parse.code import CODE_SUFFIXES, parse_code
from rag.parse.config import parse_settings, parse_toml, parse_yaml
from rag.parse.delimited import parse_csv
from rag.parse.docx import parse_docx
from rag.parse.epub import parse_epub
from rag.parse.html import parse_html
from rag.parse.jsontext import parse_json, parse_json_lines
from rag.parse.mail import parse_mail
from rag.parse.markdown import parse_markdown
from rag.parse.markup_languages import (
    parse_latex,
    parse_man,
    parse_mediawiki,
    parse_org,
    parse_rst,
    parse_typst,
    parse_xml_document,
)
from rag.parse.mbox import parse_mbox
from rag.parse.mhtml import parse_mhtml
from rag.parse.msg import parse_msg
from rag.parse.notebook import parse_notebook
from rag.parse.odt import parse_odt
from rag.parse.packed import parse_packed, parse_tar, parse_zip
from rag.parse.parsed import Parser
from rag.parse.pdf import parse_pdf
from rag.parse.pptx import parse_pptx
from rag.parse.rtf import parse_rtf
from rag.parse.text import parse_text
from rag.parse.xlsx import parse_xlsx

# Formats that do not say which encoding they are in.
_PLAIN: tuple[tuple[Parser, str], ...] = (
    (parse_text, "txt text"),
    (parse_markdown, "md markdown"),
    (parse_code, CODE_SUFFIXES),
    (parse_csv, "csv tsv"),
    (parse_rst, "rst"),
    (parse_org, "org"),
    (parse_latex, "tex"),
    (parse_mediawiki, "wiki mediawiki"),
    (parse_typst, "typ"),
    (parse_srt, "srt"),
    (parse_calendar, "ics"),
    (parse_cards, "vcf"),
    (parse_settings, "ini cfg conf cnf inf properties editorconfig"),
)
_OTHERS: tuple[tuple[Parser, str], ...] = (
    (parse_html, "html htm xhtml"),
    (parse_mhtml, "mhtml mht"),
    (parse_pdf, "pdf"),
    (parse_docx, "docx docm"),
    (parse_pptx, "pptx pptm"),
    (parse_xlsx, "xlsx xlsm"),
    (parse_odt, "odt odp ods"),
    (parse_rtf, "rtf"),
    (parse_mail, "eml"),
    (parse_mbox, "mbox"),
    (parse_msg, "msg"),
    (parse_epub, "epub"),
    (parse_notebook, "ipynb"),
    (parse_json, "json"),
    (parse_json_lines, "jsonl ndjson"),
    (parse_xml_document, "xml nxml dbk fb2"),
    (parse_vtt, "vtt"),
    (parse_yaml, "yaml yml"),
    (parse_toml, "toml"),
    (parse_man, "1 2 3 4 5 6 7 8"),
    (partial(refuse_ole, "DOCX"), "doc"),
    (partial(refuse_ole, "XLSX"), "xls"),
    (partial(refuse_ole, "PPTX"), "ppt"),
    (parse_zip, "zip"),
    (parse_tar, "tar"),
    (parse_packed, "gz tgz bz2 xz"),
)

PARSERS = {f".{suffix}": parser for parser, suffixes in (*_PLAIN, *_OTHERS) for suffix in suffixes.split()}
PLAIN = frozenset(parser for parser, _ in _PLAIN)

# Files of files: each in them is a document of its own, and they are none.
ARCHIVES = frozenset((parse_zip, parse_tar, parse_packed))

# What Office wrote before 2007: their parsers say what to do.
OLD_OFFICE = frozenset((".doc", ".xls", ".ppt"))

# Suffixes that other texts have as well, such as a saved web page that is named .txt, or a log named .1.
UNSURE = frozenset(f".{suffix}" for suffix in "txt text csv tsv mhtml mht 1 2 3 4 5 6 7 8".split())
