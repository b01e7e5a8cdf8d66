package console_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sluis/api"
	"sluis/exchange"
)

// tabTo goes with the keyboard to what a selector names, and holds each place on
// the way to showing that it has the focus (WCAG 2.4.7).
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	for range 80 {
		b.do(chromedp.KeyEvent(kb.Tab))
		at := js[string](b, `(() => {
			const e = document.activeElement, s = getComputedStyle(e);
			if (e === document.body) return "body";
			if (s.outlineStyle === "none" && s.boxShadow === "none") return "unseen: " + e.outerHTML.slice(0, 200);
			return e.matches(`+quoted(selector)+`) ? "here" : "";
		})()`)
		switch at {
		case "here":
			return
		case "", "body":
		default:
			b.t.Errorf("on %s the focus is %s", b.path(), at)
		}
	}
	b.t.Fatalf("the keyboard never comes to %s on %s:\n%s", selector, b.path(), b.text())
}

// typed presses keys, and waits for the next page where they lead to one.
func (b *browser) typed(keys string, leaves bool) {
	b.t.Helper()
	if leaves {
		js[bool](b, "window.before = true")
	}
	b.do(chromedp.KeyEvent(keys))
	if leaves {
		b.arrived()
	}
}

// radio chooses one of several with the keyboard.
func (b *browser) radio(selector string) {
	b.t.Helper()
	b.tabTo(`[name=` + quoted(js[string](b, `document.querySelector(`+quoted(selector)+`).name`)) + `]`)
	b.typed(" ", false)
	for range 10 {
		if js[bool](b, `document.querySelector(`+quoted(selector)+`).checked`) {
			return
		}
		b.typed(kb.ArrowDown, false)
	}
	b.t.Fatalf("the keyboard does not choose %s", selector)
}

// A decision, from the inbox to what was sent, without a mouse (WCAG 2.1.1).
func TestKeyboardOnly(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help",
		api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om het plan op het traject af te stemmen"},
		api.AskedItem{Code: "debt-total", Depth: "inhoud", Why: "om te zien of er ruimte is"})
	b := open(t, program(t))
	b.visit(w.door("debt-help", "r.hoek", exchange.Professional))
	b.tabTo(`a[href="/werkbak/` + id + `"]`)
	b.typed(kb.Enter, true)
	b.tabTo(`.sluis-buttons a`)
	b.typed(kb.Enter, true)
	b.tabTo(`button[value="controle"]`)
	b.typed(kb.Enter, true)
	// The list of mistakes has the focus, and its links lead to the fields.
	if !js[bool](b, `document.activeElement.matches(".sluis-errors")`) {
		t.Error("the list of mistakes has not the focus")
	}
	b.radio("#b-debt-help-running-process")
	b.tabTo(`[name="waarde.debt-help-running"]`)
	b.typed("traject sinds mei", false)
	b.radio("#b-debt-total-nee")
	b.tabTo(`[name="grond.debt-total"]`)
	b.typed(kb.ArrowDown, false)
	b.tabTo(`button[value="controle"]`)
	b.typed(kb.Enter, true)
	b.wants("traject sinds mei")
	b.tabTo(`form button.utrecht-button--primary-action`)
	b.typed(kb.Enter, true)
	b.wants("Je besluit is vastgelegd")
	w.answered(id, api.Answered)
}

// Two people have the same request before them; the second learns that it is
// decided, and nothing is sent twice.
func TestTwoBrowsersOneRequest(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "youth-care")
	id := w.asks("youth-care", api.AskedItem{Code: "youth-help-running", Depth: "dat", Why: "om geen dubbele hulp te starten"})
	p := program(t)
	first, second := open(t, p), open(t, p)
	first.check, second.check = false, false
	refuse := func(b *browser, staff string) {
		t.Helper()
		b.visit(w.door("youth-care", staff, exchange.Professional))
		b.visit(w.base("youth-care") + "/werkbak/" + id + "/besluit")
		b.pick("#b-youth-help-running-nee")
		b.do(chromedp.SetValue(`[name="grond.youth-help-running"]`, js[string](b, `document.querySelector('[name="grond.youth-help-running"] option:nth-child(2)').value`)))
		b.press(`button[value="controle"]`)
	}
	refuse(first, "l.terbeek")
	refuse(second, "k.duin")
	first.press(`form button.utrecht-button--primary-action`)
	first.wants("Je besluit is vastgelegd")
	second.press(`form button.utrecht-button--primary-action`)
	second.wants("Op dit verzoek is al beslist")
	w.answered(id, api.Refused)
}

