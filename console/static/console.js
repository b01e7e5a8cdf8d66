// What a page does better with script. Without it every path works as well.

// The heading of a list of mistakes gets the focus.
document.querySelector("[data-focus]")?.focus();

// Parts of the page that show how things stand come anew when something changed.
// A document that XMLHttpRequest parses runs nothing and needs no policy of
// Trusted Types.
function renew(part) {
  const ask = new XMLHttpRequest();
  ask.open("GET", part.dataset.livePart);
  ask.setRequestHeader("Sluis-Live", "1");
  ask.responseType = "document";
  ask.onload = () => {
    const fresh = ask.status === 200 && ask.response?.getElementById(part.id);
    if (!fresh || fresh.isEqualNode(part)) return;
    // Not under somebody's fingers: when he has left the part, it is asked again.
    if (part.contains(document.activeElement)) {
      part.addEventListener("focusout", () => setTimeout(() => part.isConnected && renew(part), 200), { once: true });
      return;
    }
    part.replaceWith(document.importNode(fresh, true));
  };
  ask.send();
}

if (document.body.dataset.live && "EventSource" in window) {
  const source = new EventSource(document.body.dataset.live);
  source.addEventListener("changed", () => document.querySelectorAll("[data-live-part]").forEach(renew));
  source.addEventListener("ended", () => source.close());
}

// A form that says so is kept while somebody writes: when he pauses, and when he
// leaves the page.
for (const form of document.querySelectorAll("form[data-keep]")) {
  let timer, dirty = false;
  const keep = () => {
    if (!dirty) return;
    dirty = false;
    const body = new URLSearchParams(new FormData(form));
    body.set("actie", "stil");
    fetch(form.action, { method: "POST", body, keepalive: true, redirect: "manual" }).catch(() => { dirty = true; });
  };
  form.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(keep, 3000);
  });
  form.addEventListener("submit", () => { dirty = false; clearTimeout(timer); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keep(); });
}
