"""The page: one Gradio Blocks that holds every screen, one of them shown.

Comes in: the `Workspace`.  Goes out: `build_ui` for the server to mount, and the head that brings our own script and style.
The page holds ids only, in its address; whatever a screen shows is read from the workspace when it is opened.
"""

from __future__ import annotations

import hashlib
import html
from importlib.resources import files
from typing import TYPE_CHECKING

from assistant.settings import Settings
from assistant.ui import coach, interview, practise, progress, settings, sources, today
from assistant.ui.page import Page

if TYPE_CHECKING:
    import gradio

    from assistant.workspace import Workspace

TITLE = "Interview Assistant"


def build_ui(workspace: Workspace) -> gradio.Blocks:
    """The page, not yet mounted. Imports Gradio: call it in a thread."""
    import gradio

    demo: gradio.Blocks = gradio.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with demo:
        page = Page(workspace)
        for screen in (today, practise, interview, progress, sources, settings):
            screen.build(page)
        coach.build(page)
    return demo


def theme() -> gradio.themes.Base:
    """Gradio's own variables, set to ours; system fonts only."""
    import gradio

    fonts = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
    mono = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
    ours = {
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--muted)",
        "background_fill_primary": "var(--card)",
        "background_fill_secondary": "var(--paper)",
        "block_background_fill": "transparent",
        "block_border_color": "transparent",
        "block_label_text_color": "var(--muted)",
        "border_color_primary": "var(--line)",
        "border_color_accent": "var(--accent)",
        "input_background_fill": "var(--card)",
        "input_background_fill_focus": "var(--card)",
        "input_border_color": "var(--control)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--muted)",
        "link_text_color": "var(--accent)",
        "link_text_color_hover": "var(--accent)",
        "link_text_color_visited": "var(--accent)",
        "link_text_color_active": "var(--accent)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent)",
        "button_primary_border_color": "var(--accent)",
        "button_primary_text_color": "var(--on-accent)",
        "button_secondary_background_fill": "var(--card)",
        "button_secondary_background_fill_hover": "var(--accent-soft)",
        "button_secondary_border_color": "var(--control)",
        "button_secondary_text_color": "var(--ink)",
        "color_accent": "var(--accent)",
        "color_accent_soft": "var(--accent-soft)",
    }
    base = gradio.themes.Base(font=fonts, font_mono=mono)
    both = {**ours, **{f"{k}_dark": v for k, v in ours.items() if hasattr(base, f"{k}_dark")}}
    return base.set(**both, block_border_width="0px", block_shadow="none", block_padding="0px", block_radius="0px", layout_gap="0px")


def head(chosen: Settings) -> str:
    """What the page's head gets: our script and style by the hash of their content, and what the script must know."""
    told = {
        "patience": chosen.patience_scale,
        "answer-limit": chosen.answer_characters,
        "posting-limit": chosen.posting_characters,
        "file-limit": chosen.file_bytes,
    }
    tags = [f'<meta name="assistant-{k}" content="{html.escape(str(v))}">' for k, v in told.items()]
    tags += [f'<link rel="stylesheet" href="/ui/style.css?v={_version("style.css")}">']
    tags += ['<link rel="icon" href="/favicon.ico" type="image/svg+xml">']
    tags += [f'<script src="/ui/page.js?v={_version("page.js")}" defer></script>']
    return "\n".join(tags)


def _version(name: str) -> str:
    return hashlib.sha256(files(__name__).joinpath(name).read_bytes()).hexdigest()[:12]
