/** One style sheet, inline: its hash stands in the content security policy. Colours hold 4.5:1 in both schemes. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#4a5560;--paper:#ffffff;--panel:#f3f5f7;--line:#76808a;--link:#0b57a4;--accent:#0b57a4;--on:#ffffff}
@media (prefers-color-scheme:dark){:root{--ink:#e9edf1;--soft:#b4bec8;--paper:#14181c;--panel:#1f252b;--line:#8793a0;--link:#8ec5ff;--accent:#8ec5ff;--on:#10151a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1.0625rem/1.6 system-ui,sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:42rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0}
h2{font-size:1.2rem;line-height:1.3;margin:2rem 0 .5rem}
p,ul,ol,dl{margin:.5rem 0}
li{margin:.5rem 0}
a{color:var(--link)}
.soft{color:var(--soft)}
.languages{list-style:none;padding:0}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:1rem 0}
dl{display:grid;grid-template-columns:1fr;gap:.25rem 1rem}
dt{color:var(--soft)}
dd{margin:0 0 .5rem}
@media (min-width:32rem){dl{grid-template-columns:1fr 1fr}dd{margin:0}}
label{display:block;font-weight:600}
input{font:inherit;width:100%;padding:.6rem;border:2px solid var(--line);border-radius:.375rem;background:var(--paper);color:var(--ink)}
button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.25rem;margin:.75rem 0;border:2px solid var(--accent);border-radius:.375rem;background:var(--accent);color:var(--on);cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
code{font-family:ui-monospace,monospace;font-size:.95em}
pre{white-space:pre-wrap;background:var(--paper);border:1px solid var(--line);border-radius:.375rem;padding:.75rem;margin:.5rem 0}
summary{cursor:pointer;min-height:1.5rem;font-weight:600}
@media print{button,form,.noprint{display:none}details>*{display:block}}
`.trim();

/**
 * Puts the code from the address's fragment into the form, and into the links to other languages; without scripts the
 * person pastes it.
 */
export const SCRIPT =
  "var c=location.hash.slice(1),f=document.getElementById('code');if(f&&/^[0-9a-f]{32}$/.test(c)){f.value=c;document.querySelectorAll('a[hreflang]').forEach(function(a){a.hash=c})}";
