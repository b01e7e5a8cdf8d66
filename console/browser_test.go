package console_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

// A browser is one tab of a real Chromium with cookies of its own. It counts
// what a person has to do.
type browser struct {
	t   *testing.T
	ctx context.Context
	// What was done since the last reset: pages that were looked at, actions
	// without which the path does not go on, and texts that had to be written.
	pages, actions, texts int
	// check is whether each page is held to the accessibility rules.
	check bool
}

// chromium finds the browser. Where it is missing the test is skipped, unless the
// environment says that it must be there.
func chromium(t *testing.T) string {
	t.Helper()
	if os.Getenv("NO_BROWSER") != "" {
		t.Skip("NO_BROWSER is set: this test runs without the race detector, see ./scripts/test")
	}
	for _, name := range []string{os.Getenv("CHROME_BIN"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	if os.Getenv("REQUIRE_BROWSER") != "" {
		t.Fatal("no Chromium on the PATH; ./scripts/test installs it")
	}
	t.Skip("no Chromium on the PATH; ./scripts/test installs it")
	return ""
}

// program starts one Chromium for a test; each tab of it is a person.
func program(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.WindowSize(1366, 768),
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.Flag("lang", "nl-NL"), chromedp.Flag("disable-quic", true))
	all, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	first, end := chromedp.NewContext(all)
	t.Cleanup(end)
	if err := chromedp.Do(first, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return first
}

// open opens a tab with cookies of its own.
func open(t *testing.T, program context.Context) *browser {
	t.Helper()
	ctx, end := chromedp.NewContext(program, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	// The context of the first action is that of the tab: it must not end.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, check: true}
	b.do(chromedp.EmulateViewport(1366, 768))
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v, on %s:\n%s", err, b.path(), b.text())
	}
}

// quoted is a text as JavaScript has it.
func quoted(s string) string { return strconv.Quote(s) }

func js[T any](b *browser, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

func (b *browser) path() string { return js[string](b, "location.pathname") }
func (b *browser) text() string { return js[string](b, "document.body ? document.body.innerText : ''") }

// visit goes to an address, as somebody does who follows a link from elsewhere.
func (b *browser) visit(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
	b.looked()
}

// press presses a button or link by its selector and waits for the next page.
func (b *browser) press(selector string) {
	b.t.Helper()
	b.actions++
	js[bool](b, "window.before = true")
	b.do(chromedp.Click(selector, chromedp.NodeVisible))
	b.arrived()
}

// arrived waits until another page than the one before is there.
func (b *browser) arrived() {
	b.t.Helper()
	for range 400 {
		there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!window.before && document.readyState === 'complete'"))
		if err == nil && there {
			b.looked()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatalf("no other page came; still on %s:\n%s", b.path(), b.text())
}

// pick makes a choice: a radio button or a box.
func (b *browser) pick(selector string) {
	b.t.Helper()
	b.actions++
	b.do(chromedp.Click(selector, chromedp.NodeVisible))
}

// write writes a text that is required.
func (b *browser) write(selector, text string) {
	b.t.Helper()
	b.actions++
	b.texts++
	b.do(chromedp.SetValue(selector, text))
}

// choose chooses from a list.
func (b *browser) choose(selector, value string) {
	b.t.Helper()
	b.actions++
	b.do(chromedp.SetValue(selector, value))
}

// looked counts a page and holds it to the rules of accessibility.
func (b *browser) looked() {
	b.t.Helper()
	b.pages++
	if !b.check {
		return
	}
	js[int](b, axe+";0")
	raw := js[string](b, `axe.run(document, {runOnly: {type: "tag", values: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","EN-301-549","best-practice"]}})
		.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, impact: v.impact, nodes: v.nodes.map(n => n.html).slice(0, 3)}))))`)
	var found []struct {
		ID, Impact string
		Nodes      []string
	}
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		b.t.Fatal(err)
	}
	for _, f := range found {
		if f.Impact == "serious" || f.Impact == "critical" {
			b.t.Errorf("%s: %s (%s): %s", b.path(), f.ID, f.Impact, strings.Join(f.Nodes, "\n"))
		}
	}
}

// wants holds the page to a text.
func (b *browser) wants(text string) {
	b.t.Helper()
	for range 200 {
		if strings.Contains(b.text(), text) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatalf("%s does not say %q:\n%s", b.path(), text, b.text())
}

// sees holds the page to showing a field, or to not showing it.
func (b *browser) sees(selector string, want bool) {
	b.t.Helper()
	if got := js[bool](b, `document.querySelector(`+quoted(selector)+`).checkVisibility()`); got != want {
		b.t.Errorf("on %s %s shows: %t, want %t", b.path(), selector, got, want)
	}
}

// reset begins to count anew, on the page where it stands.
func (b *browser) reset() { b.pages, b.actions, b.texts = 1, 0, 0 }

// shot keeps a picture of the page, in the folder that SCREENSHOTS names.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		dir = filepath.Join(b.t.TempDir(), "screenshots")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if !bytes.HasPrefix(png, []byte("\x89PNG")) {
		b.t.Fatalf("the picture of %s is no PNG", name)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