// Every page of a request holds on a phone (320 px, WCAG 1.4.10), at 200% of a
// laptop (1.4.4), and in the dark (1.4.3, also of what is drawn).
func TestPagesFit(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	id := w.asks("debt-help", api.AskedItem{Code: "debt-help-running", Depth: "proces", Why: "om het plan op het traject af te stemmen"},
		api.AskedItem{Code: "debt-total", Depth: "inhoud", Why: "om te zien of er ruimte is"})
	p := program(t)
	decider, asker := open(t, p), open(t, p)
	decider.visit(w.door("debt-help", "r.hoek", exchange.Professional))
	asker.visit(w.door("municipality", "i.dewit", exchange.Requester))
	places := func(b *browser, party string, paths ...string) {
		t.Helper()
		for _, path := range paths {
			for _, view := range []struct {
				name        string
				wide, scale int64
				scheme      string
			}{{"320", 320, 1, "light"}, {"zoom", 683, 2, "light"}, {"dark", 1366, 1, "dark"}} {
				b.do(chromedp.EmulateViewport(view.wide, 768, chromedp.EmulateScale(float64(view.scale))))
				b.scheme(view.scheme)
				b.visit(w.base(party) + path)
				if wide := js[int64](b, "document.documentElement.scrollWidth"); wide > view.wide {
					t.Errorf("%s is %d px wide on %d: %s", path, wide, view.wide, js[string](b, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".sluis-figure__scroll")).map(e => e.outerHTML.slice(0, 120)).slice(0, 3).join("\n")`))
				}
				if faint := js[string](b, faintDrawing); faint != "" {
					t.Errorf("%s, %s: %s", path, view.name, faint)
				}
			}
		}
		b.scheme("light")
		b.do(chromedp.EmulateViewport(1366, 768))
	}
	places(decider, "debt-help", "/werkbak", "/werkbak/"+id, "/werkbak/"+id+"/besluit", "/account")
	decider.visit(w.base("debt-help") + "/werkbak/" + id + "/besluit")
	decider.pick("#b-debt-help-running-process")
	decider.write(`[name="waarde.debt-help-running"]`, "traject sinds mei, tot april")
	decider.pick("#b-debt-total-nee")
	decider.choose(`[name="grond.debt-total"]`, "less-serves")
	decider.press(`button[value="controle"]`)
	places(decider, "debt-help", "/werkbak/"+id+"/controle")
	decider.visit(w.base("debt-help") + "/werkbak/" + id + "/controle")
	decider.press(`form button.utrecht-button--primary-action`)
	w.answered(id, api.Answered)
	r, err := w.client("municipality").Request(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	places(asker, "municipality", "/casussen", "/casussen/nieuw", "/casussen/"+r.Case, "/casussen/"+r.Case+"/vragen", "/casussen/"+r.Case+"/brief", "/verzoeken/"+id)
	officer, keeper := open(t, p), open(t, p)
	officer.visit(w.door("debt-help", "d.berg", exchange.PrivacyOfficer))
	places(officer, "debt-help", "/privacy", "/privacy/"+id)
	keeper.visit(w.door("municipality", "b.keers", exchange.Administrator))
	places(keeper, "municipality", "/beheer", "/medewerkers")
}

func (b *browser) scheme(name string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}); err != nil {
		b.t.Fatal(err)
	}
}

// faintDrawing names a text in a drawing that stands out too little against what
// is behind it (4.5 to 1), which axe does not look at.
const faintDrawing = `(() => {
	const light = (c) => {
		const p = c.match(/[\d.]+/g).slice(0, 3).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
		return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
	};
	const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (c !== "rgba(0, 0, 0, 0)") return c; } return "rgb(255, 255, 255)"; };
	for (const text of document.querySelectorAll("svg text")) {
		const a = light(getComputedStyle(text).fill), b = light(behind(text.closest("svg")));
		if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) return text.textContent + " in " + getComputedStyle(text).fill + " on " + behind(text.closest("svg"));
	}
	return "";
})()`
