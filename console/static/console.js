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

// The code of an invitation stands behind the # of its link, where no log of
// anything in between sees it.
const invited = document.querySelector("[data-fragment]");
if (invited && location.hash.length > 1) {
  invited.elements[invited.dataset.fragment].value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  invited.submit();
}

// Passkeys (WebAuthn Level 3, §5.1): the one thing that cannot be without script,
// so it shows only with it. There is a password beside it.
async function ask(path, body) {
  const answer = await fetch("/aanmelden/toegangssleutel/" + path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const got = await answer.json();
  if (!answer.ok) throw { said: `${got.title}. ${got.detail}` };
  return got;
}

async function signIn() {
  const { publicKey } = await ask("opties", {});
  const credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  await ask("bewijs", credential.toJSON());
}

async function addPasskey(section) {
  const { publicKey } = await ask("nieuw/opties", { uitnodiging: section.dataset.invitation });
  const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  await ask("nieuw/bewijs", { naam: section.querySelector("input").value, sleutel: credential.toJSON() });
}

for (const section of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) continue;
  section.hidden = false;
  const button = section.querySelector("button"), alert = section.querySelector("[role=alert]");
  button.addEventListener("click", async () => {
    alert.textContent = "";
    button.disabled = true;
    try {
      await (section.dataset.passkey === "bewijs" ? signIn() : addPasskey(section));
      location.assign(section.dataset.to);
    } catch (failed) {
      alert.textContent = failed?.said ?? section.dataset.failed;
      button.disabled = false;
    }
  });
}
