/* The look of a report. Own file, because it is another language. */
#pragma once

static const char report_style[] =
  ":root{color-scheme:light dark;--page:#fafafa;--card:#fff;--ink:#1d1d20;--dim:#5e5c64;--line:#dcdce0;--accent:#1a5fb4;--warn:#9c4100}"
  "@media(prefers-color-scheme:dark){:root{--page:#1d1d20;--card:#28282c;--ink:#f2f2f2;--dim:#b0afb6;--line:#43434a;--accent:#78aeed;--warn:#ffbe6f}}"
  "*{box-sizing:border-box}"
  "body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI','Cantarell','Noto Sans',sans-serif}"
  "main{max-width:1040px;margin:0 auto;padding:32px 20px 64px}"
  "h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:18px;margin:36px 0 10px}"
  ".dim{color:var(--dim)}.warn{color:var(--warn)}p{margin:6px 0}"
  ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:22px 0 0}"
  ".tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}"
  ".tile b{display:block;font-size:22px;font-weight:600;font-variant-numeric:tabular-nums}.tile span{color:var(--dim);font-size:13px}"
  ".scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}"
  "table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}"
  "p+.scroll,.scroll+p,.scroll+details{margin-top:8px}th,td{padding:5px 12px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}"
  "tr:last-child td,tr:last-child th{border-bottom:0}thead th{color:var(--dim);font-weight:600;white-space:nowrap}"
  "tbody th{font-weight:500;color:var(--dim);white-space:nowrap}.n{text-align:right;white-space:nowrap}"
  "td{overflow-wrap:break-word}td.keep{white-space:nowrap}"
  "figure{margin:14px 0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px}"
  "figcaption{font-size:13.5px;color:var(--dim);margin-bottom:4px}svg{display:block;width:100%;height:auto}"
  "svg text{fill:var(--dim);font:11.5px system-ui,'Noto Sans',sans-serif}.end{text-anchor:end}.middle{text-anchor:middle}"
  ".grid{stroke:var(--line);stroke-width:1}.line{fill:none;stroke:var(--accent);stroke-width:1.5;opacity:.75}.point{fill:var(--accent)}"
  ".none{fill:var(--line)}"
  "pre{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;font-size:13px;white-space:pre-wrap;overflow-wrap:anywhere;margin:8px 0}"
  "code{font-family:'Source Code Pro','Noto Sans Mono',monospace;font-size:12.5px}summary{cursor:pointer;color:var(--dim)}"
  "@media print{body{background:#fff}.scroll,figure,.tile{break-inside:avoid}}";
