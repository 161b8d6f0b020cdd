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

# What Office wrote before 2007: these say what to do.
OLD_OFFICE: dict[str, Parser] = {
    ".doc": partial(refuse_ole, "DOCX"),
    ".xls": partial(refuse_ole, "XLSX"),
    ".ppt": partial(refuse_ole, "PPTX"),
}

PARSERS: dict[str, Parser] = {
    ".txt": parse_text,
    ".text": parse_text,
    ".md": parse_markdown,
    ".markdown": parse_markdown,
    ".html": parse_html,
    ".htm": parse_html,
    ".xhtml": parse_html,
    **dict.fromkeys((".mhtml", ".mht"), parse_mhtml),
    ".pdf": parse_pdf,
    ".docx": parse_docx,
    ".docm": parse_docx,
    ".pptx": parse_pptx,
    ".pptm": parse_pptx,
    ".xlsx": parse_xlsx,
    ".xlsm": parse_xlsx,
    ".csv": parse_csv,
    ".tsv": parse_csv,
    ".odt": parse_odt,
    ".odp": parse_odt,
    ".ods": parse_odt,
    ".rtf": parse_rtf,
    ".eml": parse_mail,
    ".mbox": parse_mbox,
    ".msg": parse_msg,
    ".epub": parse_epub,
    ".ipynb": parse_notebook,
    ".json": parse_json,
    ".jsonl": parse_json_lines,
    ".ndjson": parse_json_lines,
    ".xml": parse_xml_document,
    ".nxml": parse_xml_document,
    ".dbk": parse_xml_document,
    ".fb2": parse_xml_document,
    ".srt": parse_srt,
    ".vtt": parse_vtt,
    ".ics": parse_calendar,
    ".vcf": parse_cards,
    **dict.fromkeys((".yaml", ".yml"), parse_yaml),
    ".toml": parse_toml,
    **dict.fromkeys((".ini", ".cfg", ".conf", ".cnf", ".inf", ".properties", ".editorconfig"), parse_settings),
    **dict.fromkeys(CODE_SUFFIXES, parse_code),
    ".rst": parse_rst,
    ".org": parse_org,
    ".tex": parse_latex,
    ".wiki": parse_mediawiki,
    ".mediawiki": parse_mediawiki,
    ".typ": parse_typst,
    **{f".{section}": parse_man for section in range(1, 9)},
    **OLD_OFFICE,
    ".zip": parse_zip,
    ".tar": parse_tar,
    **dict.fromkeys((".gz", ".tgz", ".bz2", ".xz"), parse_packed),
}

# Suffixes that other texts have as well, such as a saved web page that is named .txt, or a log named .1.
UNSURE = frozenset((".txt", ".text", ".csv", ".tsv", ".mhtml", ".mht", *(f".{section}" for section in range(1, 9))))

# Files of files: each in them is a document of its own, and they are none.
ARCHIVES = (parse_zip, parse_tar, parse_packed)

# Formats that do not say which encoding they are in.
PLAIN = (
    parse_text,
    parse_markdown,
    parse_code,
    parse_csv,
    parse_rst,
    parse_org,
    parse_latex,
    parse_mediawiki,
    parse_typst,
    parse_srt,
    parse_calendar,
    parse_cards,
    parse_settings,
)
